"""Rows as an answer: JSON columns, or an Arrow stream or JSON lines where they are asked for."""

import dataclasses
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from vigie import replies
from vigie.network.places import inside

ARROW: Final = "application/vnd.apache.arrow.stream"
LINES: Final = "application/x-ndjson"
WHOLE_CELLS: Final = 50_000
"""Tables up to this are answered in one piece."""
PIECE_ROWS: Final = 16_384

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Trust:
    """What one must know to trust rows: the rest of a `replies.Table`."""

    as_of: str
    tier: str
    coverage: float | None = None
    quality: str | None = None
    simulated_share: float = 0.0
    cursor: str | None = None


def answer(request: Request, rows: pa.Table, trust: Trust) -> Response:
    """A table in the form that the request accepts; a large one piece by piece."""
    accepted = request.headers.get("accept", "")
    form, media_type = _json, "application/json"
    if ARROW in accepted:
        form, media_type = _arrow, ARROW
    elif LINES in accepted:
        form, media_type = _lines, LINES
    pieces = form(rows, trust)
    if rows.num_rows * rows.num_columns > WHOLE_CELLS:
        return StreamingResponse(pieces, media_type=media_type)
    return Response(b"".join(pieces), media_type=media_type)


def _json(rows: pa.Table, trust: Trust) -> Iterator[bytes]:
    """One object: what one must know, and columns."""
    # Written here: a model would look at every cell again.
    yield f'{_encode(dataclasses.asdict(trust))[:-1]},"columns":{{'.encode(errors="replace")
    before = ""
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        before = f"{before}{_encode(name)}:["
        if rows.num_rows <= PIECE_ROWS:
            yield f"{before}{_written(column)}]".encode(errors="replace")
        else:
            for at in range(0, rows.num_rows, PIECE_ROWS):
                text = _written(column.slice(at, PIECE_ROWS))
                yield f"{',' if at else before}{text}".encode(errors="replace")
            yield b"]"
        before = ","
    yield b"}}"


def _lines(rows: pa.Table, trust: Trust) -> Iterator[bytes]:
    """What one must know, then a row a line."""
    yield f"{_encode(dataclasses.asdict(trust))}\n".encode(errors="replace")
    for at in range(0, rows.num_rows, PIECE_ROWS):
        part = rows.slice(at, PIECE_ROWS)
        columns = [cells(part.column(name)) for name in part.column_names]
        records = (
            dict(zip(part.column_names, row, strict=True)) for row in zip(*columns, strict=True)
        )
        yield "".join(f"{_encode(record)}\n" for record in records).encode(errors="replace")


def _arrow(rows: pa.Table, trust: Trust) -> Iterator[bytes]:
    """An IPC stream; what one must know stands in the metadata of its schema."""
    told = {f"vigie.{k}": json.dumps(v) for k, v in dataclasses.asdict(trust).items()}
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, rows.schema.with_metadata(told)) as writer:
        for batch in rows.to_batches(max_chunksize=PIECE_ROWS):
            writer.write_batch(batch)
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


def _written(column: pa.ChunkedArray) -> str:
    """Cells of a column, with commas."""
    if column.null_count == len(column):
        return ",".join(["null"] * len(column))
    if pa.types.is_floating(column.type) and not column.null_count:
        values = column.to_numpy()
        if np.isfinite(values).all():
            return _encode(values.tolist())[1:-1]
    return _encode(cells(column))[1:-1]


def cells(column: pa.ChunkedArray) -> list[replies.Cell]:
    """A column as JSON knows it: times as RFC 3339, what is no number as null."""
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column.cast(pa.timestamp("us", tz="UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    values: list[Any] = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if v is None or not math.isfinite(v) else v for v in values]
    return values


def filtered(rows: pa.Table, scope: str) -> pa.Table:
    """The rows of live tables that lie within a scope."""
    if not scope or not rows.num_rows:
        return rows
    container = rows.column("container")
    inside = pc.or_(pc.equal(container, scope), pc.starts_with(container, scope + "/"))
    above, _, host = scope.rpartition("/")
    if above and "host" in rows.column_names:
        of_host = pc.and_(pc.equal(container, above), pc.equal(rows.column("host"), host))
        inside = pc.or_(inside, of_host)
    return rows.filter(inside)


def simulated_share(rows: pa.Table, simulated: frozenset[str]) -> float:
    """The share of rows that come from the twin; `simulated` are scopes."""
    if not simulated or "container" not in rows.column_names:
        return 0.0
    counted = pc.value_counts(rows.column("container")).to_pylist()
    return share({c["values"]: c["counts"] for c in counted}, simulated)


def share(rows: Mapping[str, int], simulated: frozenset[str]) -> float:
    """The same, of a number of rows by container."""
    total = sum(rows.values())
    of_twin = sum(n for path, n in rows.items() if any(touch(path, s) for s in simulated))
    return of_twin / total if total else 0.0


def touch(path: str, other: str) -> bool:
    """Whether one of two paths lies within the other."""
    return inside(other, path) or inside(path, other)
