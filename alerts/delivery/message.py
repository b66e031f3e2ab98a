"""What a receiver is told of one change of one alert: the same JSON each time, under 20 kB."""

import json
from dataclasses import dataclass
from typing import Any, Final

from alerts import text
from alerts.lifecycle import Alert
from alerts.rule import Rule

MAX_BYTES: Final = 20_000
_LANGUAGES: Final = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of one change of one or several alerts; `id` is the same in every attempt.

    `alerts` are the identities of those it speaks of, the gravest first.
    """

    id: str
    alerts: tuple[str, ...]
    body: bytes


def compose(alert: Alert, rule: Rule) -> Message:
    """Say what an alert has become."""
    content = _content(alert, rule)
    body = _encoded(content)
    for name in ("note", "detail", "advice", "title"):  # the least needed first
        if len(body) < MAX_BYTES:
            break
        content["data"][name] = None
        body = _encoded(content)
    return Message(f"{alert.id}.{alert.change}", (alert.id,), body)


def _encoded(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", errors="replace"
    )


def _content(alert: Alert, rule: Rule) -> dict[str, Any]:
    subject = alert.subject
    return {
        "type": f"alert.{alert.state}",
        "timestamp": text.moment(alert.changed),
        "data": {
            "id": alert.id,
            "change": alert.change,
            "state": str(alert.state),
            "rule": rule.name,
            "priority": alert.priority,
            "container": subject.container,
            "keys": dict(zip(rule.keys, subject.keys, strict=False)),
            "subject": text.subject_path(subject),
            "title": {to: text.filled(rule.title, rule, subject, to) for to in _LANGUAGES},
            "advice": {to: text.filled(rule.advice, rule, subject, to) for to in _LANGUAGES},
            "value": alert.value,
            "value_text": {to: text.value(rule, alert.value, to) for to in _LANGUAGES},
            "since": text.moment(alert.since),
            "changed": text.moment(alert.changed),
            "blind": alert.blind,
            "simulated": alert.simulated,
            "acknowledged_by": alert.acknowledged_by,
            "note": alert.note,
            "happened": _optional(alert.happened),
            "learned": _optional(alert.learned),
            "detail": alert.detail or None,
            "runbook": text.runbook(rule.name),
        },
    }


def _optional(seconds: float | None) -> str | None:
    return None if seconds is None else text.moment(seconds)
