"""Child processes that are kept alive, and ended together in reverse order."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from vigie.errors import VigieError

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
SOUND_SECONDS: Final = 60.0
"""After a life this long the pause before the next one is the first again."""
_PR_SET_PDEATHSIG: Final = 1


@dataclass
class Child:
    """One program: `command` is asked anew at each start. Times are monotonic seconds."""

    name: str
    command: Callable[[], Sequence[str]]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = FIRST_PAUSE / 2
    due: float = field(default=float("inf"))
    """When to start it again; infinite while it runs."""

    def start(self, now: float) -> None:
        """Start it in a process group of its own: Ctrl-C in a terminal reaches only us."""
        parent = os.getpid()
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 - we have no threads
        )
        self.started, self.due = now, float("inf")

    @property
    def ended(self) -> int | None:
        """Its exit status, or None while it runs or when it was never started."""
        return self.process.poll() if self.process else None

    def stop(self, patience: float) -> None:
        """SIGTERM, and SIGKILL to the whole group where that was not enough."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            print(f"vigie up: {self.name} does not end; killing it", file=sys.stderr)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Children:
    """Some children, in the order in which they were started."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` shows people one line."""
        self._all: list[Child] = []
        self._tell = tell

    def start(self, name: str, command: Callable[[], Sequence[str]], now: float) -> Child:
        """Start one, and watch over it from now on."""
        child = Child(name, command)
        self._all.append(child)
        child.start(now)
        return child

    def watch(self, now: float) -> None:
        """Plan the return of those that died, and start those whose time has come."""
        for child in self._all:
            status = child.ended
            if status is not None and child.due == float("inf"):
                lived = now - child.started
                sound = lived >= SOUND_SECONDS
                child.pause = FIRST_PAUSE if sound else min(LONGEST_PAUSE, child.pause * 2)
                child.due = now + child.pause
                self._tell(
                    f"{child.name} ended ({_said(status)}) after {lived:.0f} s; "
                    f"starting it again in {child.pause:.0f} s"
                )
            if child.due <= now:
                self._again(child, now)

    def _again(self, child: Child, now: float) -> None:
        try:
            child.start(now)
        except (VigieError, OSError) as error:
            child.pause = min(LONGEST_PAUSE, child.pause * 2)
            child.due = now + child.pause
            self._tell(f"{child.name} cannot start ({error}); again in {child.pause:.0f} s")

    def stop(self, patience: float = 20.0) -> None:
        """End all, the last one first: who asks ends before who answers."""
        for child in reversed(self._all):
            child.stop(patience)


def _said(status: int) -> str:
    return f"exit {status}" if status >= 0 else signal.Signals(-status).name


def _end_with(parent: int) -> None:
    """In the child: ask the kernel for SIGTERM when the parent dies, whatever kills it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
