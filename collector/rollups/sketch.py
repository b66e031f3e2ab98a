"""Values of a group in their order, percentiles of them, and a sketch that can be merged.

The sketch counts values in buckets whose bounds grow by a fixed ratio (Masson, Rim and Lee,
"DDSketch", VLDB 2019): a percentile read from it, of one group or of many merged, is within
`ERROR` of a value that has that rank, whatever the values. A bucket and its count share one
integer, the bucket in the upper half.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from collector.rollups.groups import Array

ERROR: Final = 0.01
"""Most that a percentile out of a sketch is away from the true one, as a share of it."""
_RATIO: Final = (1 + ERROR) / (1 - ERROR)
_LEAST: Final = 1e-9
"""What is smaller than this counts as 0."""
_SHIFT: Final = 1037
"""Makes the bucket of the least value 1, so that the sign of a bucket is that of its values."""
_COUNTS: Final = 32
_DENSE: Final = 10_000_000
"""Buckets of all groups that are counted side by side; of more, those that there are are sorted."""


def ordered(values: Array, starts: Array) -> Array:
    """Each group's values in their order; `starts` says where groups begin.

    Groups of about the same size are sorted together, so that there is no loop over groups.
    """
    sizes = np.diff(np.append(starts, len(values)))
    if not len(sizes):
        return values
    if (sizes == sizes[0]).all():
        return np.sort(values.reshape(-1, sizes[0]), axis=1).ravel()
    made = np.empty(len(values), np.float64)
    classes = np.ceil(np.log2(sizes)).astype(np.int64)
    for size in np.unique(classes):
        chosen = np.flatnonzero(classes == size)
        across = np.arange(1 << int(size))
        there = across < sizes[chosen][:, None]
        places = (starts[chosen][:, None] + across)[there]
        matrix = np.full(there.shape, np.inf)
        matrix[there] = values[places]
        matrix.sort(axis=1)
        made[places] = matrix[there]
    return made


def ranked(values: Array, starts: Array, share: float) -> Array:
    """The percentile of each group of ordered values, straight between two of them."""
    last = np.append(starts[1:], len(values)) - 1
    place = starts + share * (last - starts)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, last)
    found: Array = values[low] + (values[high] - values[low]) * (place - low)
    return found


def sketch(values: Array, starts: Array) -> tuple[Array, Array]:
    """The buckets of each group of ordered values, and how many each group has."""
    buckets = _bucket(values)
    begins = np.ones(len(values), bool)
    begins[1:] = buckets[1:] != buckets[:-1]
    begins[starts] = True
    runs = np.flatnonzero(begins)
    counts = np.diff(np.append(runs, len(values)))
    lengths = np.diff(np.append(np.searchsorted(runs, starts), len(runs)))
    return (buckets[runs] << _COUNTS) + counts, lengths


def merged(packed: Array, group: Array, shares: Sequence[float]) -> tuple[Array, Array]:
    """Percentiles of merged sketches: the groups there are, and a row of each, a column a share.

    `packed` are buckets of any number of sketches, `group` the number of the group of each.
    """
    if not len(packed):
        return np.empty(0, np.int64), np.empty((0, len(shares)))
    buckets, counts = packed >> _COUNTS, packed & ((1 << _COUNTS) - 1)
    least, first = int(buckets.min()), int(group.min())
    wide, many = int(buckets.max()) - least + 1, int(group.max()) - first + 1
    cells = (group - first) * wide + (buckets - least)
    if many * wide <= max(_DENSE, len(packed)):
        totals = np.bincount(cells, counts, many * wide)
        cells = np.flatnonzero(totals)
        counts = totals[cells].astype(np.int64)
    else:
        order = np.argsort(cells, kind="stable")
        cells, counts = cells[order], counts[order]
    group, buckets = cells // wide + first, cells % wide + least
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    ends = np.append(starts[1:], len(group)) - 1
    running = np.cumsum(counts)
    before = running[starts] - counts[starts]
    made = np.empty((len(starts), len(shares)))
    for column, share in enumerate(shares):
        rank = share * (running[ends] - before - 1)
        low, high = (
            _value(buckets[np.clip(np.searchsorted(running, before + r, "right"), starts, ends)])
            for r in (np.floor(rank), np.ceil(rank))
        )
        made[:, column] = low + (high - low) * (rank - np.floor(rank))
    return group[starts], made


def _bucket(values: Array) -> Array:
    size = np.abs(values)
    zero = size < _LEAST
    logs = np.log(np.where(zero, 1.0, size)) / np.log(_RATIO)
    found = np.sign(values).astype(np.int64) * (np.ceil(logs).astype(np.int64) + _SHIFT)
    return np.where(zero, 0, found)


def _value(buckets: Array) -> Array:
    """The middle of each bucket, in the sense of the ratio."""
    size = 2 * _RATIO ** (np.abs(buckets) - _SHIFT).astype(np.float64) / (_RATIO + 1)
    return np.where(buckets == 0, 0.0, np.sign(buckets) * size)
