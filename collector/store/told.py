"""Rows that the collector found out by itself, as records of the journal: nobody else writes them.

A record says its measurements by name, and their rows as JSON. What it names came from no sender:
intake knows these measurements not, so that no frame can hold one.
"""

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

import pyarrow as pa

from collector.store import schema
from collector.store.entry import Batch
from vigie import catalogue
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN
from vigie.shape import Measurement

_KNOWN: Final = {m.name: m for m in catalogue.OWN}


def body(rows: Mapping[type[Measurement], pa.Table]) -> bytes:
    """The body of a record of such rows, as `schema.raw` has them."""
    told = {of.name: _plain(table) for of, table in rows.items()}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def batches(record: bytes) -> tuple[Batch, ...]:
    """What `body` was given; a measurement that the catalogue no longer knows is left out.

    Raises:
        StoreError: the bytes are no such record.
    """
    try:
        told = json.loads(record)
        return tuple(
            batch for name, rows in told.items() if name in _KNOWN
            for batch in _batches(_KNOWN[name], rows)
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError, pa.ArrowException) as error:
        raise StoreError(f"rows of the collector's own: {error}") from error


def _plain(table: pa.Table) -> list[dict[str, Any]]:
    at = table.schema.get_field_index(TIME_COLUMN)
    times = table.column(TIME_COLUMN).cast(pa.int64())
    rows: list[dict[str, Any]] = table.set_column(at, TIME_COLUMN, times).to_pylist()
    return rows


def _batches(of: type[Measurement], rows: list[dict[str, Any]]) -> list[Batch]:
    names = [key.name for key in of.keys]
    columns = pa.schema([f for f in schema.raw(of) if f.name != schema.CONTAINER_COLUMN])
    by_place = sorted(rows, key=lambda row: str(row[schema.CONTAINER_COLUMN]))
    found = []
    for container, some in groupby(by_place, lambda row: str(row[schema.CONTAINER_COLUMN])):
        members = list(some)
        keys = json.dumps([[row[name] for name in names] for row in members]).encode()
        found.append(Batch(of, container, keys, pa.RecordBatch.from_pylist(members, columns)))
    return found
