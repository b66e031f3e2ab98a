"""A view as the engine of a child reads it: only files, columns and rows that are asked for.

The engine hands down which columns it wants and what it compares with constants. Files whose span
of time cannot meet that are never opened, and what is not in files is asked of the collector.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

from collector.store import scope
from collector.store.schema import CONTAINER_COLUMN, TIME_TYPE
from vigie.errors import QueryError
from vigie.frame import TIME_COLUMN

BATCH_ROWS: Final = 64 * 1024
_WORD: Final = re.compile(r"\w+")

Span = tuple[int, int]
"""Oldest and newest time in microseconds."""
Want = Callable[[str, Sequence[str], Callable[[pa.RecordBatch], pa.Table]], list[pa.Table]]
"""Rows of a view that are in no file, with those columns, each batch put through a function."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a view is made of: files with their spans; the span of what is in none, if anything is.

    A span of None is one without times.
    """

    files: Sequence[tuple[str, Span]]
    memory: Span | None
    rows: bool
    """Whether there are rows in no file."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Plan":
        """As it came over the wire."""
        files = [(path, (start, end)) for path, start, end in told["files"]]
        memory = told["memory"]
        return cls(files, tuple(memory) if memory else None, told["rows"])


class Planned(ds.InMemoryDataset):  # type: ignore[misc]
    """To the engine a data set like any other; `plan` is None where the view was not foreseen."""

    def __init__(
        self, name: str, schema: pa.Schema, plan: Plan | None, scopes: Sequence[str], want: Want
    ) -> None:
        # Rows come with the columns asked for: of no column may Arrow hold that it must be there.
        columns = pa.schema([field.with_nullable(True) for field in schema])
        super().__init__(columns.empty_table())
        self._name, self._columns, self._plan, self._want = name, columns, plan, want
        self._allowed = _allowed(columns, scopes)
        self._format = ds.ParquetFileFormat(
            default_fragment_scan_options=ds.ParquetFragmentScanOptions(
                page_checksum_verification=True
            )
        )

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: Any = None,  # noqa: A002
        **_: Any,
    ) -> Any:
        """What the engine calls; every row is within the scopes, whatever it asks.

        Raises:
            QueryError: the query did not name this view in so many letters.
        """
        if self._plan is None:
            raise QueryError(f"name {self._name} itself in the query: it cannot be put together")
        chosen = self._allowed if filter is None else self._allowed & filter
        parts = [self._dataset(self._plan.files)]
        if self._plan.rows and (filter is None or self._recent(filter)):
            parts.append(self._memory(columns, chosen))
        return ds.dataset(parts, schema=self._columns).scanner(
            columns=columns, filter=chosen, batch_size=BATCH_ROWS, batch_readahead=2,
            fragment_readahead=1,
        )  # fmt: skip

    def _dataset(self, files: Sequence[tuple[str, Span]]) -> Any:
        local = LocalFileSystem()
        fragments = [
            self._format.make_fragment(path, local, partition_expression=_within(span))
            for path, span in files
        ]
        return ds.FileSystemDataset(fragments, self._columns, self._format, local)

    def _recent(self, filter_: Any) -> bool:
        """Whether rows that are in no file can be meant."""
        assert self._plan is not None  # noqa: S101 - who calls has looked
        if self._plan.memory is None:
            return True
        stand_in = self._dataset([("", self._plan.memory)])
        return next(iter(stand_in.get_fragments(filter_)), None) is not None

    def _memory(self, columns: Sequence[str] | None, chosen: Any) -> Any:
        known = self._columns.names
        # An expression does not tell its columns, but its text has their names in it.
        words = {*(known if columns is None else columns), *_WORD.findall(str(chosen))}
        wanted = [name for name in known if name in words]
        tables = self._want(
            self._name, wanted, lambda batch: pa.Table.from_batches([batch]).filter(chosen)
        )
        kept = pa.schema([self._columns.field(name) for name in wanted])
        return ds.InMemoryDataset(pa.concat_tables([kept.empty_table(), *tables]), kept)


def _allowed(schema: pa.Schema, scopes: Sequence[str]) -> Any:
    """The collector gives only rows of the network that are within them."""
    if TIME_COLUMN not in schema.names or CONTAINER_COLUMN not in schema.names:
        return pc.scalar(True)
    return scope.condition(schema, None, None, scopes, {})


def _within(span: Span) -> Any:
    first, last = (pa.scalar(time, pa.int64()).cast(TIME_TYPE) for time in span)
    time = pc.field(TIME_COLUMN)
    return (time >= first) & (time <= last)
