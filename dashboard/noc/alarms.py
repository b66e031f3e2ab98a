"""The alarm queue, the operator's load, and what happened: the same on every screen."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dashboard import stamps
from dashboard.format import moment, number, seconds_of
from dashboard.noc.places import Places
from dashboard.noc.shown import Age, Cell, Deed, Mark, Number, Rows, Text, bounded
from dashboard.questions import Row
from dashboard.text import say
from vigie import catalogue
from vigie.replies import Alert
from vigie.shape import Severity

OPEN: Final = ("firing", "acknowledged")
LOAD_SECONDS: Final = 600
LOAD_TARGET: Final = 1
"""Alarms in ten minutes that one operator can live with all day (EEMUA 191)."""
LOAD_FLOOD: Final = 10
SEVERITY_SIGNS: Final = {Severity.INFO: "i", Severity.WARNING: "!", Severity.CRITICAL: "‼"}


def queue(alerts: Sequence[Alert], places: Places, now: float, language: str,
          zone: ZoneInfo) -> Rows:  # fmt: skip
    """Open alerts, worst and oldest first, one row each."""
    found = opened(alerts)
    body = bounded(
        found, lambda a: _alert_row(a, places, now, language, zone), language,
        _quiet(alerts, now, language, zone),
    )  # fmt: skip
    return replace(body, keys=[a.id for a in found[: len(body.rows)]])


def opened(alerts: Iterable[Alert]) -> list[Alert]:
    """Those that are open, worst and oldest first."""
    return sorted((a for a in alerts if a.state in OPEN), key=lambda a: (a.priority, a.since))


def unacknowledged(alerts: Iterable[Alert], now: float, language: str, zone: ZoneInfo) -> Number:
    """P1 alarms that nobody has taken yet."""
    waiting = [a for a in alerts if a.priority == 1 and a.state == "firing"]
    note = say("none_waiting", language)
    if waiting:
        oldest = min(seconds_of(a.since) for a in waiting)
        note = say("oldest", language, time=moment(oldest, now, zone, language))
    return Number(
        number(len(waiting), language), note=note, level=1 if waiting else None,
        stamp=_stamp(waiting, language),
    )  # fmt: skip


def load(alerts: Iterable[Alert], now: float, language: str) -> Number:
    """Alarms raised in the last ten minutes, against what an operator can handle."""
    raised = [
        a for a in alerts if a.state != "pending" and now - seconds_of(a.since) <= LOAD_SECONDS
    ]
    note = say("load_note", language, target=LOAD_TARGET, flood=LOAD_FLOOD)
    return Number(
        number(len(raised), language), note=note, level=2 if len(raised) > LOAD_FLOOD else None,
        stamp=_stamp(raised, language),
    )  # fmt: skip


def happenings(
    events: Iterable[Row], places: Places, now: float, language: str, zone: ZoneInfo
) -> Rows:
    """Events, newest first."""
    return Rows(
        rows=[_event_row(event, places, now, language, zone) for event in events],
        empty=say("no_event", language),
    )


def site_link(path: str, language: str) -> str:
    """The address of a container's screen."""
    return f"/site/{quote(path)}?lang={language}"


def _alert_row(
    alert: Alert, places: Places, now: float, language: str, zone: ZoneInfo
) -> list[Cell]:
    site = places.name(alert.container)
    about = alert.subject.removeprefix(alert.container).strip("/ ")
    sign = "?" if alert.blind else f"P{alert.priority}"
    mark = "stale" if alert.blind else f"p{alert.priority}"
    parts = [alert.value, say("blind", language) if alert.blind else "", alert.advice]
    stamp = places.stamp(alert.container)
    if alert.simulated and not stamp:
        stamp = say("simulated", language)
    return [
        Mark(mark, sign, label=say(f"priority_{alert.priority}", language)),
        Text(site, sub=about, href=site_link(alert.container, language)),
        Text(alert.title, sub=" · ".join(filter(None, parts)), href=_runbook(alert), stamp=stamp),
        Age(seconds_of(alert.since)),
        _holder(alert, now, language, zone),
        _deed(alert, site, stamp, language),
    ]


def _stamp(alerts: Sequence[Alert], language: str) -> str:
    """How many of these alarms are of what the twin plays."""
    return stamps.of_share(sum(a.simulated for a in alerts) / max(len(alerts), 1), language)


def _runbook(alert: Alert) -> str:
    return alert.runbook if alert.runbook and alert.runbook.startswith("/") else ""


def _holder(alert: Alert, now: float, language: str, zone: ZoneInfo) -> Text:
    if alert.state != "acknowledged":
        return Text(say("not_taken", language))
    at = seconds_of(alert.acknowledged_at) if alert.acknowledged_at else None
    sub = [moment(at, now, zone, language)] if at is not None else []
    return Text(alert.acknowledged_by or "?", sub=" · ".join([*sub, *filter(None, [alert.note])]))


def _deed(alert: Alert, site: str, stamp: str, language: str) -> Cell:
    if alert.state == "acknowledged":
        return Text(say("taken", language))
    take = say("take", language)
    about = " · ".join(filter(None, [stamp, alert.title]))
    return Deed("acknowledge", alert.id, take, f"{take} : {about}, {site}", about)


def _quiet(alerts: Iterable[Alert], now: float, language: str, zone: ZoneInfo) -> str:
    closed = [seconds_of(a.changed) for a in alerts if a.state == "resolved"]
    if not closed:
        return say("no_alarm", language)
    return say("no_alarm_since", language, time=moment(max(closed), now, zone, language))


def _event_row(event: Row, places: Places, now: float, language: str, zone: ZoneInfo) -> list[Cell]:
    code, severity = str(event["code"]), Severity(str(event["severity"]))
    known = catalogue.event(code)
    container = str(event["container"])
    about = [places.name(container), *_keys(event.get("keys"))]
    detail = " · ".join([*about, *filter(None, [str(event.get("detail") or "")])])
    return [
        Text(moment(seconds_of(str(event["time"])), now, zone, language)),
        Mark(severity.value, SEVERITY_SIGNS[severity], label=say(f"severity_{severity}", language)),
        Text(known.label(language) if known else code, sub=detail, stamp=places.stamp(container)),
    ]


def _keys(spelled: object) -> list[str]:
    """The values of an event's keys, a JSON object, or one already parsed."""
    found = json.loads(spelled) if isinstance(spelled, str) and spelled else spelled
    return [str(value) for value in found.values()] if isinstance(found, dict) else []
