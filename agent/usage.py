"""What the agent itself takes: processor time and memory of all its processes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """This process, those that it has ended, and those of its children that live."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._spent = 0.0

    def cpu_seconds(self, children: Sequence[int]) -> float:
        """Processor time so far. It never falls: a child may end between two looks."""
        own = os.times()
        spent = own.user + own.system + own.children_user + own.children_system
        self._spent = max(self._spent, spent + sum(map(self._spent_by, children)))
        return self._spent

    def memory_bytes(self, children: Sequence[int]) -> int | None:
        """Resident memory; of children only what they do not share. None where it is unknown."""
        own = self._pages("self")
        if own is None:
            return None
        resident = own[0]
        for pid in children:
            pages = self._pages(pid)
            resident += pages[0] - pages[1] if pages else 0
        return resident * _PAGE_BYTES

    def _spent_by(self, pid: int) -> float:
        """Of a process and of those that it has ended, in seconds; 0 when it is gone."""
        try:
            text = (self._proc / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0.0
        # utime, stime, cutime, cstime: proc_pid_stat(5); the name before may hold anything.
        return sum(map(int, text.rpartition(")")[2].split()[11:15])) / _TICKS

    def _pages(self, process: int | str) -> tuple[int, int] | None:
        """Resident pages, and those of them that come from files: proc_pid_statm(5)."""
        try:
            words = (self._proc / str(process) / "statm").read_text(encoding="ascii").split()
        except OSError:
            return None
        return int(words[1]), int(words[2])
