"""What a container says of the stores that it has a part of."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from twin.chance import Floats
from twin.faults import What
from twin.stores.shelf import SCRUB_SECONDS, Shelf
from twin.turn import Columns, Holding
from vigie.catalogue import Fragments
from vigie.fragments import Scheme, Status
from vigie.frame import Happening
from vigie.shape import Measurement

SCRUB_LIMIT: Final = 5e7
WALK_SECONDS: Final = 6 * 3_600.0
TELL_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 300.0
"""How often it is counted what was damaged and repaired meanwhile."""
_RUNNING, _OFF = (Fragments.scrub_state.codes.index(word) for word in ("running", "off"))
_COUNTED: Final = (
    (Fragments.ok_count, Status.OK),
    (Fragments.unverified_count, Status.UNVERIFIED),
    (Fragments.corrupt_count, Status.CORRUPT),
    (Fragments.missing_count, Status.MISSING),
    (Fragments.unreadable_count, Status.UNREADABLE),
    (Fragments.quarantined_count, Status.QUARANTINED),
)


class Shelves:
    """The shelves of one container."""

    measurement: type[Measurement] = Fragments

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = [s for s in shelves if len(s.numbers)]
        self._turn: int | None = None
        rows = [(host, s.spread.placement) for s in self._shelves for host in s.hosts]
        self._keys: Columns = {
            Fragments.host: [host for host, _ in rows],
            Fragments.store: [p.store for _, p in rows],
            Fragments.scheme: [Scheme(p.k, p.n).word for _, p in rows],
        }

    def _ages(self, what: What, time: float, usual: float) -> Floats:
        """Since when something that is done every so often was done, by row."""
        ages = [time % usual + shelf.stood(time, what) for shelf in self._shelves]
        return np.repeat(np.array(ages, np.float64), [len(s.hosts) for s in self._shelves])

    def step(self, time: float) -> list[Happening]:
        """What was found damaged up to that time (Unix seconds), once in a while."""
        turn = math.floor(time / LOOK_SECONDS)
        if turn == self._turn:
            return []
        self._turn = turn
        return [happening for shelf in self._shelves for happening in shelf.step(time)]

    def holdings(self, time: float) -> list[Holding]:
        """Everything held, host by host."""
        return [holding for shelf in self._shelves for holding in shelf.holdings(time)]

    def tell(self, time: float) -> Columns:
        """One row a host and store."""
        if not self._shelves:
            return {}
        counts = [shelf.counts(time) for shelf in self._shelves]
        status = np.vstack([c.by_status for c in counts])
        sizes = np.repeat(
            [float(s.spread.fragment_bytes) for s in self._shelves],
            [len(s.hosts) for s in self._shelves],
        )
        total, gone = status.sum(axis=1), status[:, Status.MISSING]
        verified = np.concatenate([c.verified for c in counts])
        rows = len(sizes)
        return {
            **self._keys,
            Fragments.fragments_count: total,
            Fragments.size_bytes: (total - gone) * sizes,
            **{field: status[:, code] for field, code in _COUNTED},
            Fragments.verified_total: verified,
            Fragments.verified_bytes_total: verified * sizes,
            Fragments.verify_errors_total: np.concatenate([c.errors for c in counts]),
            Fragments.verified_age_max_seconds: np.concatenate([c.oldest for c in counts]),
            Fragments.verified_age_median_seconds: np.concatenate([c.median for c in counts]),
            Fragments.added_total: np.concatenate([c.repaired for c in counts]),
            Fragments.repaired_total: np.concatenate([c.repaired for c in counts]),
            Fragments.scrub_progress_ratio: np.full(rows, time % SCRUB_SECONDS / SCRUB_SECONDS),
            Fragments.scrub_limit_bytes_per_second: np.full(rows, SCRUB_LIMIT),
            Fragments.presence_age_seconds: self._ages("walk_stalls", time, WALK_SECONDS),
            Fragments.inventory_age_seconds: self._ages("inventory_stalls", time, TELL_SECONDS),
            Fragments.scrub_state: np.repeat(
                [float(_OFF if s.stood(time) else _RUNNING) for s in self._shelves],
                [len(s.hosts) for s in self._shelves],
            ),
        }
