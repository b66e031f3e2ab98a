"""Windows in the place of others: files of a rollup without what late rows changed, and with it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.store.chunk import flat, integers
from collector.store.flush import in_order, keys
from collector.store.merge import ordered
from collector.store.order import Rows
from collector.store.parquet import TableFile, encoded
from collector.store.schema import CONTAINER_COLUMN
from collector.store.sweep import Loose, Piece, Source, sweep
from vigie.frame import TIME_COLUMN


@dataclass(frozen=True, slots=True)
class Replaced:
    """What goes: rows of some containers from `start` until before `end`, in microseconds."""

    containers: Collection[str]
    start: int
    end: int

    def touches(self, file: TableFile) -> bool:
        """Whether a file may have such rows."""
        low, high = file.containers or (min(self.containers), max(self.containers))
        return (
            file.end >= self.start
            and file.start < self.end
            and any(low <= container <= high for container in self.containers)
        )

    def left(self, rows: pa.Table) -> pa.Table:
        """The other rows; keys are dictionaries."""
        containers = flat(rows.column(CONTAINER_COLUMN))
        words = pc.is_in(containers.dictionary, pa.array(sorted(self.containers)))
        gone = words.to_numpy(zero_copy_only=False)[containers.indices.to_numpy()]
        if not gone.any():
            return rows
        times = integers(rows.column(TIME_COLUMN))
        gone &= (times >= self.start) & (times < self.end)
        return rows.filter(pa.array(np.logical_not(gone)))


def mended(table: str, files: Sequence[TableFile], rows: pa.Table, replaced: Replaced) -> Rows:
    """The rows of some files but for those that go, and `rows` among them, in order.

    Raises:
        OSError: a file is damaged.
    """
    words = keys(table)
    fresh: list[Source] = [Loose(in_order(table, encoded(rows, words)))]
    kept = sweep([*fresh, *(_Kept(file, words, replaced) for file in files)])
    return replace(kept, parts=_some(ordered(kept, words)))


def _some(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    return (part for part in parts if len(part))


class _Kept(Piece):
    """A file without what goes."""

    def __init__(self, file: TableFile, words: Sequence[str], replaced: Replaced) -> None:
        super().__init__(file.path, words)
        self._replaced = replaced

    def take(self) -> pa.Table:
        """What stays of the next row group."""
        return self._replaced.left(super().take())
