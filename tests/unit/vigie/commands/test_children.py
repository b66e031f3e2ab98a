import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vigie.commands.children import Child, Children
from vigie.errors import VigieError

ENDLESS = ["sleep", "60"]
DEAF_PROGRAM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
DEAF = [sys.executable, "-c", DEAF_PROGRAM]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def children(told: list[str]) -> Iterator[Children]:
    made = Children(told.append)
    yield made
    made.stop(patience=0.1)


def runs(child: Child) -> bool:
    return child.ended is None


def end(child: Child) -> None:
    assert child.process
    child.process.kill()
    child.process.wait()


def test_one_that_dies_comes_back_after_a_pause_that_grows(
    children: Children, told: list[str]
) -> None:
    child = children.start("agent", lambda: ENDLESS, now=0)
    now = 5.0
    for pause in (1, 2, 4, 8, 16, 30, 30):
        end(child)
        children.watch(now)
        assert told[-1] == f"agent ended (SIGKILL) after 5 s; starting it again in {pause} s"
        children.watch(now + pause - 0.1)
        assert not runs(child)
        children.watch(now + pause)
        assert runs(child)
        now += pause + 5


def test_after_a_long_life_the_pause_is_short_again(children: Children, told: list[str]) -> None:
    child = children.start("agent", lambda: ENDLESS, now=0)
    child.pause = 30
    end(child)
    children.watch(60.0)
    assert told[-1].endswith("in 1 s")


def test_its_command_is_asked_anew_and_may_fail_for_a_while(
    children: Children, told: list[str]
) -> None:
    commands = iter([["false"], None, ENDLESS])

    def command() -> list[str]:
        answer = next(commands)
        if answer is None:
            raise VigieError("no collector")
        return answer

    child = children.start("agent", command, now=0)
    assert child.process
    child.process.wait()
    children.watch(0.0)
    children.watch(1.0)
    assert told == [
        "agent ended (exit 1) after 0 s; starting it again in 1 s",
        "agent cannot start (no collector); again in 2 s",
    ]
    children.watch(2.9)
    assert not runs(child)
    children.watch(3.0)
    assert runs(child)


def test_all_are_ended_the_last_one_first(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setattr(Child, "stop", lambda self, _patience: ended.append(self.name))
    children = Children(ended.append)
    monkeypatch.setattr(Child, "start", lambda _self, _now: None)
    for name in ("collector", "agent", "dashboard"):
        children.start(name, lambda: ENDLESS, now=0)
    children.stop()
    assert ended == ["dashboard", "agent", "collector"]


def test_one_that_does_not_listen_is_killed_and_that_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    process = subprocess.Popen(DEAF, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout
    assert process.stdout.readline() == b"deaf\n"
    child = Child("agent", lambda: DEAF, process)
    child.stop(patience=0.05)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert "agent does not end; killing it" in capsys.readouterr().err


def test_a_child_ends_with_its_parent_whatever_kills_it() -> None:
    script = (
        "import sys, time\n"
        "from vigie.commands.children import Children\n"
        "children = Children(print)\n"
        "child = children.start('x', lambda: ['sleep', '60'], 0)\n"
        "print(child.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    orphan = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end_by = time.monotonic() + 5
    while _alive(orphan) and time.monotonic() < end_by:
        time.sleep(0.01)
    assert not _alive(orphan)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except FileNotFoundError:
        return False
