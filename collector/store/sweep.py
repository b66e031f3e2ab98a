"""The rows of many files in one go, some containers at a time: what rollups and merges read.

Files are sorted by container, so that of each only the row group is in memory at which the sweep
has come. Every row group is read once, and every container comes whole, in one part.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.store.chunk import integers
from collector.store.order import Rows
from collector.store.schema import CONTAINER_COLUMN
from vigie.frame import TIME_COLUMN

CELLS: Final = 8_000_000
"""About how many values a part has, beside those of the row groups at hand."""


class Source(Protocol):
    """Rows in order of containers, a piece at a time."""

    names: Sequence[str]

    @property
    def head(self) -> str | None:
        """The first container of the next piece; None when there is none."""

    def take(self) -> pa.Table:
        """The next piece, keys as dictionaries."""


class Piece:
    """Rows of a file from `start` until before `end` (microseconds), by row group."""

    def __init__(
        self, path: Path, keys: Sequence[str], start: int | None = None, end: int | None = None,
        containers: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        """Of some containers only, when they are named.

        Raises:
            OSError: the file is damaged.
        """
        self._file = pq.ParquetFile(
            path, read_dictionary=list(keys), page_checksum_verification=True, pre_buffer=False
        )
        self._start, self._end, self._containers = start, end, containers
        metadata = self._file.metadata
        self.names: Sequence[str] = self._file.schema_arrow.names
        at = {metadata.schema.column(n).path: n for n in range(metadata.num_columns)}
        self._groups: list[tuple[int, str, bool]] = []
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            times = group.column(at[TIME_COLUMN]).statistics
            words = group.column(at[CONTAINER_COLUMN]).statistics
            if (end is not None and times.min_raw >= end) or (
                start is not None and times.max_raw < start
            ):
                continue
            if containers is not None and not any(
                words.min <= container <= words.max for container in containers
            ):
                continue
            inside = (start is None or times.min_raw >= start) and (
                end is None or times.max_raw < end
            )
            self._groups.append((number, words.min, inside))
        self._groups.reverse()

    @property
    def head(self) -> str | None:
        """The first container of the next row group."""
        return self._groups[-1][1] if self._groups else None

    def take(self) -> pa.Table:
        """The rows of the next row group."""
        number, _, inside = self._groups.pop()
        rows = self._file.read_row_group(number, use_threads=False)
        if not inside:
            rows = rows.filter(pa.array(self._timely(rows)))
        return rows if self._containers is None else of_containers(rows, self._containers)

    def _timely(self, rows: pa.Table) -> Any:
        times = integers(rows.column(TIME_COLUMN))
        mask = np.ones(len(rows), np.bool_)
        if self._start is not None:
            mask &= times >= self._start
        if self._end is not None:
            mask &= times < self._end
        return mask


class Loose:
    """Rows of the tail, in order already."""

    def __init__(self, rows: Rows, containers: Collection[str] | None = None) -> None:
        self.names = rows.names
        self._parts = rows.parts
        if containers is not None:
            chosen = (of_containers(part, containers) for part in rows.parts)
            self._parts = (part for part in chosen if len(part))
        self._next = next(self._parts, None)

    @property
    def head(self) -> str | None:
        """The first container of the next part."""
        return None if self._next is None else self._next.column(CONTAINER_COLUMN)[0].as_py()

    def take(self) -> pa.Table:
        """The next part."""
        rows, self._next = self._next, next(self._parts, None)
        return rows


def sweep(sources: Sequence[Source], cells: int = CELLS) -> Rows:
    """The rows of all sources, each container whole in one part; containers in order.

    Within a part, rows are in order as far as they were in their source.

    Raises:
        OSError: a file is damaged.
    """
    names = dict.fromkeys(name for source in sources for name in source.names)
    return Rows(list(names), _parts(sources, max(1, cells // max(1, len(names)))))


def of_containers(rows: pa.Table, containers: Collection[str]) -> pa.Table:
    """The rows of some containers; keys are dictionaries."""
    words = rows.column(CONTAINER_COLUMN).combine_chunks()
    wanted = pc.is_in(words.dictionary, pa.array(sorted(containers), pa.string()))
    mask = wanted.to_numpy(zero_copy_only=False)[words.indices.to_numpy()]
    return rows if mask.all() else rows.filter(pa.array(mask))


def _parts(sources: Sequence[Source], enough: int) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    count, wanted = 0, enough
    while left := [source for source in sources if source.head is not None]:
        rows = min(left, key=lambda source: source.head or "").take()
        if len(rows):
            waiting.append(rows)
            count += len(rows)
        if count >= wanted:
            heads = [source.head for source in left if source.head is not None]
            ready, waiting = _split(waiting, min(heads, default=None))
            count = sum(map(len, waiting))
            wanted = count + enough
            if ready:
                yield _joined(ready)
    if waiting:
        yield _joined(waiting)


def _split(waiting: Sequence[pa.Table], bound: str | None) -> tuple[list[pa.Table], list[pa.Table]]:
    """What lies before a container, and the rest; all of it without a bound."""
    if bound is None:
        return list(waiting), []
    before, after = [], []
    for rows in waiting:
        count = sum(_before(piece, bound) for piece in rows.column(CONTAINER_COLUMN).chunks)
        before.append(rows.slice(0, count))
        after.append(rows.slice(count))
    return [r for r in before if len(r)], [r for r in after if len(r)]


def _before(containers: Any, bound: str) -> int:
    less = pc.less(containers.dictionary, bound).to_numpy(zero_copy_only=False)
    return int(np.count_nonzero(less[containers.indices.to_numpy()]))


def _joined(parts: list[pa.Table]) -> pa.Table:
    """Parts as one table of one chunk a column; a column that a part lacks is unknown there.

    The parts are let go: whoever takes the table may hold it long.
    """
    rows = parts[0] if len(parts) == 1 else pa.concat_tables(parts, promote_options="permissive")
    parts.clear()
    return rows.unify_dictionaries().combine_chunks()


def some(rows: Rows) -> Rows | None:
    """The same rows, without parts that have none; None where no part has any."""
    parts = (part for part in rows.parts if len(part))
    first = next(parts, None)
    return None if first is None else Rows(rows.names, chain([first], parts))


def whole(rows: Rows) -> pa.Table | None:
    """All the rows at once; None of none."""
    parts = list(rows.parts)
    return _joined(parts) if parts else None
