"""What the doctor finds, and the contract that it prints."""

import json
from pathlib import Path

import pytest

from agent import contract, doctor
from agent.needs import held
from agent.source import Read, Run
from agent.sources import sources
from tests.build.given import Given
from tests.build.hanging import Lonely
from tests.build.upstream import Reply
from tests.build.upstream import Upstream as Listener
from vigie import catalogue
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings, Upstream

SOURCES = sources(AgentSettings())


class Source(Given):
    """A source that raises, or reads."""

    reads: tuple[Read, ...] = (Read("/proc/loadavg", "load"),)

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__("host")
        self.error = error

    def open(self) -> None:
        if self.error:
            raise self.error


def settings(tmp_path: Path, url: str = "http://127.0.0.1:9") -> AgentSettings:
    return AgentSettings(data=tmp_path, upstreams=(Upstream(url),))


def enrolled(tmp_path: Path, url: str) -> AgentSettings:
    (tmp_path / "agent").mkdir()
    told = {"url": url, "token": "t", "container": "lyon/c1"}
    (tmp_path / "agent" / "credential").write_text(json.dumps(told))
    return settings(tmp_path, url)


@pytest.mark.parametrize(
    ("error", "status", "fine"),
    [
        (None, "ok", True),
        (Absent("no such thing"), "absent", True),
        (SourceFailed("denied", "/dev/x: permission denied"), "failed", False),
    ],
)
def test_a_source_is_as_it_reads(
    tmp_path: Path, error: Exception | None, status: str, fine: bool
) -> None:
    [found] = doctor.sources(settings(tmp_path), [Source(error)])
    assert (found.subject, found.status, found.fine) == ("host", status, fine)
    assert str(error or "") in found.missing


def test_a_file_that_is_missing_comes_with_the_command_that_grants_it(tmp_path: Path) -> None:
    source = Source(SourceFailed("denied", "no right"))
    source.reads = (Read("/no/such/file", "why", right="root", grant="sudo modprobe it"),)
    source.runs = (Run("no-such-tool", "-a", "disks", grant="sudo apt install it"),)
    first, file, tool = doctor.sources(settings(tmp_path), [source])
    assert (first.status, first.missing) == ("failed", "denied: no right")
    assert (file.subject, file.missing) == ("host", "/no/such/file (why; right: root)")
    assert file.remedy == "sudo modprobe it"
    assert tool.missing == "program no-such-tool (disks)"
    assert tool.remedy == "sudo apt install it"
    assert not any(found.fine for found in (first, file, tool))


def test_what_would_help_a_source_that_has_nothing_to_read_is_no_fault(tmp_path: Path) -> None:
    source = Source(Absent("no such chip"))
    source.reads = (Read("/no/such/file", "the chip", grant="sudo modprobe it", optional=True),)
    first, file = doctor.sources(settings(tmp_path), [source])
    assert (first.status, file.status, file.remedy) == ("absent", "would need", "sudo modprobe it")
    assert first.fine
    assert file.fine


def test_a_source_that_lives_apart_is_examined_there(tmp_path: Path) -> None:
    lonely = Lonely("die")
    lonely.reads = ()
    [found] = doctor.sources(settings(tmp_path), [lonely])
    assert (found.status, found.fine) == ("failed", False)
    assert "signal 11" in found.missing


def test_a_source_that_is_off_is_not_opened(tmp_path: Path) -> None:
    told = AgentSettings(data=tmp_path, off=("host",))
    [found] = doctor.sources(told, [Source(SourceFailed("x", "opened"))])
    assert (found.status, found.fine, found.missing) == ("off", True, "")


@pytest.mark.skipif(held("CAP_DAC_READ_SEARCH"), reason="this user reads everything")
def test_a_serial_number_that_may_not_be_read_comes_with_its_grant(tmp_path: Path) -> None:
    assert doctor.inventory(tmp_path) == []  # no firmware tells one
    serial = tmp_path / "sys/class/dmi/id/product_serial"
    serial.parent.mkdir(parents=True)
    serial.touch(mode=0)
    [found] = doctor.inventory(tmp_path)
    assert (found.subject, found.fine, "rapl.conf" in found.remedy) == ("device", True, True)


