"""What stands at stake where an alert is: GPUs, jobs, tenants, and objects that nothing else holds.

All of it is what the collector knows at that moment. GPUs and jobs are those of the newest rows,
tenants those whose jobs run, objects those that could not be rebuilt without the fragments that lie
there. What is not told is unknown, and not nothing.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alerts.lifecycle import Subject
from alerts.mass import shared
from alerts.outlook import Stakes
from alerts.rule import Rule
from collector.inventory.margins import Margins, Owner
from collector.store.schema import CONTAINER_COLUMN
from vigie.catalogue import NO_HOST, Gpu, Job, Queue
from vigie.errors import Unavailable, VigieError
from vigie.frame import TIME_COLUMN
from vigie.network.network import Network
from vigie.units import MICROSECONDS_PER_SECOND

KNOWN_SECONDS: Final = 3_600.0
"""What was told longer ago says nothing of now; a board of which nothing came since is gone."""
ENDED_SECONDS: Final = 60.0
"""A job that was not told of for so long, while its host told of others, has ended."""
COUNTED_SECONDS: Final = 10.0
"""How long a count stands."""
LOST_SECONDS: Final = 60.0
"""The same of objects."""
LOOKING_SECONDS: Final = 0.2
"""Time in a second that alerts may wait for objects to be counted: what is beyond comes later."""
MOST_WAITING: Final = 1_000

Place = tuple[str, ...]
"""A container, or a host in it, or a GPU in that."""


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series."""


class Inventories(Protocol):
    """Whose fragments are known."""

    def owners(self, container: str, host: str | None = None) -> Sequence[Owner]:
        """The inventories of a container, or of one host of it; all of them are complete.

        Raises:
            Unavailable: they are still being read, or lack something.
        """


