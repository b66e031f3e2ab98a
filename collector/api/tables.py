"""Rows as an answer: JSON columns, or an Arrow stream where it is asked for."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import Request
from starlette.responses import Response

from vigie import replies
from vigie.network.places import inside

ARROW: Final = "application/vnd.apache.arrow.stream"


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
    """A table in the form that the request accepts."""
    if ARROW in request.headers.get("accept", ""):
        return Response(_stream(rows, trust), media_type=ARROW)
    columns = {name: cells(rows.column(name)) for name in rows.column_names}
    # Written here: a model would look at every cell again.
    text = json.dumps({**dataclasses.asdict(trust), "columns": columns}, separators=(",", ":"))
    return Response(text.encode(errors="replace"), media_type="application/json")


def cells(column: pa.ChunkedArray) -> list[replies.Cell]:
    """A column as JSON knows it: times as RFC 3339, what is no number as null."""
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column.cast(pa.timestamp("us", tz="UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    values: list[Any] = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if v is None or not math.isfinite(v) else v for v in values]
    return values


def _stream(rows: pa.Table, trust: Trust) -> bytes:
    told = {k: json.dumps(v) for k, v in dataclasses.asdict(trust).items()}
    rows = rows.replace_schema_metadata({f"vigie.{k}": v for k, v in told.items()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


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
