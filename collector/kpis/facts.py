"""What indicators are made of: a period hour by hour, each container in it, and the grids.

Everything is in base units (J, m3, s, B, g/J, EUR/J), in arrays with a cell an hour; NaN is unknown
and never 0. The hours are those of UTC, cut at the edges of the period: `Facts.edges` has one more
cell than each array. `collector/duties/facts.py` fills these in; everything here is pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from collector.kpis.meters import Total
from collector.kpis.period import Period
from vigie.fragments import Scheme
from vigie.network.load import Network
from vigie.network.places import Container, Site
from vigie.shape import Quality

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Hourly:
    """One quantity hour by hour; `covered` is the share of each hour that it knows, 0 to 1.

    `sources` names what was added up, as `site/container/meter (method)`, and `counts` what each of
    these came to over the period. `amount` may be of a part
    of an hour or of some of the meters, as `covered` says; `whole` are the hours of which it is all
    there is to know, None where that is each hour known.
    """

    amount: Floats
    covered: Floats
    quality: Quality
    sources: tuple[str, ...] = ()
    whole: NDArray[np.bool_] | None = None
    counts: tuple[float | None, ...] = ()

    @property
    def known(self) -> NDArray[np.bool_]:
        """The hours that a ratio may count: of others, one side would be of less than the other."""
        known: NDArray[np.bool_] = ~np.isnan(self.amount)
        return known if self.whole is None else known & self.whole

    @property
    def total(self) -> float | None:
        """The sum of what is known; None where nothing is."""
        known = ~np.isnan(self.amount)
        return float(self.amount[known].sum()) if known.any() else None


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What one tenant asked of a container: GPU time in s, jobs begun and what they waited (s)."""

    asked: Hourly
    served: Hourly
    refused: Hourly
    lost: Hourly
    started: Hourly
    wait: Hourly


@dataclass(frozen=True, slots=True, eq=False)
class GpuUse:
    """The GPUs of a container: energy in J, energy while idle, mean SM activity, how many."""

    energy: Hourly
    idle: Hourly
    activity: Hourly
    count: Hourly


@dataclass(frozen=True, slots=True, eq=False)
class River:
    """The most of each hour, of what a permit limits: flow m3/s, discharge °C, warming K."""

    withdrawal: Floats
    discharge: Floats
    warming: Floats
    flow: Floats
    """Discharge of the river itself, the least of each hour."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a container holds of a store at the end of the period; `repaired` in the period."""

    store: str
    scheme: Scheme
    fragments: int
    bytes: int
    repaired: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line out of a container over the period: bytes, and what it was ordered for in B/s."""

    name: str
    peer: str
    sent: float | None
    received: float | None
    capacity: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Plant:
    """One container of the scope that counts, and all that was metered of it.

    `energy` is by PUE role, of top-level meters and each point once; `exported` is what its site
    meters gave back. `alive` is the seconds of each hour with readings, `maintenance` those planned
    away.
    """

    container: Container
    site: Site
    simulated: bool
    energy: Mapping[str, Hourly] = field(default_factory=dict)
    exported: Hourly | None = None
    water: Mapping[str, Hourly] = field(default_factory=dict)
    heat: Mapping[str, Hourly] = field(default_factory=dict)
    work: Mapping[str, Work] = field(default_factory=dict)
    gpus: GpuUse | None = None
    river: River | None = None
    stored: tuple[Stored, ...] = ()
    lines: tuple[Line, ...] = ()
    alive: Hourly | None = None
    maintenance: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """The electricity of a zone hour by hour: g/J, and shares of what it is made from.

    All sites of a zone share one for each hour and `method`. `vintage` is when the newest of its
    values was learned, or the year of a table. `quality` is that of the worst hour; `source` and
    `licence` are to be shown.
    """

    zone: str
    grams_per_joule: Floats
    renewable: Floats
    nuclear: Floats
    euros_per_joule: Floats
    method: str
    quality: Quality
    source: str
    licence: str
    vintage: str


class Grids(Protocol):
    """Who knows the electricity of zones."""

    def supply(
        self, zone: str, edges: Sequence[datetime], *, simulated: bool, known: datetime
    ) -> Supply | None:
        """Of a zone between edges, as known at a time; None where nothing is known of it.

        Only a `simulated` place is told what the twin says of its grid.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The objects of one store and code, by who reaches their fragments.

    Containers of equal reach are one class of `classes`. Each column is a set of classes, in
    `columns`: `holds[row, column]` counts the distinct indexes that are alive in exactly these, so
    that a copy of an index in a second class moves it to another column and never counts it twice;
    the sum of a row is what is alive of its objects. Objects that lie alike are one row, of so many
    `objects`. `fragments` counts all that are alive, copies too; `simulated` is the share of them
    on containers that the twin plays. `mean_bytes` is of a fragment; None is unknown.
    """

    store: str
    scheme: Scheme
    classes: tuple[tuple[str, ...], ...]
    columns: tuple[frozenset[int], ...]
    holds: NDArray[np.uint16]
    objects: NDArray[np.int64]
    fragments: int = 0
    mean_bytes: float | None = None
    simulated: float = 0.0


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of a tenant's store that was broken, within the period; the tenant "" is everybody."""

    tenant: str
    store: str
    rule: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """All that the indicators of one scope and period are made of.

    `power` is of now. `repairs` are the seconds that serious alerts lasted which ended in the
    period. `held` is None where an inventory is still incomplete or may not be seen.
    """

    scope: str
    network: Network
    period: Period
    now: datetime
    edges: tuple[datetime, ...]
    power: Total
    plants: tuple[Plant, ...]
    supplies: Mapping[tuple[str, bool], Supply] = field(default_factory=dict)
    """By zone, and whether it is for simulated places."""
    repairs: tuple[float, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()
    """What is not right about meters, in French and English: gone back, jumped, at odds."""
    held: tuple[Held, ...] | None = None
    violations: tuple[Violation, ...] = ()
    judged: float | None = None
    """Seconds of the period in which every rule of placement could be judged; None is never."""

    @property
    def hours(self) -> int:
        """Cells of every array."""
        return len(self.edges) - 1
