"""The tables of an inventory, and every question that is asked of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from agent.fragments.digest import Digests
from agent.fragments.row import KEY_BYTES, SHORT_BYTES, VALUE_BYTES, short
from agent.fragments.tally import Slot, Tally
from vigie.database import Database, Table

TABLES: Final = (
    Table("fragment", "key BLOB PRIMARY KEY, value BLOB NOT NULL", rowid=False),
    Table("log", "first INTEGER PRIMARY KEY, keys BLOB NOT NULL"),
    Table("seen", "part INTEGER NOT NULL, keys BLOB NOT NULL", ("part",)),
    Table("staged", "part INTEGER NOT NULL, rows BLOB NOT NULL", ("part",)),
    Table("digest", "bucket INTEGER PRIMARY KEY, sum INTEGER NOT NULL"),
    Table(
        "tally",
        "what INTEGER, of_ INTEGER, slot INTEGER, number INTEGER NOT NULL, "
        "PRIMARY KEY (what, of_, slot)",
        rowid=False,
    ),
    Table("root", "number INTEGER PRIMARY KEY, path TEXT NOT NULL, disk TEXT NOT NULL"),
    Table("scheme", "number INTEGER PRIMARY KEY, k INTEGER NOT NULL, n INTEGER NOT NULL"),
    Table("word", "name TEXT PRIMARY KEY, value TEXT NOT NULL"),
    Table("counter", "name TEXT PRIMARY KEY, number INTEGER NOT NULL"),
)
_CHUNK: Final = 512
"""Rows of one statement: SQLite then works without stopping for every row, and without the lock of
the interpreter."""
PARTS: Final = 1_024
"""What comes in the order of a walk is put into so many parts, which follow the order of keys."""
_PIECE: Final = 10_000
_ROW_BYTES: Final = KEY_BYTES + VALUE_BYTES
_FILES: Final = ("", "-wal", "-shm")


class Rows:
    """What is asked of the tables; changes are made inside a `Database.write`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def word(self, name: str) -> str | None:
        """A kept text."""
        found = self._database.row("SELECT value FROM word WHERE name = ?", name)
        return None if found is None else str(found[0])

    def set_word(self, name: str, value: str | None) -> None:
        """Keep a text; None lets go of it."""
        with self._database.write() as write:
            if value is None:
                write.execute("DELETE FROM word WHERE name = ?", (name,))
            else:
                write.execute("INSERT OR REPLACE INTO word VALUES (?, ?)", (name, value))

    def counters(self) -> dict[str, int]:
        """Every counter."""
        return dict(map(tuple, self._database.rows("SELECT name, number FROM counter")))

    def tallies(self) -> list[tuple[Slot, int]]:
        """What `Tally` saved."""
        told = self._database.rows("SELECT what, of_, slot, number FROM tally")
        return [((what, of, slot), number) for what, of, slot, number in told]

    def digests(self) -> list[tuple[int, int]]:
        """What `Digests` saved."""
        return list(map(tuple, self._database.rows("SELECT bucket, sum FROM digest")))

    def roots(self) -> list[tuple[int, str, str]]:
        """Every root by its number."""
        asked = "SELECT number, path, disk FROM root ORDER BY number"
        return list(map(tuple, self._database.rows(asked)))

    def schemes(self) -> list[tuple[int, int]]:
        """The code of every scheme by its number."""
        return list(map(tuple, self._database.rows("SELECT k, n FROM scheme ORDER BY number")))

    def save(
        self, sequence: int, counters: Mapping[str, int], digests: Digests, tally: Tally
    ) -> None:
        """Keep what changed of those."""
        with self._database.write() as write:
            self.set_word("sequence", str(sequence))
            write.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?)", counters.items())
            write.executemany("INSERT OR REPLACE INTO digest VALUES (?, ?)", digests.saved())
            write.executemany("INSERT OR REPLACE INTO tally VALUES (?, ?, ?, ?)", tally.saved())

    def values(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those fragments that are known."""
        found: dict[bytes, bytes] = {}
        ordered = sorted(keys)  # so that a page is read once
        for at in range(0, len(ordered), _CHUNK):
            some = ordered[at : at + _CHUNK]
            marks = ",".join("?" * len(some))
            asked = f"SELECT key, value FROM fragment WHERE key IN ({marks})"  # noqa: S608 - marks are "?"
            found.update(map(tuple, self._database.rows(asked, *some)))
        return found

    def replace(self, values: Mapping[bytes, bytes | None]) -> None:
        """Set values; None removes the fragment."""
        ordered = sorted(k for k, v in values.items() if v is not None)
        with self._database.write() as write:
            for at in range(0, len(ordered), _CHUNK):
                some = ordered[at : at + _CHUNK]
                marks = ",".join(["(?, ?)"] * len(some))
                told = [cell for key in some for cell in (key, values[key])]
                rows = f"INSERT OR REPLACE INTO fragment VALUES {marks}"  # noqa: S608 - as above
                write.execute(rows, told)
            lost = [(k,) for k, v in values.items() if v is None]
            write.executemany("DELETE FROM fragment WHERE key = ?", lost)

    def bucket(self, number: int) -> list[tuple[bytes, bytes]]:
        """Every fragment of a bucket, in order."""
        return self._between(number << 4, number + 1 << 4)

    def within(self, parts: range) -> list[tuple[bytes, bytes]]:
        """Every fragment of some parts, in order."""
        return self._between(parts.start << 6, parts.stop << 6)

    def _between(self, first: int, last: int) -> list[tuple[bytes, bytes]]:
        """Every fragment by the first 16 bits of its key; `last` is left out."""
        low, high = first.to_bytes(2, "big"), last.to_bytes(3, "big")
        asked = "SELECT key, value FROM fragment WHERE key >= ?"
        if high[0]:  # there is nothing after it
            return list(map(tuple, self._database.rows(asked, low)))
        return list(map(tuple, self._database.rows(asked + " AND key < ?", low, high[1:])))

    def append(self, first: int, keys: Sequence[bytes], most: int) -> None:
        """Log changes from that number on, and drop those that are farther back than `most`."""
        with self._database.write() as write:
            write.execute("INSERT INTO log VALUES (?, ?)", (first, b"".join(keys)))
            # The line that holds the oldest change to be kept stays whole.
            write.execute(
                "DELETE FROM log WHERE first < (SELECT max(first) FROM log WHERE first <= ?)",
                (first + len(keys) - most,),
            )

    def logged(self, after: int, limit: int) -> list[bytes] | None:
        """The keys of at most `limit` changes after that one; None where the log does not tell."""
        begin = self._database.row("SELECT max(first) FROM log WHERE first <= ?", after + 1)
        if begin is None or begin[0] is None:
            return None
        keys: list[bytes] = []
        at = begin[0]
        skip = after + 1 - at
        while len(keys) < limit:
            line = self._database.row("SELECT keys FROM log WHERE first = ?", at)
            if line is None:
                break
            found = [line[0][n : n + KEY_BYTES] for n in range(0, len(line[0]), KEY_BYTES)]
            keys += found[skip : skip + limit - len(keys)]
            at, skip = at + len(found), 0
        return keys

    def see(self, keys: Iterable[bytes]) -> None:
        """Note what a walk has seen."""
        self._put("seen", ((_part(key), short(key)) for key in keys))

    def seen(self, parts: range) -> set[bytes]:
        """`short` of what was noted of some parts."""
        return set(self._taken("seen", "keys", parts, SHORT_BYTES))

    def unsee(self) -> None:
        """Forget what walks have seen."""
        with self._database.write() as write:
            write.execute("DELETE FROM seen")

    def stage(self, values: Mapping[bytes, bytes]) -> None:
        """Put rows aside that are to be merged."""
        self._put("staged", ((_part(key), key + value) for key, value in values.items()))

    def staged(self, parts: range) -> dict[bytes, bytes]:
        """The rows put aside of some parts."""
        found = self._taken("staged", "rows", parts, _ROW_BYTES)
        return {told[:KEY_BYTES]: told[KEY_BYTES:] for told in found}

    def unstage(self, parts: range) -> None:
        """Let go of the rows put aside of some parts."""
        with self._database.write() as write:
            write.execute(
                "DELETE FROM staged WHERE part >= ? AND part < ?", (parts.start, parts.stop)
            )

    def stage_size(self) -> int:
        """How many rows are put aside."""
        told = self._database.row("SELECT total(length(rows)) FROM staged")
        return 0 if told is None else int(told[0]) // _ROW_BYTES

    def _put(self, table: str, told: Iterable[tuple[int, bytes]]) -> None:
        parts: defaultdict[int, bytearray] = defaultdict(bytearray)
        for part, cell in told:
            parts[part] += cell
        with self._database.write() as write:
            rows = f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608 - a table of ours
            write.executemany(rows, sorted(parts.items()))

    def _taken(self, table: str, column: str, parts: range, size: int) -> Iterator[bytes]:
        asked = f"SELECT {column} FROM {table} WHERE part >= ? AND part < ?"  # noqa: S608 - likewise
        for (told,) in self._database.rows(asked, parts.start, parts.stop):
            for at in range(0, len(told), size):
                yield told[at : at + size]


def _part(key: bytes) -> int:
    return key[0] << 2 | key[1] >> 6


def pieces(count: int) -> list[range]:
    """All parts, so many together that about 10,000 of `count` rows are in them."""
    step = max(1, min(PARTS, PARTS * _PIECE // max(1, count)))
    return [range(at, min(at + step, PARTS)) for at in range(0, PARTS, step)]


def discard(path: Path) -> None:
    """Remove a database."""
    for suffix in _FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def put_aside(path: Path) -> Path:
    """Rename a damaged database, so that it can be looked at; only the last one is kept."""
    kept = path.with_name(path.name + ".damaged")
    discard(kept)
    for suffix in _FILES:
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(kept.with_name(kept.name + suffix))
    return kept
