"""What containers did between edges: work of tenants, lines, stored fragments, rivers."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from collector.duties.windows import Windows
from collector.kpis.facts import Floats, Line, River, Stored, Work
from collector.kpis.metered import Clock, Counted, counted, together
from collector.rollups.columns import series_columns
from collector.rollups.groups import group, numbers
from vigie.catalogue import Environment, Fragments, Link, Queue, Water
from vigie.fragments import Scheme
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Quality

RECENT: Final = timedelta(days=1)
"""What was last told longer before the end of a period is not what was held then."""
QUEUE: Final = (
    Queue.asked_gpu_seconds_total,
    Queue.served_gpu_seconds_total,
    Queue.refused_gpu_seconds_total,
    Queue.lost_gpu_seconds_total,
    Queue.started_total,
    Queue.wait_seconds_total,
)
LINK: Final = (
    Link.transmit_bytes_total,
    Link.receive_bytes_total,
    Link.capacity_bytes_per_second,
)
STORED: Final = (Fragments.fragments_count, Fragments.size_bytes, Fragments.repaired_total)
RIVER: Final = (Environment.temperature_celsius, Environment.flow_cubic_meters_per_second)
DRAWN: Final = (Water.flow_cubic_meters_per_second, Water.temperature_celsius)
BANKS: Final = ("upstream", "downstream")


def queue(windows: Windows, cells: slice, clock: Clock) -> dict[str, dict[str, Work]]:
    """The work of each tenant, by container."""
    quality = _quality(windows)
    found: dict[tuple[str, str], dict[Field, list[Counted]]] = {}
    for declared in QUEUE:
        for keys, known, row in windows.grown_by_series(declared):
            by_field = found.setdefault((keys["container"], keys[Queue.tenant.name]), {})
            by_field.setdefault(declared, []).append(counted(known, row, cells))
    made: dict[str, dict[str, Work]] = {}
    for (container, tenant), by_field in found.items():
        source = (f"{container} queue of {tenant}",)
        work = Work(*(together(by_field.get(f, []), clock, quality, source) for f in QUEUE))
        made.setdefault(container, {})[tenant] = work
    return made


def lines(windows: Windows, cells: slice) -> dict[str, tuple[Line, ...]]:
    """Every line, by container."""
    found: dict[tuple[str, str, str], dict[Field, Counted]] = {}
    for declared in LINK:
        for keys, known, row in windows.grown_by_series(declared):
            key = (keys["container"], keys[Link.link.name], keys[Link.peer.name])
            found.setdefault(key, {})[declared] = counted(known, row, cells)
    made: dict[str, tuple[Line, ...]] = {}
    for (container, name, peer), said in found.items():
        sent, received, capacity = (said.get(f) for f in LINK)
        line = Line(name, peer, _total(sent), _total(received), _mean(capacity))
        made[container] = (*made.get(container, ()), line)
    return made


def stored(windows: Windows, cells: slice, end: datetime) -> dict[str, tuple[Stored, ...]]:
    """What each container held of each store at the end, by the last that its hosts told."""
    last: dict[tuple[str, ...], dict[str, Any]] = {}
    keys = series_columns(Fragments)
    names = [f"{f.name}_last" for f in STORED[:2]]
    rows = windows.within(end - RECENT, end).select([TIME_COLUMN, *keys, *names])
    for row in rows.to_pylist():
        if row[names[0]] is not None:
            last[tuple(row[key] for key in keys)] = row
    repaired: dict[tuple[str, str, str], float] = {}
    for said, known, at in windows.grown_by_series(Fragments.repaired_total):
        key = (said["container"], said[Fragments.store.name], said[Fragments.scheme.name])
        if (more := _total(counted(known, at, cells))) is not None:
            repaired[key] = repaired.get(key, 0.0) + more
    sums: dict[tuple[str, str, str], list[int]] = {}
    for row in last.values():
        key = (row["container"], row[Fragments.store.name], row[Fragments.scheme.name])
        held = sums.setdefault(key, [0, 0])
        held[0] += int(row[names[0]])
        held[1] += int(row[names[1]] or 0)
    made: dict[str, tuple[Stored, ...]] = {}
    for (container, store, word), (fragments, size) in sorted(sums.items()):
        if (scheme := Scheme.spelled(word)) is not None:
            fixed = repaired.get((container, store, word))
            whole = None if fixed is None else round(fixed)
            made[container] = (
                *made.get(container, ()), Stored(store, scheme, fragments, size, whole)
            )  # fmt: skip
    return made


def river(banks: Windows, drawn: Windows, cells: slice) -> dict[str, River]:
    """What permits limit, by container: the flow taken, the water given back, the river itself.

    Flow and discharge are the most of each hour, the river's own flow the least; its warming is
    that of the means of the hour, as both banks are not read at one instant.
    """
    edges = np.array([e.timestamp() * 1e6 for e in banks.edges])
    found: dict[str, dict[str, Floats]] = {}

    def put(container: str, what: str, values: Floats, better: Any) -> None:
        mine = found.setdefault(container, {})
        mine[what] = better(mine[what], values) if what in mine else values

    flow, warmth = (f.name for f in DRAWN)
    for keys, most in _extremes(drawn, f"{flow}_max", edges, cells, np.fmax):
        if keys["role"] == "withdrawn":
            put(keys["container"], "withdrawal", most, _both)
    for keys, most in _extremes(drawn, f"{warmth}_max", edges, cells, np.fmax):
        if keys["role"] == "returned":
            put(keys["container"], "discharge", most, np.fmax)
    for keys, least in _extremes(banks, f"{RIVER[1].name}_min", edges, cells, np.fmin):
        put(keys["container"], "flow", least, np.fmin)
    for keys, known, row in banks.grown_by_series(RIVER[0]):
        said = counted(known, row, cells)
        mean = said.total / np.where(said.covered > 0, said.covered, np.nan)
        better = np.fmax if keys["place"] == "downstream" else np.fmin
        put(keys["container"], keys["place"], mean, better)
    nothing = np.full(len(range(*cells.indices(len(edges) - 1))), np.nan)
    return {
        container: River(
            said.get("withdrawal", nothing),
            said.get("discharge", nothing),
            said.get("downstream", nothing) - said.get("upstream", nothing),
            said.get("flow", nothing),
        )
        for container, said in found.items()
    }


def _both(one: Floats, other: Floats) -> Floats:
    """A sum, unknown where neither is known."""
    total: Floats = np.where(np.isnan(one) & np.isnan(other), np.nan, np.nansum([one, other], 0))
    return total


def _extremes(
    windows: Windows, column: str, edges: Floats, cells: slice, better: Any
) -> Iterator[tuple[Mapping[str, str], Floats]]:
    """By series, the extreme of each interval over the windows that begin in it."""
    keys = series_columns(windows.measurement)
    told = windows.rows.filter(windows.rows[column].is_valid())
    if not told.num_rows:
        return
    groups = group(told, keys, None)
    at = np.searchsorted(edges, groups.arranged(numbers(told[TIME_COLUMN])), "right") - 1
    inside = (at >= 0) & (at < len(edges) - 1)
    found = np.full((groups.count, len(edges) - 1), np.nan)
    values = groups.arranged(numbers(told[column]))[inside]
    better.at(found, (groups.group[inside], at[inside]), values)
    for row, said in enumerate(groups.heads(keys).to_pylist()):
        yield said, found[row, cells]


def _total(said: Counted | None) -> float | None:
    if said is None or np.isnan(said.total).all():
        return None
    return float(np.nansum(said.total))


def _mean(said: Counted | None) -> float | None:
    seconds = 0.0 if said is None else float(said.covered.sum())
    return None if said is None or not seconds else float(np.nansum(said.total)) / seconds


def _quality(windows: Windows) -> Quality:
    codes = windows.rows[QUALITY_COLUMN]
    worst = max(codes.unique().to_pylist(), default=0)
    return list(Quality)[worst]
