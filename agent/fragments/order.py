"""The files below a directory in the order of their paths, from anywhere on, in bounded memory.

A pass that reads everything takes months: it goes on where it was, and what came or went meanwhile
does not disturb it.
"""

import heapq
import logging
import os
from collections.abc import Iterator
from typing import Final, NamedTuple

log = logging.getLogger(__name__)

BATCH: Final = 50_000
"""Names of one directory that are remembered at a time; it is listed again for the next ones."""


class Entry(NamedTuple):
    """A file, by its path below the root, and how much of the whole lies up to it (0 to 1).

    That is by names: all that is in one directory is taken to be alike.
    """

    path: str
    done: float


class _Name(NamedTuple):
    name: str
    directory: bool


def after(root: str, cursor: str = "", batch: int = BATCH) -> Iterator[Entry]:
    """Every file below `root` that comes after the path `cursor`, which need not exist any more.

    Links to directories are not followed.
    """
    yield from _below(root, "", cursor.split("/") if cursor else [], (0.0, 1.0), batch)


def _below(
    root: str, prefix: str, cursor: list[str], span: tuple[float, float], batch: int
) -> Iterator[Entry]:
    """The files of one directory, which is the part `span` (start, width) of the whole."""
    directory, first = f"{root}/{prefix}", cursor[0] if cursor else ""
    found, passed, count = _listed(directory, first, batch, inclusive=True)
    while found:
        width = span[1] / count
        for position, entry in enumerate(found, start=passed):
            start = span[0] + position * width
            if entry.directory:
                within = cursor[1:] if entry.name == first else []
                yield from _below(root, f"{prefix}{entry.name}/", within, (start, width), batch)
            elif entry.name != first:
                yield Entry(prefix + entry.name, start + width)
        if len(found) < batch:
            return
        found, passed, count = _listed(directory, found[-1].name, batch, inclusive=False)


def _listed(
    directory: str, first: str, batch: int, *, inclusive: bool
) -> tuple[list[_Name], int, int]:
    """The next names in a directory, how many come before them, and how many there are."""
    passed = count = 0

    def later(entries: Iterator["os.DirEntry[str]"]) -> Iterator[_Name]:
        nonlocal passed, count
        for entry in entries:
            count += 1
            if entry.name > first or (inclusive and entry.name == first):
                yield _Name(entry.name, entry.is_dir(follow_symlinks=False))
            else:
                passed += 1

    try:
        with os.scandir(directory) as entries:
            found = heapq.nsmallest(batch, later(entries))
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            log.warning("cannot be listed", extra={"file": directory, "error": error})
        return [], 0, 0
    return found, passed, count
