"""Records of fragments as arrays: read from a message, sorted, merged, hashed. Pure."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from vigie.errors import FrameError
from vigie.fragments import BUCKETS, Message, Status
from vigie.fragments import RECORD as WIRE

RECORD: Final = np.dtype([
    ("head", ">u8"), ("tail", ">u8"), ("idx", "<u2"), ("scheme", "<u2"), ("size", "<u8"),
    ("verified", "<u4"), ("since", "<u4"), ("disk", "<u2"), ("generation", "<u4"),
    ("status", "u1"),
])  # fmt: skip
"""As on the wire, the object's id in two halves; numbers of scheme and disk may be others."""
BUCKET_SHIFT: Final = np.uint64(52)
NO_DISK: Final = 2**16 - 1
_STATUS: Final = np.isin(np.arange(256), [int(status) for status in Status])

Records = NDArray[Any]
T = TypeVar("T")


def read(message: Message, payload: memoryview) -> Records:
    """The records of a message, in its order; not to be written to. Digests have none.

    Raises:
        FrameError: `record`, one says what cannot be.
    """
    records = np.frombuffer(b"" if message.kind == "digests" else payload, RECORD)
    there = records[records["status"] != Status.GONE]
    _check(_STATUS[records["status"]].all(), "a status is none")
    _check((there["scheme"] < len(message.schemes)).all(), "a scheme is not listed")
    n = np.array([0, *(scheme.n for scheme in message.schemes)])
    _check((there["idx"] < n[there["scheme"] + np.uint32(1)]).all(), "an index is n or more")
    _check((there["disk"] < max(1, len(message.disks))).all(), "a disk is not listed")
    if message.kind == "buckets":
        _check(len(there) == len(records), "a fragment that is gone is in no bucket")
        numbers, counts = np.array(message.buckets, np.int64).reshape(-1, 2).T
        _check(len(np.unique(numbers)) == len(numbers), "a bucket is there twice")
        due = np.repeat(numbers, counts)
        _check((bucket(records) == due).all(), "a record is not of its bucket")
    return records


def _check(good: Any, otherwise: str) -> None:
    if not good:
        raise FrameError("record", otherwise)


def bucket(records: Records) -> NDArray[np.int64]:
    """Each record's bucket."""
    return (records["head"].astype(np.uint64) >> BUCKET_SHIFT).astype(np.int64)


def latest(records: Records) -> Records:
    """Sorted by object and index, of each fragment the last only."""
    heads, tails = records["head"].astype(np.uint64), records["tail"].astype(np.uint64)
    order = np.lexsort((records["idx"], tails, heads))
    records = records[order]
    return records[_last(records)] if len(records) else records


def merged(old: Records, new: Records) -> tuple[Records, Records]:
    """Old records with newer ones put over them, both as of `latest`, and those that are changed.

    GONE ones are taken out. The second are all that leave and all that come: what is to be XORed
    into the digest of the old, to have that of the merged.
    """
    both = joined([old, new])
    order = np.lexsort(
        (both["idx"], both["tail"].astype(np.uint64), both["head"].astype(np.uint64))
    )
    both = both[order]
    kept = _last(both) & (both["status"] != Status.GONE)
    came = order >= len(old)
    return both[kept], both[(~kept & ~came) | (kept & came)]


def joined(some: Sequence[Records]) -> Records:
    """One after the other; numpy alone would turn the bytes of the ids to the machine's order."""
    return np.concatenate([np.empty(0, RECORD), *some], dtype=RECORD)


def _last(records: Records) -> NDArray[np.bool_]:
    """Which of sorted records is the last of its fragment."""
    last = np.ones(len(records), bool)
    last[:-1] = (
        (records["head"][1:] != records["head"][:-1])
        | (records["tail"][1:] != records["tail"][:-1])
        | (records["idx"][1:] != records["idx"][:-1])
    )
    return last


def ranges(records: Records) -> NDArray[np.int64]:
    """Where each bucket begins among sorted records, and at last their end: 4,097 numbers."""
    return np.searchsorted(bucket(records), np.arange(BUCKETS + 1)).astype(np.int64)


def digest(epoch: str, packed: bytes) -> int:
    """The XOR of `vigie.fragments.record_hash` of records as they are on the wire."""
    keyed, hashes = blake2b(digest_size=8, key=epoch.encode()[:64]), []
    for begin in range(0, len(packed), WIRE.size):
        hashed = keyed.copy()
        hashed.update(packed[begin : begin + WIRE.size])
        hashes.append(hashed.digest())
    return int(np.bitwise_xor.reduce(np.frombuffer(b"".join(hashes), "<u8"), initial=0))


def numbered(own: Sequence[T], told: Sequence[T]) -> tuple[tuple[T, ...], tuple[int, ...]]:
    """One's own list, with what it lacks of what was told; and each told one's place in it.

    What was told twice has two places.
    """
    places: dict[tuple[T, int], int] = {}
    seen: dict[T, int] = {}
    for place, thing in enumerate(own):
        seen[thing] = seen.get(thing, 0) + 1
        places[thing, seen[thing]] = place
    longer, found = list(own), []
    seen.clear()
    for thing in told:
        seen[thing] = seen.get(thing, 0) + 1
        place = places.setdefault((thing, seen[thing]), len(longer))
        if place == len(longer):
            longer.append(thing)
        found.append(place)
    return tuple(longer), tuple(found)


def renumbered(records: Records, schemes: Sequence[int], disks: Sequence[int]) -> Records:
    """A copy with each scheme and disk as another number; those of GONE ones are 0."""
    copy = records.copy()
    there = records["status"] != Status.GONE
    for name, numbers in (("scheme", schemes), ("disk", disks)):
        table = np.full(2**16, NO_DISK, np.uint16)
        table[: len(numbers)] = numbers
        copy[name] = np.where(there, table[records[name]], 0)
    return copy


def restored(records: Records, schemes: Sequence[int], disks: Sequence[int]) -> Records:
    """The inverse of `renumbered`, for records that are there."""
    copy = records.copy()
    for name, numbers in (("scheme", schemes), ("disk", disks)):
        table = np.zeros(2**16, np.uint16)
        table[list(numbers)] = np.arange(len(numbers))
        copy[name] = table[records[name]]
    return copy
