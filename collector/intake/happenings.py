"""What a frame's header says happened, as rows of the events table."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import pyarrow as pa

from collector.intake.clock import Stamp
from collector.store import schema
from vigie import catalogue
from vigie.catalogue import CLOCK_WRONG
from vigie.errors import Refused
from vigie.frame import Header
from vigie.shape import Event
from vigie.units import MICROSECONDS_PER_SECOND

_EVENTS: Final = {e.code: e for e in catalogue.EVENTS}


class Happenings:
    """Rows of one frame; `unknown` are the codes that no agent may send."""

    def __init__(self, header: Header, learned: int) -> None:
        """`learned` is when the collector received them, in microseconds."""
        self._header, self._learned = header, learned
        self._rows: list[dict[str, Any]] = []
        self.unknown: set[str] = set()

    def add(self, event: Event, time: int, keys: Mapping[str, str], detail: str) -> None:
        """One thing that happened at `time`, in microseconds."""
        named = {name: keys[name] for name in event.keys if name in keys}
        self._rows.append({
            "time": time, "learned": self._learned, "container": self._header.container,
            "agent": self._header.agent, "code": event.code, "severity": event.severity.value,
            "keys": json.dumps(named, ensure_ascii=False, separators=(",", ":")), "detail": detail,
        })  # fmt: skip

    def add_clock_wrong(self, when: Stamp) -> None:
        """Readings of this frame were re-stamped."""
        by = "" if when.offset is None else f"{when.offset:+.1f} s: "
        self.add(
            CLOCK_WRONG, when.received, {"host": self._header.agent},
            f"{by}moved by {when.shift / MICROSECONDS_PER_SECOND:+.1f} s",
        )  # fmt: skip

    def table(self) -> pa.RecordBatch:
        """The rows, with the columns of `schema.EVENTS`."""
        if not self._rows:
            return nothing()
        return pa.RecordBatch.from_pylist(self._rows, schema=schema.EVENTS)


def rows(header: Header, host: str | None, when: Stamp) -> Happenings:
    """The events of a frame; `host` is the only one that may be spoken for.

    Raises:
        Refused: 403, an event of another host.
    """
    found = Happenings(header, when.received)
    for happening in header.events:
        event = _EVENTS.get(happening.code)
        if event is None or event.origin != "agent":
            found.unknown.add(happening.code)
            continue
        if host is not None and happening.keys.get("host", host) != host:
            raise Refused(403, f"event {event.code}: this credential speaks for {host} only")
        found.add(event, when.time(happening.time), happening.keys, happening.detail)
    return found


@cache
def nothing() -> pa.RecordBatch:
    """The rows of a frame in which nothing happened."""
    return pa.RecordBatch.from_pylist([], schema=schema.EVENTS)
