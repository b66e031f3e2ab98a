"""Which rows may go, and which must stay although their time is over. Pure."""

import functools
import operator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from collector.store import flush
from collector.store.expiry import record
from collector.store.expiry.holds import Held
from collector.store.scope import condition
from vigie.settings import Retention

MICROSECONDS: Final = 1_000_000
TIERS: Final = {"": "raw", "_1m": "minute", "_1h": "hour"}
WINDOWS: Final = {"raw": 0, "minute": 60 * MICROSECONDS, "hour": 3_600 * MICROSECONDS}
"""How long a row of each tier stands for, in microseconds."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long rows are kept, and what is held."""

    retention: Retention
    holds: tuple[Held, ...] = ()


def tier(table: str) -> str:
    """raw, minute or hour; events count as hours, for they are few."""
    if table == flush.EVENTS_TABLE:
        return "hour"
    return TIERS[next((end for end in flush.RESOLUTIONS if table.endswith(end)), "")]


def seconds(table: str, retention: Retention) -> float:
    """How long a table keeps its rows by the settings."""
    return retention.of(flush.base(table), tier(table))


def edge(table: str, policy: Policy, now: int) -> int:
    """The time before which rows may go, `now` in microseconds."""
    return now - round(seconds(table, policy.retention) * MICROSECONDS)


def recorded(table: str) -> Any | None:
    """The rows of a table that are for the record, as an Arrow expression; None: none."""
    if tier(table) != "hour" or table == flush.EVENTS_TABLE:
        return None
    return record.of(flush.base(table))


def staying(
    table: str, schema: pa.Schema, policy: Policy, now: int, span: tuple[int, int]
) -> Any | None:
    """Rows that stay although they are past their time, as an Arrow expression; None: all may go.

    `span` is the oldest and the newest time of the rows in question; times in microseconds.
    """
    first, last = span
    parts = []
    ten_years_ago = now - round(record.RECORD_SECONDS * MICROSECONDS)
    kept = recorded(table)
    if kept is not None and last >= ten_years_ago:
        parts.append(kept & condition(schema, ten_years_ago, None, ("",), {}))
    parts += [
        condition(schema, start, end, held.paths, {})
        for held in policy.holds
        for start, end in (widened(held, table),)
        if last >= start and (end is None or first < end)
    ]
    return functools.reduce(operator.or_, parts) if parts else None


def widened(held: Held, table: str) -> tuple[int, int | None]:
    """The span of a hold in a table: a window that it begins in is held whole."""
    return held.start - max(0, WINDOWS[tier(table)] - 1), held.end


def fixed(table: str, now: int, first: int) -> bool:
    """Whether what stays of rows from `first` on (microseconds) is the same at any later time."""
    on_record = recorded(table) is not None
    return not on_record or first >= now - round(record.RECORD_SECONDS * MICROSECONDS)
