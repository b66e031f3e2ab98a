"""The inventories of fragments that hosts tell: kept in SQLite, acknowledged once they are synced.

An inventory is 4,096 buckets of sorted records, and the changes told since they were last folded
into them. Both are as of `Progress.held`. All of it is derived: what is damaged is put away, and
asked for again.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from collector import times
from collector.counters import Counters
from collector.inventory import records as arrays
from collector.inventory.margins import Margins, Owner
from collector.inventory.progress import (
    Progress,
    after_buckets,
    after_changes,
    after_digests,
    begun,
    bits,
)
from collector.inventory.records import RECORD, Records
from collector.inventory.rows import Bucket, Known, Rows
from collector.store.quarantine import Quarantine
from vigie import replies
from vigie.database import Writer
from vigie.errors import FrameError, StoreDamaged, StoreError, Unavailable
from vigie.fragments import BUCKETS, DIGEST, Message
from vigie.network.places import inside

log = logging.getLogger(__name__)

MAX_INVENTORIES: Final = 20_000
FOLD_CHANGES: Final = 50_000
FOLD_SHARE: Final = 8
"""Changes are folded once they are so many, and one in so many of the records: folding writes all
buckets that they touch."""
FOLD_MESSAGES: Final = 1_000
FULL_FOLDS: Final = 4
"""Changes are not taken any more where this many folds are due."""
STEP_BUCKETS: Final = 64
"""Read or written at once."""
LOCK_SECONDS: Final = 1.0


@dataclass(slots=True)
class Inventory:
    """One store on one host; what it holds beyond this is in the file."""

    owner: Owner
    host: str
    progress: Progress = field(default_factory=Progress)
    learned: float = 0.0
    changes: int = 0
    messages: int = 0
    """Of changes that are not folded yet."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, held: int) -> float:
        """How many folds are due of an inventory of `held` records."""
        many = max(FOLD_CHANGES, held // FOLD_SHARE)
        return max(self.changes / many, self.messages / FOLD_MESSAGES)


class Fragments:
    """What every host told of its fragments."""

    def __init__(
        self, path: Path, quarantine: Quarantine, margins: Margins, counters: Counters,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        """Nothing is taken before `load`; `clock` tells Unix time."""
        self._path, self._quarantine, self._clock = path, quarantine, clock
        self._margins, self._counters = margins, counters
        self._lock, self._closing = threading.Lock(), threading.Event()
        self._inventories: dict[tuple[str, str, str], Inventory] = {}
        self._rows: Rows | None = None
        counters.watch("fragments_margins_bytes", lambda: margins.size)
        counters.watch("fragments_inventories", lambda: len(self._all()))
        counters.watch("fragments_pending_changes", lambda: sum(i.changes for i in self._all()))
        counters.watch(
            "fragments_wanted_buckets",
            lambda: sum(i.progress.wanted.bit_count() for i in self._all()),
        )

    def load(self) -> None:
        """Read what is kept, and begin to take; a file that cannot be read is put away.

        Raises:
            StoreError: the disk failed.
        """
        try:
            rows = self._read()
        except StoreDamaged as error:
            self._put_away(str(error))
            rows = self._read()
        if self._closing.is_set():
            rows.close()
        else:
            self._rows = rows

    def close(self) -> None:
        """End; what is loading is left."""
        self._closing.set()
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.close()

    def receive(self, message: Message, payload: memoryview) -> replies.FragmentsHeld:
        """Keep what a message tells; when this returns it is synced.

        Raises:
            FrameError: `record` or `numbering`: nothing of it is kept.
            Refused: 409, it is of an epoch that had ended.
            Unavailable: it may come again; nothing of it is kept.
        """
        rows = self._opened()
        told = arrays.read(message, payload)
        with self._locked(message) as inventory:
            before = inventory.progress
            progress = begun(before, message)
            if progress.epoch != before.epoch:
                self._fold(rows, inventory)  # their numbers are the former epoch's
            if message.kind == "delta":
                after = self._take_changes(rows, inventory, progress, message, told)
            elif message.kind == "buckets":
                after = self._take_buckets(rows, inventory, progress, message, told)
            else:
                after = self._take_digests(rows, inventory, progress, message, payload)
            inventory.progress, inventory.learned = after, self._clock()
            self._counters.add("fragments_messages_total", kind=message.kind)
            self._counters.add("fragments_gaps_total", after.gaps - before.gaps)
            return after.answer()

    def fold(self) -> None:
        """Fold the changes of those inventories that have many; a duty calls it."""
        rows = self._rows
        for inventory in self._all() if rows else ():
            if rows and inventory.due(self._margins.records(inventory.owner)) >= 1:
                with inventory.lock:
                    self._fold(rows, inventory)

    def inventories(self, scope: str) -> list[replies.FragmentInventory]:
        """Those within a scope.

        Raises:
            Unavailable: they are still being read.
        """
        self._opened()
        return [
            replies.FragmentInventory(
                i.owner.container, i.host, i.owner.store, self._margins.records(i.owner),
                i.progress.held, i.progress.wanted.bit_count(), i.progress.gaps,
                times.text(i.learned),
            )
            for i in sorted(self._all(), key=lambda i: (i.owner.container, i.host, i.owner.store))
            if inside(f"{i.owner.container}/{i.host}", scope)
        ]  # fmt: skip

    def owners(self, container: str, host: str | None = None) -> list[Owner]:
        """Whose inventories those of a container are, or those of one host of it.

        Raises:
            Unavailable: they are still being read, or lack something.
        """
        self._opened()
        mine = [
            i for i in self._all()
            if i.owner.container == container and (host is None or i.host == host)
        ]  # fmt: skip
        if not all(i.progress.complete for i in mine):
            raise Unavailable(f"not all that lies in {container} is known yet", 60)
        return [i.owner for i in mine]

    def complete(self, stores: set[str], scope: str) -> bool:
        """Whether nothing is missing of these stores, as far as they lie in a scope."""
        return all(
            i.progress.complete
            for i in self._all()
            if i.owner.store in stores and inside(f"{i.owner.container}/{i.host}", scope)
        )

    def _take_changes(
        self, rows: Rows, inventory: Inventory, progress: Progress, message: Message, told: Records
    ) -> Progress:
        owner = inventory.owner
        if inventory.due(self._margins.records(owner)) >= FULL_FOLDS:
            raise Unavailable("these fragments change faster than is kept up with", 5)
        after, known = after_changes(progress, message)
        own = arrays.renumbered(told[known:], after.told_schemes, after.told_disks)
        changed = arrays.latest(own)
        self._margins.check_room(changed, after.schemes)
        if after == inventory.progress:
            return after
        with rows.write() as write:
            self._note(rows, write, inventory, after)
            if len(own):
                rows.put_changes(write, owner, message.first + known, own)
        inventory.changes += len(own)
        inventory.messages += len(own) > 0
        self._margins.tell(owner, changed, after.schemes)
        self._counters.add("fragments_changes_total", len(own))
        return after

    def _take_buckets(
        self, rows: Rows, inventory: Inventory, progress: Progress, message: Message, told: Records
    ) -> Progress:
        after, taken = after_buckets(progress, message)
        if not taken:
            return after
        own = arrays.latest(arrays.renumbered(told, after.told_schemes, after.told_disks))
        if len(own) != len(told):
            raise FrameError("record", "a fragment is twice in a bucket")
        self._margins.check_room(own, after.schemes)
        begins, at = arrays.ranges(own), 0
        buckets = []
        for number, count in message.buckets:
            digest = arrays.digest(message.epoch, told[at : at + count].tobytes())
            buckets.append(Bucket(number, digest, own[begins[number] : begins[number + 1]]))
            at += count
        with rows.write() as write:
            self._note(rows, write, inventory, after)
            rows.put_buckets(write, inventory.owner, buckets)
        numbers = [number for number, _ in message.buckets]
        self._margins.replace(inventory.owner, numbers, own, after.schemes)
        self._counters.add("fragments_bucket_records_total", len(own))
        return after

    def _take_digests(
        self, rows: Rows, inventory: Inventory, progress: Progress, message: Message,
        payload: memoryview,
    ) -> Progress:  # fmt: skip
        if message.sequence < progress.held:
            return progress
        self._fold(rows, inventory)
        # Folding may have met damage, and wants those buckets too.
        progress = replace(progress, wanted=progress.wanted | inventory.progress.wanted)
        pairs = enumerate(zip(DIGEST.unpack(payload), rows.digests(inventory.owner), strict=True))
        differing = [number for number, (told, own) in pairs if told != own]
        after = after_digests(progress, message, differing)
        with rows.write() as write:
            self._note(rows, write, inventory, after)
        self._counters.add("fragments_differing_buckets_total", len(differing))
        return after

    def _fold(self, rows: Rows, inventory: Inventory) -> None:
        """Put the changes that were told into their buckets; a kill in between only repeats it."""
        owner, told = inventory.owner, rows.changes(inventory.owner)
        if not told.messages:
            return
        changes = arrays.latest(told.records)
        begins = arrays.ranges(changes)
        touched = np.flatnonzero(np.diff(begins)).tolist()
        damaged: list[int] = []
        for at in range(0, len(touched), STEP_BUCKETS):
            with rows.write() as write:
                for number in touched[at : at + STEP_BUCKETS]:
                    some = changes[begins[number] : begins[number + 1]]
                    old, bad = rows.buckets(owner, number, number + 1)
                    damaged += bad
                    before = old[0] if old else Bucket(number, 0, np.empty(0, RECORD))
                    after = _merged(before, some, inventory.progress)
                    rows.put_buckets(write, owner, [after])
                if damaged:  # from here on nothing else knows of it
                    inventory.progress = _missing(inventory.progress, damaged)
                    self._note(rows, write, inventory, inventory.progress)
        inventory.progress = _missing(inventory.progress, [], changes_too=told.damaged)
        with rows.write() as write:
            self._note(rows, write, inventory, inventory.progress)
            rows.drop_changes(write, owner, told.last)
        inventory.changes = inventory.messages = 0
        self._counters.add("fragments_folds_total")

    def _note(self, rows: Rows, write: Writer, inventory: Inventory, progress: Progress) -> None:
        rows.note(write, Known(inventory.owner, inventory.host, progress, self._clock()))

    def _read(self) -> Rows:
        """All that is kept, into memory."""
        rows = Rows(self._path, lambda detail: self._quarantine.missing(self._path, detail))
        try:
            for known in rows.inventories():
                if self._closing.is_set():
                    break
                inventory = Inventory(known.owner, known.host, known.progress, known.learned)
                self._read_records(rows, inventory)
                place = (known.owner.container, known.host, known.owner.store)
                self._inventories[place] = inventory
        except StoreError:
            rows.close()
            raise
        return rows

    def _read_records(self, rows: Rows, inventory: Inventory) -> None:
        owner, schemes = inventory.owner, inventory.progress.schemes
        damaged = []
        for begin in range(0, BUCKETS, STEP_BUCKETS):
            if self._closing.is_set():
                return
            found, bad = rows.buckets(owner, begin, begin + STEP_BUCKETS)
            damaged += bad
            records = arrays.joined([bucket.records for bucket in found])
            self._margins.tell(owner, records, schemes)
        told = rows.changes(owner)
        self._margins.tell(owner, arrays.latest(told.records), schemes)
        inventory.changes, inventory.messages = len(told.records), told.messages
        inventory.progress = _missing(inventory.progress, damaged, changes_too=told.damaged)

    def _put_away(self, detail: str) -> None:
        self._margins.clear()
        self._inventories.clear()
        for part in (self._path, *(Path(f"{self._path}{end}") for end in ("-wal", "-shm"))):
            if part.exists():
                self._quarantine.file(part, f"fragments, asked for again: {detail}")

    def _opened(self) -> Rows:
        if self._rows is None:
            raise Unavailable("the fragments are still being read", 5)
        return self._rows

    @contextlib.contextmanager
    def _locked(self, message: Message) -> Iterator[Inventory]:
        """The inventory of a message, to oneself."""
        identity = (message.container, message.host, message.store)
        with self._lock:
            inventory = self._inventories.get(identity)
            if inventory is None:
                if len(self._inventories) >= MAX_INVENTORIES:
                    raise Unavailable(f"more than {MAX_INVENTORIES} inventories of fragments", 600)
                taken = (i.owner.number for i in self._inventories.values())
                owner = Owner(1 + max(taken, default=0), message.container, message.store)
                inventory = self._inventories[identity] = Inventory(owner, message.host)
        if not inventory.lock.acquire(timeout=LOCK_SECONDS):
            raise Unavailable("these fragments are being folded; come back soon", 2)
        try:
            yield inventory
        finally:
            inventory.lock.release()

    def _all(self) -> list[Inventory]:
        """Those of which something is kept."""
        with self._lock:
            return [i for i in self._inventories.values() if i.progress.epoch]


def _merged(bucket: Bucket, changes: Records, progress: Progress) -> Bucket:
    """A bucket with changes put over it."""
    records, changed = arrays.merged(bucket.records, changes)
    wire = arrays.restored(changed, progress.told_schemes, progress.told_disks)
    digest = bucket.digest ^ arrays.digest(progress.epoch, wire.tobytes())
    return Bucket(bucket.number, digest, records)


def _missing(progress: Progress, buckets: list[int], *, changes_too: bool = False) -> Progress:
    """Some buckets are damaged, or changes of who knows which buckets."""
    wanted = progress.wanted | bits(buckets)
    return replace(progress, wanted=wanted, digests=progress.digests or changes_too)
