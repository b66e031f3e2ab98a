"""A host that holds fragments and tells of them, as `vigie/fragments.py` says: small, and exact."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from vigie.fragments import (
    BUCKETS,
    DIGEST,
    Message,
    Record,
    Scheme,
    Status,
    bucket,
    pack,
    record_hash,
)
from vigie.replies import FragmentsHeld

CODE = Scheme(3, 5)
BATCH = 512
"""Buckets of one message."""


def oid(number: int) -> bytes:
    """The id of an object, spread over all buckets as hashes are."""
    return random.Random(number).randbytes(16)


def record(number: int, idx: int, status: int = Status.OK, **more: int) -> Record:
    """A fragment of an object known by a number."""
    members = {"scheme": 0, "size": 100, "verified": 7, "since": 5, "disk": 0, "generation": 0}
    return Record(oid(number), idx, **{**members, **more}, status=status)


@dataclass
class Host:
    """What one host holds of one store, and the changes that it still remembers."""

    container: str = "site/c1"
    host: str = "h1"
    store: str = "pool"
    epoch: str = "e1"
    schemes: tuple[Scheme, ...] = (CODE,)
    disks: tuple[str, ...] = ("disk-1",)
    records: dict[tuple[bytes, int], Record] = field(default_factory=dict)
    sequence: int = 0
    log: list[Record] = field(default_factory=list)
    """The last changes, up to `sequence`."""
    sent: list[str] = field(default_factory=list)
    """What `tell` sent: kinds of messages, and how many buckets."""

    def change(self, records: Iterable[Record]) -> None:
        """Fragments are now so."""
        for one in records:
            self.sequence += 1
            self.log.append(one)
            if one.status == Status.GONE:
                self.records.pop((one.oid, one.idx), None)
            else:
                self.records[one.oid, one.idx] = one

    def forget_log(self) -> None:
        """Changes are not remembered; whoever lacks some will ask for digests."""
        self.log.clear()

    def begin(self, epoch: str) -> None:
        """The memory was lost, and all was found again by a walk."""
        self.epoch, self.sequence = epoch, 0
        self.log.clear()

    def message(self, kind: str, sequence: int | None = None) -> Message:
        """The header of a message as of now."""
        return Message(
            kind, self.container, self.host, self.store, self.epoch,
            self.sequence if sequence is None else sequence,
            len(self.records), self.schemes, self.disks,
        )  # fmt: skip

    def delta(self, first: int = 0, most: int = 100_000) -> bytes:
        """Changes from a number on, or from the oldest that is remembered."""
        oldest = self.sequence - len(self.log) + 1
        first = max(first, oldest)
        some = self.log[first - oldest :][:most]
        header = replace(self.message("delta", first + len(some) - 1), first=first)
        return pack(header, b"".join(one.pack() for one in some))

    def digests(self) -> bytes:
        """The digest of every bucket."""
        found = [0] * BUCKETS
        for one in self.records.values():
            found[bucket(one.oid)] ^= record_hash(self.epoch, one.pack())
        return pack(self.message("digests"), DIGEST.pack(*found))

    def buckets(self, numbers: Iterable[int]) -> bytes:
        """The content of some buckets."""
        content: dict[int, list[Record]] = {number: [] for number in numbers}
        for one in self.records.values():
            if bucket(one.oid) in content:
                content[bucket(one.oid)].append(one)
        header = replace(
            self.message("buckets"), buckets=tuple((n, len(some)) for n, some in content.items())
        )
        return pack(header, b"".join(one.pack() for some in content.values() for one in some))

    def next(self, held: FragmentsHeld | None) -> bytes | None:
        """What to send after that answer; None when the collector has it all."""
        if held is None or held.held < self.sequence or held.epoch != self.epoch:
            self.sent.append("delta")
            return self.delta(held.held + 1 if held else 1)
        if held.digests:
            self.sent.append("digests")
            return self.digests()
        if held.buckets:
            some = held.buckets[:BATCH]
            self.sent.append(f"buckets {len(some)}")
            return self.buckets(some)
        return None

    def tell(
        self, post: Callable[[bytes], FragmentsHeld], most: int = 1_000
    ) -> FragmentsHeld | None:
        """Send until the collector has it all, or so many messages; its last answer."""
        held: FragmentsHeld | None = None
        for _ in range(most):
            body = self.next(held)
            if body is None:
                break
            held = post(body)
        return held
