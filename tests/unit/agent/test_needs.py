"""What a source needs and the machine does not give."""

import socket
from pathlib import Path

import pytest

from agent.needs import able, held, lacking, there, wanted
from agent.source import Read, Run
from tests.build.given import Given


def test_what_lacks_is_named_one_by_one(tmp_path: Path) -> None:
    source = Given("disks")
    source.reads = (
        Read("/proc/loadavg", "load"),
        Read(f"{tmp_path}/none", "disks", right="root", grant="sudo it"),
        Read(f"{tmp_path}/other", "more", optional=True),
    )
    source.runs = (
        Run("true", "", "nothing"),
        Run("no-such-tool", "-a", "health", grant="apt"),
        Run("no-such-tool", "-b", "age", grant="apt"),
    )
    assert [wanted(lack) for lack in lacking(source)] == [
        f"{tmp_path}/none (disks; right: root)", "program no-such-tool (health)",
    ]  # fmt: skip


def test_every_match_of_a_pattern_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "sda").touch()
    assert there(Read("/*", "disks"), tmp_path)
    assert not there(Read("/nvme*", "disks"), tmp_path)


@pytest.mark.skipif(held("CAP_DAC_READ_SEARCH"), reason="this user reads everything")
def test_a_file_that_may_not_be_read_lacks(tmp_path: Path) -> None:
    (tmp_path / "sda").touch(mode=0o200)
    assert not there(Read("/*", "disks"), tmp_path)


def test_an_address_is_there_when_something_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        assert there(Read(address, "UPS"))
    assert not there(Read(address, "UPS"))
    assert there(Read("statvfs of each mount", "a system call"))


STATUS = "Name:\tx\nCapEff:\t{:016x}\n"


@pytest.mark.parametrize(
    ("right", "effective", "is_held"),
    [
        ("root, or CAP_DAC_READ_SEARCH", 1 << 2, True),
        ("CAP_SYS_RAWIO and CAP_SYS_ADMIN", 1 << 17 | 1 << 21, True),
        ("CAP_SYS_RAWIO and CAP_SYS_ADMIN", 1 << 17, False),
        ("CAP_DAC_READ_SEARCH", 0, False),
        ("", 0, True),
        ("membership of the group nut", 0, True),
    ],
)
def test_a_right_is_a_capability_of_this_process(
    right: str, effective: int, is_held: bool, tmp_path: Path
) -> None:
    status = tmp_path / "status"
    status.write_text(STATUS.format(effective))
    assert held(right, status) is is_held


def test_a_program_that_is_installed_lacks_but_the_right() -> None:
    assert wanted(Run("true", "", "health", right="CAP_SYS_RAWIO")) == (
        "the right to run true (health; right: CAP_SYS_RAWIO)"
    )


def test_a_program_needs_its_right_too() -> None:
    assert able(Run("true", "", "nothing"))
    assert not able(Run("no-such-tool", "", "nothing"))
