"""How far long work is, on stderr: a line that grows on a terminal, else a line every tenth."""

import sys
from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


class Progress:
    """One piece of work."""

    def __init__(self, name: str) -> None:
        self._name, self._last = name, -1

    def tell(self, done: int, total: int) -> None:
        """So many bytes of so many."""
        percent = 100 if not total else min(100, done * 100 // total)
        if percent == self._last:
            return
        text = f"{self._name}: {percent:3} % of {amount(total)}"
        if sys.stderr.isatty():
            print(f"\r{text}", end="", file=sys.stderr, flush=True)
        elif percent // 10 != self._last // 10:
            print(text, file=sys.stderr, flush=True)
        self._last = percent

    def received(self, done: int) -> None:
        """So many bytes, of nobody knows how many; told on a terminal only."""
        if sys.stderr.isatty():
            print(f"\r{self._name}: {amount(done)}", end="", file=sys.stderr, flush=True)
            self._last = 0

    def end(self) -> None:
        """The work is over: the next line is another's."""
        if self._last >= 0 and sys.stderr.isatty():
            print(file=sys.stderr)


def amount(size: float) -> str:
    """Bytes as people read them: three digits and a unit."""
    step = 0
    while abs(size) >= 999.5 and step < len(_UNITS) - 1:
        size, step = size / 1000, step + 1
    digits = 0 if step == 0 or abs(size) >= 99.95 else 1 if abs(size) >= 9.995 else 2
    return f"{size:.{digits}f} {_UNITS[step]}"
