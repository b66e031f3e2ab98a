"""Events: those that the store itself has to tell, as rows, and the newest ones by position."""

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from collector.store import schema
from collector.store.entry import DecodedFrame
from vigie.frame import Gap
from vigie.shape import Event

RECENT_ROWS: Final = 20_000
POSITION_COLUMN: Final = "position"
COLLECTOR: Final = "collector"
"""The `agent` of events that the collector found itself."""

RECENT: Final = pa.schema([pa.field(POSITION_COLUMN, pa.int64(), nullable=False), *schema.EVENTS])

Row = Mapping[str, Any]
"""One event: the columns of `schema.EVENTS`, times in microseconds."""


def row(
    declared: Event, *, time: int, learned: int, container: str = "", agent: str = COLLECTOR,
    keys: Mapping[str, str] | None = None, detail: str = "",
) -> Row:  # fmt: skip
    """One event of the catalogue."""
    return {
        "time": time,
        "learned": learned,
        "container": container,
        "agent": agent,
        "code": declared.code,
        "severity": str(declared.severity),
        "keys": json.dumps(dict(keys or {}), separators=(",", ":"), ensure_ascii=False),
        "detail": detail,
    }


def of_frame(declared: Event, frame: DecodedFrame, *, time: int, learned: int, detail: str) -> Row:
    """One event about a frame and its sender."""
    header = frame.header
    return row(
        declared, time=time, learned=learned, container=header.container, agent=header.agent,
        detail=detail,
    )  # fmt: skip


def gap_detail(gap: Gap) -> str:
    """What is lost, in one sentence that machines can read too."""
    return f"frames {gap.first}-{gap.last}, {gap.from_time} to {gap.to_time} us: {gap.reason}"


def table(rows: Sequence[Row]) -> pa.Table:
    """Events as rows of their table."""
    return pa.Table.from_pylist([dict(r) for r in rows], schema=schema.EVENTS)


class Recent:
    """The newest events in the order in which they came, each with its record's position."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: deque[pa.Table] = deque()
        self._rows = 0

    def add(self, position: int, events: pa.Table) -> None:
        """Take in the events of one record."""
        positions = pa.array([position] * len(events), pa.int64())
        self.load(events.add_column(0, RECENT.field(0), positions))

    def load(self, events: pa.Table) -> None:
        """Take in rows that have a position already, newer than all there are."""
        with self._lock:
            self._tables.append(events)
            self._rows += len(events)
            while self._rows - len(self._tables[0]) >= RECENT_ROWS:
                self._rows -= len(self._tables.popleft())
            if len(self._tables) > 1_000:
                self._tables = deque([pa.concat_tables(self._tables).combine_chunks()])

    def since(self, position: int) -> pa.Table:
        """Events of records after that position, oldest first."""
        with self._lock:
            tables = list(self._tables)
        newer = [
            rows.filter(pa.compute.greater(rows.column(POSITION_COLUMN), position))
            for rows in tables
            if rows.column(POSITION_COLUMN)[-1].as_py() > position
        ]
        return pa.concat_tables(newer) if newer else RECENT.empty_table()
