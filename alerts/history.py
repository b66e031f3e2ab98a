"""The past as a collector's API tells it: readings of a measurement, and events."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from alerts.lifecycle import Happened, Subject
from alerts.rule import Rule
from alerts.trial import Reading
from vigie.client import Client
from vigie.commands import printing
from vigie.replies import Table

PAGE_ROWS: Final = 10_000
PAGES: Final = 1_000


def readings(client: Client, rule: Rule, start: float, end: float) -> Iterator[Reading]:
    """What a rule looks at, as it was stored from `start` until before `end` (Unix times)."""
    measurement = rule.measurement
    if measurement is None:
        return
    keys = [key.name for key in measurement.keys]
    wanted = sorted(rule.fields - set(keys)) or [measurement.values[0].name]
    asked = {"fields": ",".join(wanted), "agg": "rows"}
    for row in _rows(client, f"series/{measurement.name}", start, end, asked):
        subject = Subject(str(row["container"]), tuple(str(row[name]) for name in keys))
        yield Reading(_time(row["time"]), subject, {name: row.get(name) for name in wanted})


def events(client: Client, rule: Rule, start: float, end: float) -> Iterator[Happened]:
    """The events that a rule is about, newest first."""
    if rule.event is None:
        return
    for row in _rows(client, "events", start, end, {"where": f"code:{rule.event.code}"}):
        keys = json.loads(row["keys"]) if isinstance(row["keys"], str) else dict(row["keys"] or {})
        named = keys | {"container": row["container"]}
        if all(named.get(name) in words for name, words in rule.where.items()):
            subject = Subject(row["container"], tuple(str(keys.get(n, "")) for n in rule.keys))
            yield Happened(
                subject, _time(row["time"]), _time(row["learned"]), str(row["detail"] or "")
            )


def _rows(
    client: Client, path: str, start: float, end: float, asked: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    cursor: str | None = None
    for _ in range(PAGES):
        answer = client.get(
            Table, path, **asked, to=_written(end), limit=PAGE_ROWS, cursor=cursor,
            **{"from": _written(start)},
        )  # fmt: skip
        yield from printing.rows(answer.columns)
        cursor = answer.cursor
        if cursor is None:
            return


def _written(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")


def _time(written: object) -> float:
    return datetime.fromisoformat(str(written)).timestamp()
