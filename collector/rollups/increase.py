"""Totals over any time out of rollups: energy of a minute, of an hour, of a legal day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from collector.rollups.columns import TIME_TYPE, series_columns
from collector.rollups.fields import Windows
from collector.rollups.groups import Array, Groups, group
from collector.rollups.states import Inside, increases, trapezoids
from vigie.frame import TIME_COLUMN
from vigie.shape import Field, Kind, Measurement
from vigie.units import MICROSECONDS_PER_SECOND

_INTERVAL = (
    (TIME_COLUMN, TIME_TYPE),
    ("total", pa.float64()),
    ("covered", pa.float64()),
    ("gap", pa.float64()),
    ("resets", pa.int64()),
)


def increase(
    measurement: type[Measurement],
    declared: Field,
    windows: pa.Table,
    edges: Sequence[datetime],
) -> pa.Table:
    """What the field grew by, per series, in each interval from one edge to the next.

    Of a counter this is its increase, of a gauge its integral over time (W gives J). `windows`
    are rollup rows of one resolution or of several, that do not overlap; give those just before
    the first edge and after the last too, so that the joints across these edges are known. What
    an edge cuts is split in proportion to time, so that neighbouring intervals sum exactly.

    Columns: the series, `time` (the interval's start), `total` (null where nothing is known),
    `covered` seconds, `gap` seconds (inside a counter's total and not covered), `resets`.
    """
    series = series_columns(measurement)
    schema = pa.schema([*((name, pa.string()) for name in series), *_INTERVAL])
    found = spread(measurement, declared, windows, edges)
    if found is None:
        return schema.empty_table()
    cuts = _instants(edges)
    rows = np.repeat(np.arange(found.heads.num_rows), len(cuts) - 1)
    values = (
        pa.array(np.tile(cuts[:-1], found.heads.num_rows)).view(TIME_TYPE),
        pa.array(found.total.ravel(), mask=np.isnan(found.total).ravel()),
        pa.array(found.covered.ravel()),
        pa.array(found.gap.ravel()),
        pa.array(found.resets.ravel()),
    )
    return pa.table([*found.heads.take(rows).columns, *values], schema=schema)


@dataclass(frozen=True)
class Spread:
    """The same as arrays, a row a series of `heads` and a column an interval; NaN is unknown.

    `touched` says where a reset, or the time between two readings in which it was, lies.
    """

    heads: pa.Table
    total: Array
    covered: Array
    gap: Array
    resets: Array
    touched: Array


def spread(
    measurement: type[Measurement],
    declared: Field,
    windows: pa.Table,
    edges: Sequence[datetime],
    groups: Groups | None = None,
) -> Spread | None:
    """As `increase`; None where no window knows the field. `groups` are the windows by series."""
    if not windows.num_rows:
        return None
    series = series_columns(measurement)
    groups = groups or group(windows, series, None)
    found = Windows(measurement, groups).field(declared)
    if found is None:
        return None
    inside, present = found
    curve = _counter(inside) if declared.kind is Kind.COUNTER else _gauge(inside)
    heads = groups.heads(series)
    at = _Places(curve, inside, _instants(edges))
    covered = at.between(curve.covered)
    known = at.between(curve.times - curve.times.min()) > 0
    if declared.kind is Kind.GAUGE:
        known &= covered > 0
    return Spread(
        heads if present is None else heads.take(present),
        np.where(known, at.between(curve.total), np.nan),
        covered,
        at.between(curve.gap),
        at.passed(curve.resets),
        at.between(curve.resets) > 0,
    )


def _instants(edges: Sequence[datetime]) -> Array:
    return np.array([int(e.timestamp()) * MICROSECONDS_PER_SECOND + e.microsecond for e in edges])


@dataclass(frozen=True)
class _Curve:
    """Running sums at knots: two for each window, at its first and its last reading."""

    times: Array
    total: Array
    covered: Array
    gap: Array
    resets: Array


def _counter(inside: Inside) -> _Curve:
    spans, more = inside.spans, inside.more
    assert more is not None  # noqa: S101  windows always have an inside
    grown, reset = increases(inside)
    gap = more("gap")
    length = (spans.last_time - spans.first_time) / MICROSECONDS_PER_SECOND
    return _Curve(
        _interleave(spans.first_time, spans.last_time),
        np.cumsum(_interleave(grown, more("increase"))),
        np.cumsum(_interleave(spans.held, length - gap)),
        np.cumsum(_interleave(spans.joint - spans.held, gap)),
        np.cumsum(_interleave(reset, more("resets"))),
    )


def _gauge(inside: Inside) -> _Curve:
    spans, more = inside.spans, inside.more
    assert more is not None  # noqa: S101  windows always have an inside
    nothing = np.zeros(2 * len(spans.first_time), np.int64)
    return _Curve(
        _interleave(spans.first_time, spans.last_time),
        np.cumsum(_interleave(trapezoids(inside), more("integral"))),
        np.cumsum(_interleave(spans.held, more("covered"))),
        nothing,
        nothing,
    )


def _interleave(joints: Array, insides: Array) -> Array:
    both = np.empty(2 * len(joints), np.result_type(joints, insides))
    both[0::2], both[1::2] = joints, insides
    return both


class _Places:
    """Where the edges fall among the knots of every series; outside a series, at its ends."""

    def __init__(self, curve: _Curve, inside: Inside, cuts: Array) -> None:
        times, spans = curve.times, inside.spans
        heads = 2 * spans.starts
        tails = 2 * spans.ends + 1
        base = times.min()
        span = int(times.max() - base) + 1
        number = np.repeat(np.arange(len(heads)), tails - heads + 1)
        cut = np.clip(cuts, times[heads][:, None], times[tails][:, None])
        wanted = np.arange(len(heads))[:, None] * span + (cut - base)
        knots = number * span + (times - base)
        left = np.searchsorted(knots, wanted.ravel(), side="right").reshape(wanted.shape) - 1
        self._left = np.clip(left, heads[:, None], tails[:, None])
        self._right = np.minimum(self._left + 1, tails[:, None])
        length = times[self._right] - times[self._left]
        self._part = (cut - times[self._left]) / np.where(length > 0, length, 1)

    def read(self, running: Array) -> Array:
        """The running sum at every edge, in proportion between two knots."""
        left = running[self._left]
        part: Array = left + (running[self._right] - left) * self._part
        return part

    def between(self, running: Array) -> Array:
        """What it grows by from one edge to the next."""
        return np.diff(self.read(running))

    def passed(self, running: Array) -> Array:
        """The same, of whole things that happen at a knot."""
        return np.diff(running[self._left])