def test_an_upstream_that_is_not_there(tmp_path: Path) -> None:
    [found] = doctor.upstreams(settings(tmp_path))
    assert (found.status, found.fine) == ("unreachable", False)


@pytest.mark.parametrize(
    ("status", "fine", "words"),
    [
        (200, True, "writes lyon/c1"),
        (403, True, "writes lyon/c1"),
        (401, False, "credential refused"),
        (503, False, "answers 503"),
    ],
)
def test_an_upstream_knows_the_credential_or_not(
    tmp_path: Path, status: int, fine: bool, words: str
) -> None:
    with Listener(lambda _: Reply(status)) as listener:
        found = doctor.upstreams(enrolled(tmp_path, listener.url))
    assert (found[0].fine, words in found[0].status) == (fine, True)
    assert listener.requests[0].headers["Authorization"] == "Bearer t"
    assert found[1].subject == "clock"


def test_an_agent_that_was_never_enrolled_is_told_how(tmp_path: Path) -> None:
    with Listener(lambda _: Reply(401)) as listener:
        found = doctor.upstreams(settings(tmp_path, listener.url))
    assert found[0].status == "not enrolled"
    assert "vigie enroll" in found[0].remedy


@pytest.mark.parametrize(("now", "fine"), [(1_700_000_001.0, True), (1_700_000_060.0, False)])
def test_a_wrong_clock_is_a_finding(now: float, fine: bool) -> None:
    found = doctor._of_clock("Tue, 14 Nov 2023 22:13:20 GMT", now)
    assert found.fine is fine


def test_a_spool_without_room_is_a_finding(tmp_path: Path) -> None:
    assert doctor.spool(AgentSettings(data=tmp_path)).fine
    found = doctor.spool(AgentSettings(data=tmp_path, spool_bytes=2**62))
    assert (found.fine, found.missing) == (False, "room on the disk")


def agreed(tmp_path: Path) -> contract.Contract:
    periods = {s.name: 1.0 for s in SOURCES} | {"source": 1.0}
    return contract.contract(settings(tmp_path), SOURCES, periods)


def test_the_contract_names_every_file_and_every_field(tmp_path: Path) -> None:
    page = contract.as_text(agreed(tmp_path))
    for source in SOURCES:
        for read in source.reads:
            assert read.path in page
        for measurement in source.measurements:
            for field in measurement.fields:
                assert field.full_name in page
    for field in (*catalogue.Source.fields, *catalogue.Device.fields):
        assert (field.full_name in page) is (field.origin == "agent")
    assert "http://127.0.0.1:9" in page
    assert "127.0.0.1:8053" in page


def test_the_contract_names_every_program_and_the_right_that_it_takes(tmp_path: Path) -> None:
    lonely = Lonely()
    lonely.runs = (Run("smartctl", "--json -x DISK", "health", right="CAP_SYS_RAWIO"),)
    page = contract.as_text(
        contract.contract(settings(tmp_path), [lonely], {"lonely": 1.0, "source": 1.0})
    )
    assert "smartctl --json -x DISK: health; right: CAP_SYS_RAWIO" in page
    # What lives in a process of its own is the agent's own program, and said so.
    assert "python agent/child.py: the agent's own" in page


def test_what_the_contract_says_is_never_done_is_not_done(tmp_path: Path) -> None:
    told = agreed(tmp_path)
    assert "starts no program but those listed, and loads no kernel module" in told.never
    paths = [read.path for clause in told.clauses for read in clause.reads]
    assert not [p for p in paths if p.endswith(("/cmdline", "/environ", "/mem", "/maps"))]
    assert not [p for p in paths if p.startswith(("/home", "/root"))]


def test_the_contract_for_machines_says_the_same(tmp_path: Path) -> None:
    told = json.loads(json.dumps(contract.as_json(agreed(tmp_path))))
    assert [c["source"] for c in told["clauses"]] == [
        *(s.name for s in SOURCES), "source", "device",
    ]  # fmt: skip
    assert told["clauses"][0]["reads"][0]["path"] == "/proc/stat"


def test_what_is_off_is_not_in_the_contract(tmp_path: Path) -> None:
    told = AgentSettings(data=tmp_path, off=("host",))
    periods = {s.name: 1.0 for s in SOURCES} | {"source": 1.0}
    assert "vigie_host_load1" not in contract.as_text(contract.contract(told, SOURCES, periods))
