"""One root is walked: its directories in the order of their paths, each file looked at once.

What is found is written down every so often, together with how far the walk is, so that it goes
on from there after a restart.
"""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from agent.fragments import row
from agent.fragments.batch import BATCH, Batch, Notes, Progress
from agent.fragments.reader import Reader
from vigie.units import NANOSECONDS_PER_SECOND

BATCH_SECONDS: Final = 10.0
"""What was found is written down after so long, however little it is."""
_WATCH: Final = 255
"""Files between two looks at whether it is to end, as a mask."""


class Stopped(Exception):
    """The walk was told to end; it goes on from there another time."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the fragments of a store are told from other files.

    `oid` gives the identity of an object by its name. Names that end with `beside` stand beside
    fragments and are part of the store. `settle` is the age, in seconds, from which on a file
    counts as written.
    """

    reader: Reader
    oid: Callable[[str], bytes]
    settle: float
    beside: str = ""


class Descent:
    """The walk of one root, from where its progress is."""

    def __init__(
        self, root: str, number: int, layout: Layout, notes: Notes, progress: Progress, *,
        ending: threading.Event, now: Callable[[], float],
    ) -> None:  # fmt: skip
        """`number` is that of the root in the inventory; `now` is Unix seconds."""
        self._root, self._number, self._layout = root, number, layout
        self._notes, self._progress = notes, progress
        self._ending, self._now = ending, now
        self._batch = Batch(at=progress.at)
        self._begun = now()

    def run(self) -> None:
        """To the end of the root.

        Raises:
            Stopped: it was told to end; what was found is written down.
            StoreError: the inventory cannot be written.
        """
        try:
            self._descend(_parts(self._progress.at))
            self._batch.done = True
        finally:
            self._hand_over()

    def _descend(self, after: list[str] | None) -> None:
        """Every directory that comes after that one; all of them after None."""
        pending = [""]
        while pending:
            directory = pending.pop()
            parts = _parts(directory) or []
            told = after is not None and parts <= after
            if told and after is not None and after[: len(parts)] != parts:
                continue  # told, and all that is in it
            below = self._list(directory, told=told)
            pending += [f"{directory}/{n}" if directory else n for n in sorted(below, reverse=True)]
            if not told:
                self._batch.at = directory
            self._rest()

    def _list(self, directory: str, *, told: bool) -> list[str]:
        """Look at every file of a directory, unless they are told; the names of those in it."""
        place = row.place(directory.split("/", 1)[0])
        below: list[str] = []
        path = f"{self._root}/{directory}" if directory else self._root
        prefix = f"{directory}/" if directory else ""
        try:
            with os.scandir(path) as entries:
                if told:
                    below = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
                else:
                    self._look(entries, prefix, place, below)
        except OSError as error:
            if not directory:
                self._progress.reached = False
                self._progress.fail(f"{path}: {error.strerror}")
            elif not isinstance(error, FileNotFoundError | NotADirectoryError):
                # What is gone went during the walk; this is there, with what is in it.
                self._progress.fail(f"{path}: {error.strerror}", place)
        return below

    def _look(
        self, entries: Iterator["os.DirEntry[str]"], prefix: str, place: int, below: list[str]
    ) -> None:
        """Take in the files of one directory, and list the directories in it."""
        piece, oid = self._layout.reader.piece, self._layout.oid
        beside, settle = self._layout.beside, self._layout.settle
        where = row.where(self._number, place)
        now = int(self._now() * NANOSECONDS_PER_SECOND)
        margin = int(settle * NANOSECONDS_PER_SECOND)
        newest, latest = now - margin, now + margin
        for count, entry in enumerate(entries):
            if not count & _WATCH:
                self._rest()
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.name)
                continue
            path = prefix + entry.name
            which = piece(path)
            if which is None:
                self._batch.foreign += not (beside and path.endswith(beside))
                continue
            key = row.key(oid(which.name), which.idx)
            look = b""
            try:
                told = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # it went between two looks
            except OSError:
                settled = True  # no size: it is there, and cannot be read
            else:
                if not stat.S_ISREG(told.st_mode):
                    self._batch.foreign += 1
                    continue
                look = row.look(told.st_size, told.st_mtime_ns, where)
                # A time in the future is that of a wrong clock, and says nothing.
                settled = not newest < told.st_mtime_ns < latest
            if settled:
                self._batch.sightings[key] = look, path
            else:
                self._batch.settling.append(key)

    def _rest(self) -> None:
        """Between two files: whether to end, and whether to have it written down."""
        if self._ending.is_set():
            raise Stopped
        if self._batch.found >= BATCH or self._now() - self._begun >= BATCH_SECONDS:
            self._hand_over()

    def _hand_over(self) -> None:
        batch, self._batch = self._batch, Batch(at=self._batch.at)
        self._begun = self._now()
        self._notes.take(batch)


def _parts(directory: str | None) -> list[str] | None:
    """The names in a path, none in "" itself; None is no path."""
    return directory.split("/") if directory else None if directory is None else []
