"""The digests of an inventory's buckets, kept as its records change."""

from array import array
from typing import Final

from vigie.fragments import BUCKETS, DIGEST, bucket, record_hasher

_HALF: Final = 1 << 63


class Digests:
    """Of each bucket, the XOR of the hashes of its records; `changed` are those not yet saved."""

    def __init__(self, epoch: str) -> None:
        self._hash = record_hasher(epoch)
        self._sums = array("Q", bytes(8 * BUCKETS))
        self.changed: set[int] = set()

    def mix(self, record: bytes) -> None:
        """A record came or went: twice the same is as if it had never been."""
        number = bucket(record)
        self._sums[number] ^= self._hash(record)
        self.changed.add(number)

    def saved(self) -> list[tuple[int, int]]:
        """(bucket, signed number) of what changed since the last time, for a database."""
        rows = [(n, self._sums[n] - (self._sums[n] >= _HALF) * 2 * _HALF) for n in self.changed]
        self.changed.clear()
        return rows

    def restore(self, number: int, saved: int) -> None:
        """Take back what was saved."""
        self._sums[number] = saved % (2 * _HALF)

    def pack(self) -> bytes:
        """The payload of a message."""
        return DIGEST.pack(*self._sums)
