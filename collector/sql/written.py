"""An answer as bytes: JSON of columns, CSV, or an Arrow stream. Pure but for what they are put to.

A child writes it, so that the collector need not understand what a child says.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from vigie.errors import QueryError

ARROW: Final = "arrow"
CSV: Final = "csv"
JSON: Final = "json"
MAX_JSON_ROWS: Final = 100_000
"""JSON is written when its last row is known, and held in memory until then."""

Put = Callable[[bytes], None]


def write(form: str, rows: Any, told: Mapping[str, Any], put: Put) -> int:
    """Write a record batch reader in a form; `told` goes with it where it can. Rows written.

    Raises:
        QueryError: more rows than the form bears.
    """
    return {ARROW: _arrow, CSV: _csv, JSON: _json}[form](rows, told, put)


def _arrow(rows: Any, told: Mapping[str, Any], put: Put) -> int:
    names = _distinct(rows.schema.names)
    fields = [f.with_name(name) for f, name in zip(rows.schema, names, strict=True)]
    schema = pa.schema(fields, {f"vigie.{k}": json.dumps(v) for k, v in told.items()})
    count = 0
    with pa.ipc.new_stream(_Sink(put), schema) as writer:
        for batch in rows:
            count += batch.num_rows
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    return count


def _csv(rows: Any, _: Mapping[str, Any], put: Put) -> int:
    count = 0
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_distinct(rows.schema.names))
    for batch in rows:
        count += batch.num_rows
        columns = [[_flat(cell) for cell in cells(column)] for column in batch.columns]
        writer.writerows(zip(*columns, strict=True))
        put(text.getvalue().encode(errors="replace"))
        text.seek(0)
        text.truncate()
    put(text.getvalue().encode())
    return count


def _json(rows: Any, told: Mapping[str, Any], put: Put) -> int:
    names = _distinct(rows.schema.names)
    columns: list[list[Any]] = [[] for _ in names]
    count = 0
    for batch in rows:
        count += batch.num_rows
        if count > MAX_JSON_ROWS:
            raise QueryError(
                f"more than {MAX_JSON_ROWS} rows: add LIMIT, aggregate, or ask for CSV or Arrow"
            )
        for column, arrived in zip(columns, batch.columns, strict=True):
            column.extend(cells(arrived))
    answer = {
        **told, "rows": count,
        "types": {n: str(f.type) for n, f in zip(names, rows.schema, strict=True)},
        "columns": dict(zip(names, columns, strict=True)),
    }  # fmt: skip
    put(json.dumps(answer, separators=(",", ":")).encode(errors="replace"))
    return count


def cells(column: pa.Array) -> list[Any]:
    """A column as JSON knows it: times as RFC 3339, what is no number as null."""
    if pa.types.is_timestamp(column.type):
        # As text of no zone, for a zone would read its file; of those that have one it is UTC.
        text = pc.replace_substring(column.cast(pa.timestamp("us")).cast(pa.string()), " ", "T")
        column = pc.binary_join_element_wise(text, "Z" if column.type.tz else "", "")
    return [_plain(value) for value in column.to_pylist()]


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
        case bytes():
            return value.hex()
        case _:
            return str(value)


def _flat(cell: Any) -> Any:
    return json.dumps(cell) if isinstance(cell, list | dict) else cell


def _distinct(names: list[str]) -> list[str]:
    """Names of which none is there twice: the second `a` is `a_2`."""
    found: list[str] = []
    for name in names:
        tries = _numbered(name)
        found.append(next(one for one in tries if one not in found))
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


class _Sink(io.RawIOBase):
    """A file that passes on what is written to it."""

    def __init__(self, put: Put) -> None:
        self._put = put

    def writable(self) -> bool:
        """It is all it is."""
        return True

    def write(self, data: Any) -> int:
        """Pass it on."""
        piece = bytes(data)
        self._put(piece)
        return len(piece)
