"""A program that a source starts: its end, its limits, and what becomes of one that hangs."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from agent import tool
from agent.tool import Tool
from vigie.errors import Absent, SourceFailed

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Writes a shell script that can be started."""

    def write(script: str) -> str:
        path = tmp_path / "tool"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return write


def test_what_it_wrote_is_given_whatever_its_exit_status(program: Program) -> None:
    done = Tool(program('echo "$2"; echo odd >&2; echo more >&2; exit 6'), limit_seconds=5).run(
        "-a", "sda"
    )
    assert (done.status, done.out, done.complaint) == (6, b"sda\n", "odd")


def test_it_speaks_english_and_universal_time(program: Program) -> None:
    assert Tool(program('echo "$LC_ALL $TZ"'), limit_seconds=5).run().out == b"C UTC\n"


def test_much_on_both_pipes_blocks_neither(program: Program) -> None:
    much = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"
    assert len(Tool(program(much), limit_seconds=5).run().out) == 300_000


def test_one_that_is_not_installed_is_an_absence_with_the_command(tmp_path: Path) -> None:
    missing = Tool(str(tmp_path / "none"), limit_seconds=5, grant="sudo apt install it")
    with pytest.raises(Absent, match="is not installed: sudo apt install it"):
        missing.run()


def test_one_that_cannot_be_started_is_a_failure(tmp_path: Path) -> None:
    broken = tmp_path / "tool"
    broken.write_text("#!/no/such/shell\n")
    broken.chmod(0o755)
    with pytest.raises(SourceFailed) as failed:
        Tool(str(broken), limit_seconds=5).run()
    assert failed.value.code == "tool"


def test_one_that_does_not_end_is_ended_with_all_its_children(
    program: Program, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    hanging = Tool(program(f"sleep 1000 & echo $! > {note}; wait"), limit_seconds=0.5)
    with pytest.raises(SourceFailed, match=r"tool -a sda: no end after 0\.5 s") as failed:
        hanging.run("-a", "sda")
    assert failed.value.code == "timeout"
    assert ended(int(note.read_text()))


def test_one_that_closed_its_output_and_goes_on_is_ended_too(program: Program) -> None:
    with pytest.raises(SourceFailed, match="no end after"):
        Tool(program("exec >&- 2>&-; sleep 1000"), limit_seconds=0.3).run()


def test_one_that_writes_without_end_is_ended(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "MAX_OUTPUT_BYTES", 100_000)
    began = time.monotonic()
    with pytest.raises(SourceFailed, match="more than 100000 bytes") as failed:
        Tool(program("yes"), limit_seconds=30).run()
    assert failed.value.code == "tool"
    assert time.monotonic() - began < 20


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Callable[[], list[int]]]:
    """The processes that the program of a test began, from the notes that they left."""
    note = tmp_path / "starts"

    def noted() -> list[int]:
        return [int(line) for line in note.read_text().split()] if note.exists() else []

    yield noted
    for pid in noted():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def test_one_that_outlives_sigkill_is_remembered_and_no_second_one_started(
    program: Program, tmp_path: Path, starts: Callable[[], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(tool, "KILL_SECONDS", 0.1)
    script = program(f"echo $$ >> {tmp_path}/starts; exec sleep 1000")
    stuck = Tool(script, limit_seconds=0.3, kill=lambda *_: None)
    with pytest.raises(SourceFailed, match="no end after"):
        stuck.run()
    [pid] = starts()
    for _ in range(3):
        with pytest.raises(SourceFailed, match=f"process {pid}.*hangs in the kernel") as failed:
            stuck.run()
        assert failed.value.code == "stuck"
    assert starts() == [pid]
    os.killpg(pid, signal.SIGKILL)
    assert ended(pid)
    Path(script).write_text("#!/bin/sh\necho back\n")
    assert stuck.run().out == b"back\n"


def ended(pid: int) -> bool:
    """Whether a process ends within moments, collected or not."""
    until = time.monotonic() + 5
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
    return True
