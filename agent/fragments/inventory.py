"""The fragments of one store on this host, in a file that survives restarts.

One row a fragment, without its path. Each change has a number; the newest are kept in a log, for
deltas. Digests and counts are kept as rows change. Threads may share it: who changes more than one
thing does so inside `change`, which is one transaction.
"""

import contextlib
import logging
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from agent.fragments import row, rows
from agent.fragments.digest import Digests
from agent.fragments.row import Row
from agent.fragments.rows import Rows, pieces
from agent.fragments.sighting import News, Root, Sightings
from agent.fragments.tally import Kind, Summary, Tally, kind
from vigie.database import Database, Writer
from vigie.errors import StoreDamaged, StoreError
from vigie.fragments import MAX_DISKS, MAX_SCHEMES, Record, Scheme, Status

CACHE_BYTES: Final = 16 << 20
BULK: Final = 2_000
"""So many new fragments at a time are put aside, and merged in order later: each would else touch a
page of its own."""
LOG_CHANGES: Final = 500_000
"""Changes kept for deltas, about; 18 bytes each. Who is farther behind asks for digests."""

Change = tuple[bytes | None, bytes | None]
"""The value of a fragment before and after; None is no fragment."""

log = logging.getLogger(__name__)


class Inventory:
    """Everything known of the fragments of one store; times are Unix seconds."""

    def __init__(self, database: Database, mark: str) -> None:
        """`mark` says what the inventory depends on: key, store and reader."""
        self._database, self._rows = database, Rows(database)
        self._lock = threading.RLock()
        self._depth = 0
        self.set_aside: Path | None = None
        """Where a damaged file was put when this one was opened."""
        if self._rows.word("mark") != mark:
            with database.write():
                self._rows.set_word("mark", mark)
                self._rows.set_word("epoch", secrets.token_hex(8))
        self._load()

    @classmethod
    def open(cls, path: Path, mark: str) -> Self:
        """The inventory in that file; a new one in a new epoch where there is none that is sound.

        Raises:
            StoreError: the disk or its rights do not let it be opened.
        """
        aside = None
        try:
            database = _database(path)
            kept = Rows(database).word("mark")
            if kept not in {None, mark}:
                log.warning("inventory begins anew", extra={"file": path, "reason": "settings"})
                database.close()
                rows.discard(path)
                database = _database(path)
        except StoreDamaged as error:
            aside = rows.put_aside(path)
            log.warning("inventory damaged", extra={"file": path, "kept": aside, "error": error})
            database = _database(path)
        inventory = cls(database, mark)
        inventory.set_aside = aside
        return inventory

    @classmethod
    def glance(cls, path: Path) -> Self:
        """The inventory that another process has open, to be read only.

        Raises:
            StoreError: there is none.
        """
        if not path.exists():
            raise StoreError(f"{path}: no inventory there yet")
        database = Database(path, rows.TABLES, check=False)
        return cls(database, Rows(database).word("mark") or "")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _load(self) -> None:
        """Take what is kept in memory from the file."""
        self.epoch = self._rows.word("epoch") or ""
        self.sequence = int(self._rows.word("sequence") or 0)
        self.counters = self._rows.counters()
        self._tally = Tally(self._rows.tallies())
        self._digests = Digests(self.epoch)
        for number, saved in self._rows.digests():
            self._digests.restore(number, saved)
        self.roots = [Root(*told) for told in self._rows.roots()]
        self.staged = self._rows.stage_size()
        self.schemes = [Scheme(*told) for told in self._rows.schemes()]

    @contextlib.contextmanager
    def change(self) -> Iterator[Writer]:
        """One transaction: everything in the block is kept, or nothing.

        Raises:
            StoreError: the disk refuses.
        """
        with self._lock:
            self._depth += 1
            try:
                with self._database.write() as write:
                    yield write
                    if self._depth == 1:
                        self._rows.save(self.sequence, self.counters, self._digests, self._tally)
            except BaseException:
                if self._depth == 1:
                    # What is in memory is ahead of the file; a damaged file is of no help.
                    with contextlib.suppress(StoreError):
                        self._load()
                raise
            finally:
                self._depth -= 1

    # What the walk tells

    def root(self, path: str, disk: str) -> Root:
        """The root at that path while it is on that disk; declared when it is new.

        Raises:
            StoreError: there were 4,096 already in this epoch.
        """
        with self.change() as write:
            for known in self.roots:
                if (known.path, known.disk) == (path, disk):
                    return known
            if len(self.roots) == MAX_DISKS:
                raise StoreError(f"{path}: more than {MAX_DISKS} roots and disks in one inventory")
            new = Root(len(self.roots), path, disk)
            write.execute("INSERT INTO root VALUES (?, ?, ?)", (new.number, path, disk))
            self.roots.append(new)
            return new

    def scheme(self, scheme: Scheme) -> int:
        """The number of a scheme; declared when it is new. Raises StoreError beyond 256."""
        with self.change() as write:
            if scheme not in self.schemes:
                if len(self.schemes) == MAX_SCHEMES:
                    raise StoreError(f"{scheme.word}: more than {MAX_SCHEMES} schemes in one store")
                numbered = (len(self.schemes), scheme.k, scheme.n)
                write.execute("INSERT INTO scheme VALUES (?, ?, ?)", numbered)
                self.schemes.append(scheme)
            return self.schemes.index(scheme)

    def news(self, sightings: Sightings) -> News:
        """Those that would change what is known: new, changed, back, or no longer readable."""
        with self._lock:
            known = self._rows.values(sightings) if self.total else {}
            told = {k: s for k, s in sightings.items() if row.news(known.get(k), s[0])}
            return News(self.sequence, told, {k: known.get(k) for k in told})

    def upsert(self, news: News, schemes: Mapping[bytes, int], now: int) -> None:
        """Take in sightings; `schemes` are the numbers of their schemes, by key.

        What has no look becomes unreadable where it was known; what has no scheme is left out.
        """
        with self.change():
            known = news.known
            if news.sequence != self.sequence:  # something has changed since
                known = self._rows.values(news.sightings)
            changes: dict[bytes, Change] = {}
            new: dict[bytes, bytes] = {}
            for key, (look, _) in news.sightings.items():
                before = known.get(key)
                if not look:
                    if before is not None and row.status(before) != Status.UNREADABLE:
                        changes[key] = before, row.turned(before, Status.UNREADABLE, now)
                elif key in schemes and row.news(before, look):
                    after = row.sighted(before, look, schemes[key], now)
                    if before is None:
                        new[key] = after
                    else:
                        changes[key] = before, after
            if len(new) < BULK:
                changes.update((key, (None, after)) for key, after in new.items())
            else:
                self._rows.stage(new)
                self.staged += len(new)
            self._apply(changes, now)

    def merge(self, now: int) -> None:
        """Take in what `upsert` has put aside, in the order in which rows lie in the file."""
        for parts in pieces(self.staged) if self.staged else ():
            with self.change():
                new = self._rows.staged(parts)
                known = self._rows.values(new)  # told of since: that is newer
                self._apply({k: (None, v) for k, v in new.items() if k not in known}, now)
                self._rows.unstage(parts)
        with self.change():
            self.staged = self._rows.stage_size()

    def see(self, keys: Iterable[bytes]) -> None:
        """Note what a walk has found."""
        with self.change():
            self._rows.see(keys)

    def unsee(self) -> None:
        """Forget what was noted: a walk has ended."""
        with self.change():
            self._rows.unsee()

    def unseen(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Key and value of all fragments that no walk has noted, some thousands at a time."""
        for parts in pieces(self.total):
            with self._lock:
                noted, found = self._rows.seen(parts), self._rows.within(parts)
            yield [(k, v) for k, v in found if row.short(k) not in noted]

    def miss(self, keys: Iterable[bytes], now: int) -> None:
        """Say of fragments that they are gone from where they were."""
        with self.change():
            changes: dict[bytes, Change] = {}
            for key, before in self._rows.values(keys).items():
                if row.status(before) != Status.MISSING:
                    changes[key] = before, row.turned(before, Status.MISSING, now)
            self.count("removed", len(changes))
            self._apply(changes, now)

    def forget(self, keys: Iterable[bytes], now: int) -> None:
        """Let go of fragments for good."""
        with self.change():
            known = self._rows.values(keys)
            self._apply({k: (v, None) for k, v in known.items()}, now)

    # What the scrub asks and tells

    def record(self, oid: bytes, idx: int) -> Record | None:
        """What is known of a fragment; None where it is unknown."""
        with self._lock:
            value = self._rows.values([row.key(oid, idx)]).get(row.key(oid, idx))
        if value is None:
            return None
        of = Row.of(value)
        return Record(oid, idx, of.scheme, of.size, of.verified, of.since, of.root, 0, of.status)

    def checked(self, oid: bytes, idx: int, status: Status, at: int, size: int) -> None:
        """Say how the content of a fragment was found, in `size` bytes, and count it.

        Cheap inside a `change` with others; alone it is a synced transaction. `MISSING` says that
        the file is not there, UNVERIFIED that it was read and nothing vouches for it.
        """
        with self.change():
            name = row.key(oid, idx)
            before = self._rows.values([name]).get(name)
            if status != Status.MISSING:
                self.count("verified")
                self.count("verified_bytes", size)
                self.count("verify_errors", int(status in {Status.CORRUPT, Status.UNREADABLE}))
            if before is None:
                return
            if status == Status.MISSING:
                self.miss([name], at)
            elif (after := row.checked(before, status, size, at)) != before:
                self._apply({name: (before, after)}, at)

    def cursor(self, name: str) -> str:
        """A text that was kept under that name; "" where there is none."""
        with self._lock:
            return self._rows.word("cursor " + name) or ""

    def set_cursor(self, name: str, text: str) -> None:
        """Keep a text under a name; "" lets go of it."""
        with self.change():
            self._rows.set_word("cursor " + name, text or None)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter; it is kept with the next change."""
        with self._lock:
            self.counters[name] = self.counters.get(name, 0) + by

    # What the upstreams are told

    def changes(self, after: int, limit: int) -> tuple[int, bytes, int] | None:
        """Records of at most `limit` changes after that one: first number, bytes, last number.

        None where the log does not reach back so far.
        """
        with self._lock:
            keys = self._rows.logged(after, limit)
            if keys is None:
                return None
            known = self._rows.values(keys)
            told = [row.record(k, Row.of(known[k])) if k in known else row.gone(k) for k in keys]
            return after + 1, b"".join(told), after + len(keys)

    def digests(self) -> tuple[int, bytes]:
        """The digests of all buckets, and the number of the change that they are as of."""
        with self._lock:
            return self.sequence, self._digests.pack()

    def bucket(
        self, numbers: Sequence[int], limit: int
    ) -> tuple[int, list[tuple[int, int]], bytes]:
        """All records of the first of some buckets, as of one change: at least one bucket's.

        Returns the change, (bucket, records) of each, and the records; further buckets are left
        out that would make it more than `limit` records.
        """
        with self._lock:
            told: list[tuple[int, int]] = []
            payload = bytearray()
            for number in numbers:
                found = self._rows.bucket(number)
                if told and sum(n for _, n in told) + len(found) > limit:
                    break
                told.append((number, len(found)))
                payload += b"".join(row.record(k, Row.of(v)) for k, v in found)
            return self.sequence, told, bytes(payload)

    def acknowledge(self, upstream: str, held: int) -> None:
        """An upstream holds everything up to that change."""
        with self.change():
            self._rows.set_word("held " + upstream, str(held))
            if held >= self.sequence:
                self._rows.set_word("behind", None)

    def acknowledged(self, upstreams: Iterable[str]) -> int:
        """The number of the last change that any of those upstreams holds; 0: none holds any."""
        with self._lock:
            return max((int(self._rows.word("held " + u) or 0) for u in upstreams), default=0)

    def behind(self, now: float) -> float:
        """Seconds since an upstream held all that is known here; 0 while one does."""
        with self._lock:
            since = self._rows.word("behind")
            return max(0.0, now - float(since)) if since else 0.0

    # What people are told

    @property
    def total(self) -> int:
        """Fragments known, whatever their state."""
        with self._lock:
            return self._tally.total

    def summary(self, now: float) -> Mapping[Scheme, Summary]:
        """Counts, size and ages of each scheme."""
        with self._lock:
            numbered = enumerate(self.schemes)
            return {scheme: self._tally.summary(n, now) for n, scheme in numbered}

    def here(self, root: Root) -> int:
        """Fragments of a root that are not missing."""
        with self._lock:
            return self._tally.here(root.number)

    def damaged(self) -> Mapping[Status, int]:
        """How many fragments are corrupt, missing and unreadable."""
        with self._lock:
            return self._tally.damaged()

    def _apply(self, changes: Mapping[bytes, Change], now: int) -> None:
        """Replace values; numbers, digests and counts follow."""
        kinds: dict[Kind, tuple[int, int]] = {}
        for key, (before, after) in changes.items():
            if before is not None:
                self._shift(kinds, key, Row.of(before), -1)
            if before is None or row.status(before) == Status.MISSING:
                self.count("added", after is not None)
            if after is not None:
                self._shift(kinds, key, Row.of(after), 1)
        self._tally.shift(kinds)
        if changes:
            self._rows.replace({k: after for k, (_, after) in changes.items()})
            self._rows.append(self.sequence + 1, list(changes), LOG_CHANGES)
            self.sequence += len(changes)
            if self._rows.word("behind") is None:
                self._rows.set_word("behind", str(now))

    def _shift(self, kinds: dict[Kind, tuple[int, int]], key: bytes, of: Row, by: int) -> None:
        """A row came (1) or went (-1)."""
        self._digests.mix(row.record(key, of))
        like = kind(of)
        number, size = kinds.get(like, (0, 0))
        kinds[like] = number + by, size + by * of.size


def _database(path: Path) -> Database:
    return Database(path, rows.TABLES, erase=False, cache_bytes=CACHE_BYTES)
