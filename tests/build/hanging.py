"""Sources for a process of their own: they can be pickled, and hang, die or lie when told to."""

import os
import signal
import subprocess
import time

from agent.source import Found, Read
from tests.build.given import LOAD, Given
from vigie.catalogue import GPU_LOST, Host
from vigie.errors import Absent, SourceFailed
from vigie.frame import Happening
from vigie.shape import Quality


class Lonely(Given):
    """A source that wants a process of its own and does what `deed` says, each turn or once."""

    name = "lonely"
    apart = True
    limit_seconds = 5.0
    reads: tuple[Read, ...] = (Read("/proc/loadavg", "load"),)

    def __init__(self, deed: str = "", name: str = "") -> None:
        super().__init__(name)
        self.deed, self.turns, self.is_open = deed, 0, False

    def open(self) -> None:
        """Begin to count turns, or do the deed."""
        self.is_open, self.turns = True, 0
        if self.deed.startswith("open:"):
            self._do(self.deed.removeprefix("open:"))

    def close(self) -> None:
        """Be closed."""
        self.is_open = False

    def read(self, now: int) -> Found:
        """One row, whose busy seconds are the number of the turn."""
        if not self.is_open:
            raise SourceFailed("closed", f"{self.name}: read before open")
        self.turns += 1
        self._do(self.deed)
        if self.turn:
            return self.turn()
        return Found({**LOAD, Host.cpu_busy_seconds_total: [self.turns]})

    def _do(self, deed: str) -> None:
        match deed.split():
            case ["hang"]:
                deaf()
            case ["hang", "with", "children"]:
                subprocess.Popen(["sleep", "1000"])
                deaf()
            case ["die"]:
                os.kill(os.getpid(), signal.SIGSEGV)
            case ["burn"]:
                until = time.process_time() + 0.2
                while time.process_time() < until:
                    pass
            case ["print"]:
                os.write(1, b"a library says hello\n")
            case ["absent"]:
                raise Absent("no such board")
            case ["fail"]:
                raise SourceFailed("io", "/dev/board: no answer; reseat it")
            case ["break"]:
                raise ZeroDivisionError("oops")


class Telling(Lonely):
    """A source that finds more than rows."""

    name = "telling"

    def read(self, now: int) -> Found:
        """A row, its quality, a happening and a device."""
        found = super().read(now)
        return Found(
            found.columns,
            [Happening(GPU_LOST.code, now // 1000, {"gpu": "GPU-1"}, "fell off the bus")],
            {"host": [Quality.ESTIMATED]},
            [{"device": "GPU-1", "kind": "gpu", "model": None}],
        )


def deaf() -> None:
    """Hang, and listen to no signal that can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1000)
