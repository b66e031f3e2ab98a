"""One root is walked: its directories in the order of their paths, each file looked at once.

What is found is written down every so often, together with how far the walk is, so that it goes
on from there after a restart.
"""

import os
import stat
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from agent.fragments import row
from agent.fragments.inventory import Inventory, Sightings
from agent.fragments.reader import Reader
from agent.fragments.rows import PART_SHIFT
from vigie.units import NANOSECONDS_PER_SECOND

BATCH: Final = 25_000
"""Fragments of one transaction."""
BATCH_SECONDS: Final = 10.0
"""What was found is written down after so long, however little it is."""
_WATCH: Final = 1_023
"""Files between two looks at whether it is to end, as a mask."""


class Stopped(Exception):
    """The walk was told to end; it goes on from there another time."""


@dataclass(slots=True)
class Progress:
    """How far the walk of one root is; kept with what it found.

    `at` is the last directory below the root whose files are told, None before any. `blind` are
    the `row.place`s in which a directory could not be read; `reached` says whether the root itself
    could. `trouble` says in words what went wrong.
    """

    at: str | None = None
    done: bool = False
    reached: bool = True
    found: int = 0
    blind: list[int] = field(default_factory=list)
    trouble: str = ""

    def fail(self, what: str, place: int | None = None) -> None:
        """Note what cannot be read: the first one in words; `place` is that of a directory."""
        self.trouble = self.trouble or what
        if place is not None and place not in self.blind:
            self.blind.append(place)


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
    """The walk of one root. `keep` writes `progress` down, inside a transaction of its caller."""

    def __init__(
        self, path: str, number: int, layout: Layout, inventory: Inventory, progress: Progress, *,
        ending: threading.Event, now: Callable[[], float], keep: Callable[[], None],
    ) -> None:  # fmt: skip
        self._path, self._number, self._layout = path, number, layout
        self._inventory, self._progress, self._keep = inventory, progress, keep
        self._ending, self._now = ending, now
        self._sightings: dict[bytes, tuple[bytes, str]] = {}
        self._settling: list[bytes] = []
        self._foreign = 0
        self._kept = now()

    def run(self) -> None:
        """To the end of the root.

        Raises:
            Stopped: it was told to end.
            StoreError: the inventory cannot be written.
        """
        after = _parts(self._progress.at)
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
                self._progress.at = directory
            if (
                len(self._sightings) + len(self._settling) >= BATCH
                or self._now() - self._kept >= BATCH_SECONDS
            ):
                self._flush()
        self._progress.done = True
        self._flush()

    def _list(self, directory: str, *, told: bool) -> list[str]:
        """Look at every file of a directory, unless they are told; the names of those in it."""
        place = row.place(directory.split("/", 1)[0]) if directory else row.place("")
        below: list[str] = []
        path = f"{self._path}/{directory}" if directory else self._path
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
        beside, settle, number = self._layout.beside, self._layout.settle, self._number
        sightings, settling = self._sightings, self._settling
        now = int(self._now() * NANOSECONDS_PER_SECOND)
        margin = int(settle * NANOSECONDS_PER_SECOND)
        newest, latest = now - margin, now + margin
        for count, entry in enumerate(entries):
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.name)
                continue
            path = prefix + entry.name
            which = piece(path)
            if which is None:
                self._foreign += not (beside and path.endswith(beside))
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
                    self._foreign += 1
                    continue
                look = row.look(told.st_size, told.st_mtime_ns, number, place)
                # A time in the future is that of a wrong clock, and says nothing.
                settled = not newest < told.st_mtime_ns < latest
            if settled:
                sightings[key] = look, path
            else:
                settling.append(key)
            if not count & _WATCH:
                self._rest()

    def _rest(self) -> None:
        """Between two files: whether to end, and whether to write down."""
        if self._ending.is_set():
            raise Stopped
        if len(self._sightings) + len(self._settling) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        """Write down what was found, and how far the walk is."""
        news = self._inventory.news(self._sightings)
        schemes = dict(self._with_scheme(news.sightings))
        seen: defaultdict[int, bytearray] = defaultdict(bytearray)
        for key in (*self._sightings, *self._settling):
            seen[key[0] >> PART_SHIFT] += row.short(key)
        with self._inventory.change():
            self._inventory.upsert(news, schemes, int(self._now()))
            self._inventory.see(seen)
            self._inventory.count("unrecognized", self._foreign)
            self._progress.found += len(self._sightings) + len(self._settling)
            self._keep()
        self._sightings.clear()
        self._settling.clear()
        self._foreign = 0
        self._kept = self._now()

    def _with_scheme(self, sightings: Sightings) -> Iterator[tuple[bytes, int]]:
        """The keys of those whose scheme can be told, with its number."""
        last, number = None, -1
        for key, (look, path) in sightings.items():
            if not look:
                continue
            try:
                scheme = self._layout.reader.scheme(f"{self._path}/{path}")
            except FileNotFoundError:
                continue
            except OSError as error:
                self._progress.fail(f"{self._path}/{path}: {error.strerror}")
            except ValueError:
                self._foreign += 1
            else:
                if scheme is not last:
                    last, number = scheme, self._inventory.scheme(scheme)
                yield key, number


def _parts(directory: str | None) -> list[str] | None:
    """The names in a path, none in "" itself; None is no path."""
    return directory.split("/") if directory else None if directory is None else []
