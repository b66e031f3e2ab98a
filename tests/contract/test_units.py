"""The units that we ship: no root anywhere, and every grant that a source names is there."""

import re
from collections.abc import Iterator

import pytest

from agent.needs import CAPABILITIES
from agent.source import Read, Run
from agent.sources import sources
from tests.build.units import DROP_INS, FOLDER, UNIT, lines, merged, words
from tests.house import ROOT
from vigie.settings import AgentSettings

NAMED = re.compile(r"(\S*/agent/units/\S+\.(?:conf|rules))")
LOOSENS = {
    "AmbientCapabilities", "CapabilityBoundingSet", "DeviceAllow", "InaccessiblePaths", "MemoryMax",
    "PrivateDevices", "ProtectProc",
}  # fmt: skip
"""All that a drop-in may set: what it is granted, and what is taken in return."""
GRANTED = {"CAP_DAC_READ_SEARCH", "CAP_SYS_RAWIO", "CAP_SYS_ADMIN"}
READS_ALL = "CAP_DAC_READ_SEARCH"
DOCUMENT = ROOT / "docs" / "hosts.md"


def needs() -> Iterator[tuple[str, Read | Run]]:
    """Everything that any source needs and a unit file grants, with the name of the source."""
    for source in sources(AgentSettings()):
        declared: list[Read | Run] = [*source.reads, *source.runs]
        for need in declared:
            if NAMED.search(need.grant):
                yield source.name, need


def drop_ins(need: Read | Run) -> list[str]:
    """The drop-ins that grant it."""
    found: list[str] = NAMED.findall(need.grant)
    return [path.rpartition("/")[2].removesuffix(".conf") for path in found if "service.d/" in path]


def test_every_file_that_a_grant_names_is_shipped() -> None:
    named = {path for _, need in needs() for path in NAMED.findall(need.grant)}
    assert named
    assert [path for path in named if not path.startswith(str(FOLDER))] == []
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_capability_that_a_source_asks_for_is_in_its_drop_in() -> None:
    for source, need in needs():
        asked = {name for name in CAPABILITIES if name in need.right}
        given = words(merged(drop_ins(need)), "AmbientCapabilities")
        assert asked <= given, f"{source}: {need}"


def test_every_device_that_a_source_opens_is_allowed_by_its_drop_in() -> None:
    for source, need in needs():
        if isinstance(need, Read) and need.path.startswith("/dev/"):
            settings = merged(drop_ins(need))
            assert settings["PrivateDevices"][-1] == "no", f"{source}: {need}"
            assert settings["DeviceAllow"], f"{source}: {need}"


def test_the_unit_is_of_an_ordinary_user_with_no_capability() -> None:
    settings = merged()
    assert settings["User"] == ["vigie"]
    assert settings["CapabilityBoundingSet"] == []
    assert "AmbientCapabilities" not in settings
    assert settings["NoNewPrivileges"] == ["yes"]
    assert "u vigie -" in (FOLDER / "vigie.sysusers").read_text()


def test_nothing_is_run_but_the_agent_and_not_as_root() -> None:
    executed = {n: v for n, v in merged(DROP_INS).items() if n.startswith("Exec")}
    assert list(executed) == ["ExecStart"]
    assert executed["ExecStart"][0].startswith("/opt/vigie/.venv/bin/vigie agent run ")


@pytest.mark.parametrize("name", DROP_INS)
def test_a_drop_in_grants_what_it_is_about_and_nothing_else(name: str) -> None:
    own = [(key, value) for section, key, value in lines(DROP_INS[name]) if section == "Service"]
    assert {key for key, _ in own} <= LOOSENS
    for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
        granted = {word for k, value in own if k == key for word in value.split()}
        assert granted <= GRANTED
        assert granted == words(merged([name]), "AmbientCapabilities")


@pytest.mark.parametrize("name", DROP_INS)
def test_who_may_read_every_file_does_not_see_the_secrets(name: str) -> None:
    settings = merged([name])
    if READS_ALL in words(settings, "AmbientCapabilities"):
        hidden = words(settings, "InaccessiblePaths")
        assert {"-/etc/shadow", "-/etc/ssh", "-/root"} <= hidden


def test_no_drop_in_forgets_what_another_grants() -> None:
    empty = [
        (path, key) for path in DROP_INS.values() for _, key, value in lines(path) if not value
    ]
    assert empty == []
    assert words(merged(DROP_INS), "AmbientCapabilities") == GRANTED


def test_the_devices_of_other_units_than_the_granted_are_closed() -> None:
    assert merged(DROP_INS)["DevicePolicy"] == ["closed"]


def test_every_unit_file_is_explained() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    files = {path.name for path in FOLDER.rglob("*") if path.is_file()}
    assert UNIT.name in files
    assert [name for name in files if name not in text] == []
