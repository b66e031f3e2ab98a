"""The fragments of one store on one host as arrays: what changed, and what any upstream lacks.

The records are those of `vigie.fragments`, 43 bytes each, and never looked at alone but for the
digests, which a hash of each goes into.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from twin.turn import Holding
from vigie.fragments import BUCKETS, OBJECT_BYTES, RECORD, Scheme, Status

WIRE: Final = np.dtype([
    ("oid", f"V{OBJECT_BYTES}"), ("idx", "<u2"), ("scheme", "<u2"), ("size", "<u8"),
    ("verified", "<u4"), ("since", "<u4"), ("disk", "<u2"), ("generation", "<u4"),
    ("status", "u1"),
])  # fmt: skip
KEPT: Final = 200_000
"""Changes that are remembered; who lacks older ones asks for digests."""

Records = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Root:
    """Where they lie."""

    disk: str


@dataclass(slots=True)
class Stock:
    """What one host holds of one store; `take` by one thread, the rest by any."""

    host: str
    store: str
    epoch: str
    schemes: list[Scheme]
    roots: list[Root]
    sequence: int = 0
    _records: Records = field(default_factory=lambda: np.empty(0, WIRE))
    """Sorted by object and index, and so by bucket."""
    _unsorted: Records = field(default_factory=lambda: np.empty(0, WIRE))
    _order: NDArray[np.intp] | None = None
    """What sorts them: the same as long as the same fragments come in the same order."""
    _log: list[Records] = field(default_factory=list)
    _logged: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, holding: Holding, epoch: str) -> "Stock":
        """An empty one for what this holding is about."""
        scheme, root = Scheme(holding.k, holding.n), Root(f"{holding.host}/{holding.store}")
        return cls(holding.host, holding.store, epoch, [scheme], [root])

    def take(self, holding: Holding, now: int) -> int:
        """Note what is held now (`now` in Unix seconds); returns how many records changed."""
        records = _records(holding, now)
        if self._order is None or not _same_names(records, self._unsorted):
            self._unsorted, self._order = records, np.argsort(_ranks(records), kind="stable")
        return self._put(records[self._order])

    def empty(self) -> None:
        """Nothing of the store is held any more."""
        self._put(np.empty(0, WIRE))

    def _put(self, fresh: Records) -> int:
        with self._lock:
            changes = _kept(self._records, fresh)
            self._records = fresh
            if len(changes):
                self._log.append(changes)
                self._logged += len(changes)
                self.sequence += len(changes)
                while len(self._log) > 1 and self._logged - len(self._log[0]) >= KEPT:
                    self._logged -= len(self._log.pop(0))
            return len(changes)

    @property
    def total(self) -> int:
        """Fragments held, whatever their state."""
        return len(self._records)

    def changes(self, after: int, limit: int) -> tuple[int, bytes, int] | None:
        """As `agent.fragments.ship.Told` has it."""
        with self._lock:
            skipped = after - (self.sequence - self._logged)
            if skipped < 0:
                return None
            told: list[bytes] = []
            count = 0
            for some in self._log:
                if skipped >= len(some):
                    skipped -= len(some)
                    continue
                part = some[skipped : skipped + limit - count]
                told.append(part.tobytes())
                count, skipped = count + len(part), 0
                if count == limit:
                    break
            return after + 1, b"".join(told), after + count

    def digests(self) -> tuple[int, bytes]:
        """As `agent.fragments.ship.Told` has it."""
        with self._lock:
            sequence, records = self.sequence, self._records
        keyed, packed = blake2b(digest_size=8, key=self.epoch.encode()[:64]), records.tobytes()
        hashes = bytearray()
        for begin in range(0, len(packed), RECORD.size):
            hashed = keyed.copy()
            hashed.update(packed[begin : begin + RECORD.size])
            hashes += hashed.digest()
        found = np.zeros(BUCKETS, "<u8")
        np.bitwise_xor.at(found, _buckets(records), np.frombuffer(hashes, "<u8"))
        return sequence, found.tobytes()

    def bucket(
        self, numbers: Sequence[int], limit: int
    ) -> tuple[int, list[tuple[int, int]], bytes]:
        """As `agent.fragments.ship.Told` has it."""
        with self._lock:
            sequence, records = self.sequence, self._records
        edges = np.searchsorted(_buckets(records), np.arange(BUCKETS + 1))
        told: list[tuple[int, int]] = []
        parts: list[bytes] = []
        count = 0
        for number in numbers:
            found = records[edges[number] : edges[number + 1]]
            if told and count + len(found) > limit:
                break
            told.append((number, len(found)))
            parts.append(found.tobytes())
            count += len(found)
        return sequence, told, b"".join(parts)

    def acknowledge(self, upstream: str, held: int) -> None:
        """Nothing is kept of it: the model knows all it needs."""


def _records(holding: Holding, now: int) -> Records:
    records = np.zeros(len(holding.objects), WIRE)
    records["oid"], records["idx"] = holding.objects, holding.indexes
    records["size"], records["verified"] = holding.sizes, holding.verified
    records["since"], records["status"] = now, holding.status
    return records


def _kept(before: Records, fresh: Records) -> Records:
    """The changes from one to the other; what kept its status keeps in `fresh` since when."""
    if _same_names(before, fresh):
        at, same, gone = np.arange(len(fresh)), before, before[:0]
    else:
        old, new = _ranks(before), _ranks(fresh)
        place = np.searchsorted(old, new)
        known = place < len(old)
        known[known] = old[place[known]] == new[known]
        at, same = np.flatnonzero(known), before[place[known]]
        gone = before[~np.isin(old, new)].copy()
    # Fields of a structured array are views: what is assigned to goes into `fresh` itself.
    steady = fresh["status"][at] == same["status"]
    fresh["since"][at[steady]] = same["since"][steady]
    changed = np.ones(len(fresh), bool)
    changed[at] = _bytes(fresh[at]) != _bytes(same)
    gone["status"] = Status.GONE
    return np.concatenate([fresh[changed], gone], dtype=WIRE)


def _same_names(one: Records, other: Records) -> bool:
    """Whether both are of the same fragments in the same order."""
    return (
        len(one) == len(other)
        and np.array_equal(one["idx"], other["idx"])
        and bool((one["oid"] == other["oid"]).all())
    )


def _bytes(records: Records) -> NDArray[np.void]:
    return np.ascontiguousarray(records).view(f"V{WIRE.itemsize}")


def _ranks(records: Records) -> NDArray[np.bytes_]:
    """Object and index as bytes that sort as they do; no zero at an end may be lost to them."""
    keys = np.empty((len(records), OBJECT_BYTES + 3), np.uint8)
    keys[:, :OBJECT_BYTES] = (
        np.ascontiguousarray(records["oid"]).view(np.uint8).reshape(-1, OBJECT_BYTES)
    )
    keys[:, OBJECT_BYTES] = records["idx"] >> 8
    keys[:, OBJECT_BYTES + 1] = records["idx"] & 255
    keys[:, OBJECT_BYTES + 2] = 1
    return keys.view(f"S{OBJECT_BYTES + 3}").ravel()


def _buckets(records: Records) -> NDArray[np.int64]:
    oids = np.ascontiguousarray(records["oid"]).view(np.uint8).reshape(-1, OBJECT_BYTES)
    return oids[:, 0].astype(np.int64) << 4 | oids[:, 1] >> 4
