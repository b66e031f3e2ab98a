"""Which files make a table, when all that is left of it are the files. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.store.parquet import Footer, TableFile


@dataclass(frozen=True, slots=True)
class Choice:
    """The files of the table, and what its newest commit said of it."""

    files: tuple[TableFile, ...]
    position: int
    properties: Mapping[str, str]


def choose(found: Sequence[tuple[Footer, TableFile]], replayable: int | None) -> Choice:
    """The files that hold each row once; `replayable` is the oldest position in the journal.

    Files that others replace go. A commit of which files are missing did not happen when what it
    says is to be had otherwise: a merge whose inputs are there, and the newest flush when the
    journal still has its records. Otherwise it happened, and the rest of its files moved on.
    """
    commits: dict[str, list[tuple[Footer, TableFile]]] = {}
    for footer, file in found:
        commits.setdefault(footer.commit.name, []).append((footer, file))
    names = {file.path.name for _, file in found}
    flushes = [f.commit.position for f, _ in found if not f.commit.replaces]
    newest = max(flushes, default=0)
    kept: list[tuple[Footer, TableFile]] = []
    for members in commits.values():
        footer = members[0][0]
        if len(members) < footer.files and _undone(footer, names, newest, replayable):
            continue
        kept.extend(members)
    replaced = {name for footer, _ in kept for name in footer.commit.replaces}
    current = [(f, file) for f, file in kept if file.path.name not in replaced]
    latest = max((f.commit for f, _ in kept), key=lambda c: c.position, default=None)
    return Choice(
        tuple(file for _, file in current),
        latest.position if latest else 0,
        latest.properties if latest else {},
    )


def _undone(footer: Footer, names: set[str], newest: int, replayable: int | None) -> bool:
    commit = footer.commit
    if commit.replaces:
        return any(name in names for name in commit.replaces)
    return commit.position == newest and replayable is not None and replayable <= newest
