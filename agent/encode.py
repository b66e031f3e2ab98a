"""Readings into the bytes of a frame: one Arrow IPC stream for each measurement, then zstd.

Written with nanoarrow, which costs 5 MB where pyarrow would cost 40.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import nanoarrow
import zstandard
from nanoarrow.ipc import StreamWriter

from agent.source import Found
from vigie import catalogue
from vigie.frame import (
    QUALITY_COLUMN,
    TIME_COLUMN,
    Gap,
    Happening,
    Header,
    InventoryPart,
    Section,
    column_type,
    pack,
)
from vigie.shape import Columns, Field, Kind, Measurement, Quality, Value

LEVEL: Final = 3
NANOSECONDS_PER_MICROSECOND: Final = 1_000

_TYPES: Final = {
    "string": nanoarrow.string,
    "bool": nanoarrow.bool_,
    "int32": nanoarrow.int32,
    "int64": nanoarrow.int64,
    "double": nanoarrow.float64,
}


@dataclass(slots=True)
class Rows:
    """Rows of one measurement that travel in one frame; `times` in microseconds UTC.

    `qualities` are the codes of `shape.Quality`, one a row; the rows of the newest turn begin at
    `newest`.
    """

    measurement: type[Measurement]
    times: list[int] = field(default_factory=list)
    columns: dict[Field, list[Value]] = field(default_factory=dict)
    qualities: list[int] = field(default_factory=list)
    newest: int = 0

    def add(
        self, time: int, columns: Columns, host: str, quality: Sequence[Quality] | None = None
    ) -> None:
        """Add one turn's rows, of that wall clock (ns), with `host` where no host is given.

        Rows without a `quality` are measured.
        """
        before, count = len(self.times), len(next(iter(columns.values()), ()))
        given, self.newest = dict(columns), before
        for key in self.measurement.keys:
            if key.name == "host" and key not in given:
                given[key] = [host] * count
        for known in given:
            self.columns.setdefault(known, [None] * before)
        for known, cells in self.columns.items():
            cells.extend(given.get(known, [None] * count))
        self.times.extend([time // NANOSECONDS_PER_MICROSECOND] * count)
        self.qualities.extend(q.code for q in quality or [Quality.MEASURED] * count)


@dataclass(frozen=True, slots=True)
class Packed:
    """A column as Arrow has it in memory: its buffers, that nobody has to look into.

    The first says which cells are null, a bit each, or is None; of a string the offsets (int32) and
    the bytes follow, of a boolean its bits, of a number its values. Any object with the buffer
    protocol will do.
    """

    buffers: tuple[Any, ...]
    nulls: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one measurement that are packed already; `times` in microseconds UTC."""

    measurement: type[Measurement]
    length: int
    times: Packed
    columns: Mapping[Field, Packed]


@dataclass(slots=True)
class Contents:
    """What one frame carries; a measurement comes as rows or as a block."""

    rows: dict[str, Rows] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    events: list[Happening] = field(default_factory=list)
    inventories: list[InventoryPart] = field(default_factory=list)

    def add(self, time: int, found: Found, host: str) -> list[Rows]:
        """Add what one turn found, which may be of several measurements; returns their rows."""
        parts: dict[str, dict[Field, Sequence[Value]]] = {}
        for known, cells in found.columns.items():
            parts.setdefault(known.measurement, {})[known] = cells
        touched = []
        for name, part in parts.items():
            measurement = catalogue.measurement(name)
            if measurement is not None:
                rows = self.rows.setdefault(name, Rows(measurement))
                rows.add(time, part, host, found.quality.get(name))
                touched.append(rows)
        for happening in found.happenings:
            self.events.append(_of_host(happening, host))
        return touched


def _of_host(happening: Happening, host: str) -> Happening:
    """The same, with the host where its event is about one and none is given."""
    declared = catalogue.event(happening.code)
    if declared is None or "host" not in declared.keys or "host" in happening.keys:
        return happening
    return replace(happening, keys={"host": host, **happening.keys})


class Encoder:
    """Writes the frames of one agent's boot; keeps the Arrow schemas it has made."""

    def __init__(self, agent: str, boot: str, container: str) -> None:
        self._agent, self._boot, self._container = agent, boot, container
        self._schemas: dict[tuple[tuple[Field, ...], bool], tuple[Any, list[Any]]] = {}
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)

    def frame(self, sequence: int, wall: int, monotonic: int, contents: Contents) -> bytes:
        """One compressed frame; the clocks are the tick's, in nanoseconds."""
        told = [(n, len(rows.times), self.section(rows)) for n, rows in contents.rows.items()]
        told += [(b.measurement.name, b.length, self.block(b)) for b in contents.blocks]
        sections = tuple(Section(name, len(stream), count) for name, count, stream in told)
        header = Header(
            self._agent,
            self._boot,
            sequence,
            self._container,
            wall,
            monotonic,
            catalogue.VERSION,
            sections,
            tuple(contents.events),
            tuple(contents.inventories),
        )
        return self._compressor.compress(pack(header, b"".join(stream for *_, stream in told)))

    def gap_frame(
        self, boot: str, sequence: int, wall: int, monotonic: int, gaps: Iterable[Gap]
    ) -> bytes:
        """A frame that only says which frames of `boot` will never come; not compressed."""
        header = Header(
            self._agent,
            boot,
            sequence,
            self._container,
            wall,
            monotonic,
            catalogue.VERSION,
            gaps=tuple(gaps),
        )
        return pack(header, b"")

    def section(self, rows: Rows) -> bytes:
        """The Arrow IPC stream of one measurement; the quality travels where it is not the best."""
        fields, told = tuple(rows.columns), any(rows.qualities)
        schema, types = self._schema(fields, quality=told)
        cells = [rows.times, *rows.columns.values(), *([rows.qualities] if told else ())]
        arrays = [nanoarrow.c_array(c, kind) for c, kind in zip(cells, types, strict=True)]
        return _stream(schema, len(rows.times), arrays)

    def block(self, block: Block) -> bytes:
        """The Arrow IPC stream of rows that are packed already: only their buffers are copied."""
        schema, types = self._schema(tuple(block.columns), quality=False)
        arrays = [
            nanoarrow.c_array_from_buffers(
                kind, block.length, column.buffers, null_count=column.nulls,
                validation_level="none",
            )
            for column, kind in zip((block.times, *block.columns.values()), types, strict=True)
        ]  # fmt: skip
        return _stream(schema, block.length, arrays)

    def _schema(self, fields: tuple[Field, ...], *, quality: bool) -> tuple[Any, list[Any]]:
        known = self._schemas.get((fields, quality))
        if known is None:
            columns = {TIME_COLUMN: nanoarrow.timestamp("us", "UTC", nullable=False)}
            for f in fields:
                columns[f.name] = _TYPES[column_type(f)](nullable=f.kind is not Kind.KEY)
            if quality:
                columns[QUALITY_COLUMN] = nanoarrow.int32(nullable=False)
            schema = nanoarrow.c_schema(nanoarrow.struct(columns, nullable=False))
            known = schema, [schema.child(i) for i in range(schema.n_children)]
            self._schemas[fields, quality] = known
        return known


def _stream(schema: Any, length: int, arrays: Sequence[Any]) -> bytes:
    batch = nanoarrow.c_array_from_buffers(
        schema, length, [], children=arrays, move=True, validation_level="none"
    )
    out = io.BytesIO()
    StreamWriter.from_writable(out).serialize_stream(batch)
    return out.getvalue()