@dataclass(frozen=True, slots=True)
class Counted:
    """What there is by place, as of `at` (Unix seconds); a place that is not there is unknown."""

    at: float = float("-inf")
    gpus: Mapping[Place, int] = field(default_factory=dict)
    jobs: Mapping[Place, int] = field(default_factory=dict)
    tenants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class AtStake:
    """Says what is lost where an alert is when its limit is reached."""

    def __init__(
        self, live: Newest, inventories: Inventories, margins: Margins,
        network: Callable[[], Network], *,
        clock: Callable[[], float] = time.time, timer: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`clock` tells Unix time; `timer` how long something takes."""
        self._live, self._inventories, self._margins = live, inventories, margins
        self._network, self._clock, self._timer = network, clock, timer
        self._lock = threading.Lock()
        self._counted = Counted()
        self._lost: dict[Place, tuple[float, int | None]] = {}
        self._waiting: dict[Place, None] = {}
        self._second, self._spent = 0.0, 0.0

    def __call__(self, subject: Subject, rule: Rule) -> Stakes | None:
        """What the rule's limit takes with it at that subject; None where it takes nothing."""
        loses = rule.limit.loses if rule.limit is not None else ()
        if not loses:
            return None
        where = place(subject, rule)
        counted = self._count() if set(loses) & {"gpus", "jobs", "tenants"} else self._counted
        return Stakes(
            gpus=self._gpus(counted, where) if "gpus" in loses else None,
            jobs=counted.jobs.get(where) if "jobs" in loses else None,
            tenants=counted.tenants.get(where[0])
            if "tenants" in loses and len(where) == 1 else None,
            objects=self._objects(where) if "objects" in loses else None,
        )  # fmt: skip

    def run(self, _: datetime) -> None:
        """Count the objects that alerts could not wait for."""
        for where in list(self._waiting):
            self._waiting.pop(where, None)
            self._look(where)

    def _gpus(self, counted: Counted, where: Place) -> int | None:
        """Those that were told of; of a container that tells none, those that are declared."""
        told = counted.gpus.get(where)
        if told is not None or len(where) > 1:
            return told
        try:
            network = self._network()
        except VigieError:  # none was accepted yet
            return None
        declared = network.container(where[0])
        if declared is None or declared.capacity.gpus is None:
            return None
        return round(declared.capacity.gpus * network.scale(where[0]))

    def _count(self) -> Counted:
        with self._lock:
            now = self._clock()
            if not 0 <= now - self._counted.at < COUNTED_SECONDS:
                self._counted = count(self._live, now)
            return self._counted

    def _objects(self, where: Place) -> int | None:
        if len(where) > 2:
            return None
        at, found = self._lost.get(where, (float("-inf"), None))
        if 0 <= self._clock() - at < LOST_SECONDS:
            return found
        began = self._timer()
        if began - self._second >= 1.0:
            self._second, self._spent = began, 0.0
        if self._spent >= LOOKING_SECONDS:
            if len(self._waiting) < MOST_WAITING:
                self._waiting[where] = None
            return found
        found = self._look(where)
        self._spent += self._timer() - began
        return found

    def _look(self, where: Place) -> int | None:
        try:
            owners = self._inventories.owners(*where)
        except Unavailable:
            return None
        found = self._margins.lost(owners) if owners else None
        now = self._clock()
        kept = {p: said for p, said in self._lost.items() if 0 <= now - said[0] < LOST_SECONDS}
        self._lost = {**kept, where: (now, found)}
        return found


def place(subject: Subject, rule: Rule) -> Place:
    """Where a subject is: as narrow as its keys say."""
    keys = dict(zip(rule.keys, subject.keys, strict=False))
    host = keys.get("host")
    if not host or host == NO_HOST or shared(subject):
        return (subject.container,)
    gpu = keys.get("gpu")
    return (subject.container, host, gpu) if gpu else (subject.container, host)


def count(live: Newest, now: float) -> Counted:
    """What the newest rows say that there is, at `now` (Unix seconds)."""
    hosts = (CONTAINER_COLUMN, Gpu.host.name)
    boards = _fresh(live.table(Gpu.name), hosts[:1], KNOWN_SECONDS, now)
    if boards.num_rows:
        boards = boards.filter(pc.fill_null(boards[Gpu.up.name], True))
    running = _fresh(live.table(Job.name), hosts, ENDED_SECONDS, now)
    queues = _fresh(live.table(Queue.name), hosts[:1], ENDED_SECONDS * 3, now)
    return Counted(
        now,
        gpus=_by_place(boards, [[*hosts, Gpu.gpu.name], hosts, hosts[:1]], [Gpu.gpu.name]),
        jobs=_by_place(
            running, [[*hosts, Job.gpu.name], hosts, hosts[:1]], [Job.scheduler.name, Job.job.name]
        ),
        tenants=_tenants(queues),
    )


def _fresh(
    table: pa.Table, by: Sequence[str], slack: float, now: float
) -> pa.Table:  # fmt: skip
    """Rows that came within `slack` of the newest of the same keys, and not too long ago."""
    if not table.num_rows:
        return table
    times = _array(table, TIME_COLUMN).cast(pa.int64()).to_numpy() / MICROSECONDS_PER_SECOND
    codes = np.zeros(len(times), np.int64)
    for name in by:
        encoded = _array(table, name).dictionary_encode()
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy(zero_copy_only=False)
    groups, codes = np.unique(codes, return_inverse=True)
    newest = np.full(len(groups), -np.inf)
    np.maximum.at(newest, codes, times)
    return table.filter(pa.array((times >= newest[codes] - slack) & (times >= now - KNOWN_SECONDS)))


def _by_place(
    table: pa.Table, places: Sequence[Sequence[str]], names: Sequence[str]
) -> dict[Place, int]:
    """How many different names there are at each place."""
    found: dict[Place, int] = {}
    if not table.num_rows:
        return found
    for keys in places:
        columns = list(dict.fromkeys([*keys, *names]))
        each = table.select(columns).group_by(columns).aggregate([])
        counts = each.group_by(list(keys)).aggregate([([], "count_all")]).to_pydict()
        many = counts.pop("count_all")
        found |= dict(zip(zip(*(counts[key] for key in keys), strict=True), many, strict=True))
    return found


def _tenants(table: pa.Table) -> dict[str, tuple[str, ...]]:
    """Who has GPUs at work, by container; nobody, where only that is told."""
    found: dict[str, set[str]] = {}
    for row in table.to_pylist():
        mine = found.setdefault(row[CONTAINER_COLUMN], set())
        if row[Queue.running_count.name] and row[Queue.tenant.name] != NO_HOST:
            mine.add(row[Queue.tenant.name])
    return {container: tuple(sorted(tenants)) for container, tenants in found.items()}


def _array(table: pa.Table, name: str) -> Any:
    column = table.column(name).combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
