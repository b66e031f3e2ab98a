"""What power, water and heat meters counted between edges, by container and role."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from collector.duties.windows import Windows
from collector.kpis.facts import Hourly
from collector.kpis.metered import (
    LEAST_CUBIC_METERS,
    LEAST_JOULES,
    Clock,
    Metered,
    Sums,
    counted,
    metered,
    sums,
)
from collector.kpis.meters import Meter, Tree
from collector.rollups import columns
from vigie.catalogue import Heat, Power, Water
from vigie.network.load import Network
from vigie.shape import Field, Measurement


@dataclass(frozen=True, slots=True)
class Medium:
    """A measurement of meters: its counter, the gauge whose integral is the same, a least jump."""

    measurement: type[Measurement]
    counter: Field
    gauge: Field
    least: float

    @property
    def fields(self) -> tuple[Field, Field]:
        """Both."""
        return self.counter, self.gauge


POWER: Final = Medium(Power, Power.energy_joules_total, Power.power_watts, LEAST_JOULES)
EXPORT: Final = Medium(Power, Power.energy_exported_joules_total, Power.power_watts, LEAST_JOULES)
WATER: Final = Medium(
    Water,
    Water.volume_cubic_meters_total,
    Water.flow_cubic_meters_per_second,
    LEAST_CUBIC_METERS,
)
HEAT: Final = Medium(Heat, Heat.energy_joules_total, Heat.heat_watts, LEAST_JOULES)


@dataclass(frozen=True, slots=True)
class Read:
    """All meters of one medium: by container, over the intervals of `cells`."""

    found: Mapping[str, Sequence[Metered]]
    clock: Clock

    def of(self, container: str, hosts: Collection[str] = (), tree: Tree | None = None) -> Sums:
        """Added up by role."""
        return sums(self.found.get(container, ()), self.clock, hosts, tree)


def read(
    medium: Medium, windows: Windows, cells: slice, clock: Clock, most: Mapping[str, float]
) -> Read:
    """Every meter, checked; `most` is what containers were built for, in the counter's unit/s."""
    series: dict[Meter, tuple[str, ...]] = {}
    rows: dict[Field, dict[Meter, int]] = {}
    for declared in medium.fields:
        found = rows.setdefault(declared, {})
        for keys, _, row in windows.grown_by_series(declared):
            meter = Meter.of(keys)
            series[meter] = tuple(keys.values())
            found[meter] = row
    worst = windows.worst()
    bits = sum(1 << declared.number for declared in medium.fields)
    made: dict[str, list[Metered]] = {}
    for meter, key in series.items():
        both = []
        for declared in medium.fields:
            known, at = windows.grown(declared), rows[declared].get(meter)
            both.append(None if known is None or at is None else counted(known, at, cells))
        quality, suspect = worst[key]
        made.setdefault(meter.container, []).append(
            metered(
                meter, both[0], both[1], clock, quality,
                most=most.get(meter.container), least=medium.least, suspect=bool(suspect & bits),
            )
        )  # fmt: skip
    return Read(made, clock)


def exported(windows: Windows, cells: slice, clock: Clock) -> dict[str, Hourly]:
    """What the site meters of containers gave back; a container whose meters say none is absent."""
    made: dict[str, list[Metered]] = {}
    for keys, known, row in windows.grown_by_series(EXPORT.counter):
        meter = Meter.of(keys)
        if meter.role == "site":
            found = metered(meter, counted(known, row, cells), None, clock)
            made.setdefault(meter.container, []).append(found)
    return {
        container: sums(found, clock).roles["site"]
        for container, found in made.items()
        if any(k.value is not None for k in found)
    }


def tree(network: Network) -> dict[tuple[str, str], str]:
    """By container and meter, the meter that the network declares in front of it."""
    return {
        (meter.container, meter.name): meter.parent
        for meter in network.meters
        if meter.parent is not None
    }


def limits(network: Network) -> dict[str, float]:
    """Watts that containers were built for, where declared; of a twin at scale, its share."""
    return {
        c.path: c.capacity.power_watts * c.scale
        for c in network.containers
        if c.capacity.power_watts
    }


def clock(edges: Sequence[float], measurement: type[Measurement], *, running: bool) -> Clock:
    """How long intervals are between edges in Unix time; a `running` one has readings to come."""
    tail = columns.gap_seconds(measurement) if running else 0.0
    return Clock.of(np.diff(np.asarray(edges, np.float64)), tail=tail)
