"""A gauge of many devices in one window, brought down to a value a container. Pure.

What `over` says of a gauge but for what needs the readings' times: of each device its sum, count,
least and most are enough.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa

from collector.rollups.crossing import Place
from collector.rollups.groups import Array
from collector.rollups.sketch import ordered, ranked, sketch

SHARES: Final = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def gauge(
    devices: Mapping[str, Array], container: Array, count: int, wanted: Mapping[str, pa.DataType]
) -> dict[str, pa.Array]:
    """The columns `wanted`, by suffix, a row for each of `count` containers.

    `devices` has the `count` of readings of each device, and as far as columns need them `total`,
    `low` and `high`; `container` is the number of each one's container. Null where none told.
    """
    known = devices["count"] > 0
    if not known.all():
        devices = {name: values[known] for name, values in devices.items()}
        container = container[known]
    place = Place.of(container)
    means = devices["total"] / devices["count"] if "total" in devices else np.zeros(0)
    line = means
    if not wanted.keys().isdisjoint({*SHARES, "sketch"}):
        line = ordered(place.arranged(means), place.starts)
    made: Mapping[str, Callable[[], Array]] = {
        "min": lambda: place.reduce(np.minimum, devices["low"]),
        "max": lambda: place.reduce(np.maximum, devices["high"]),
        "sum": lambda: place.reduce(np.add, devices["total"]),
        "count": lambda: place.reduce(np.add, devices["count"]),
        "means": lambda: place.reduce(np.add, means),
        "devices": lambda: place.reduce(np.add, np.ones(len(container))),
        **{name: partial(ranked, line, place.starts, share) for name, share in SHARES.items()},
    }
    found = {
        suffix: sketches(place, line, count)
        if suffix == "sketch"
        else filled(place, made[suffix](), count)
        for suffix in wanted
    }
    return {suffix: found[suffix].cast(kind, safe=False) for suffix, kind in wanted.items()}


def filled(place: Place, values: Array, count: int) -> pa.Array:
    """Values of the cells that are present, of so many; of others null."""
    where = np.full(count, -1)
    where[place.present] = np.arange(len(values))
    return pa.array(values).take(pa.array(where, mask=where < 0))


def sketches(place: Place, line: Array, count: int) -> pa.Array:
    """The sketch of each cell, of so many; `line` has the values of each present one in order."""
    packed, lengths = sketch(line, place.starts)
    sizes = np.zeros(count, np.int64)
    sizes[place.present] = lengths
    offsets = np.append(0, np.cumsum(sizes)).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(packed), mask=pa.array(sizes == 0))
