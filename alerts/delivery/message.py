"""What a receiver is told of one change of one or several alerts: the same JSON each time, < 20 kB.

Receivers that want another form make it out of this one (`alerts/receivers/body.py`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from alerts import text
from alerts.lifecycle import Alert
from alerts.rule import Rule, Words

MAX_BYTES: Final = 20_000
MAX_VALUE: Final = 200
"""Characters of what others named: a host, a mount."""
MAX_PROSE: Final = 1_000
"""Characters of what others wrote: a note, the detail of an event."""
MAX_MEMBERS: Final = 50
"""Alerts of a group that are named one by one."""
TEST: Final = "receiver.test"
"""The `type` of a message that is about no alert."""
SIMULATED: Final = Words("SIMULÉ : ", "SIMULATED: ")
_LANGUAGES: Final = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of one change of one or several alerts; `id` is the same in every attempt.

    `alerts` are the identities of those it speaks of, the gravest first.
    """

    id: str
    alerts: tuple[str, ...]
    body: bytes


def compose(
    alert: Alert, rule: Rule, others: Sequence[tuple[Alert, Rule]] = (),
    *, call: tuple[str, int] | None = None,
) -> Message:  # fmt: skip
    """Say what an alert has become; `others` of the same group, less grave, became the same.

    `call` is of one that is said again although it became nothing else: why, and the how-manieth
    call that is. Such a message is another one: receivers drop what they have seen.
    """
    data = said(alert, rule)
    data["call"] = None if call is None else {"why": call[0], "count": call[1]}
    content = {"type": f"alert.{alert.state}", "timestamp": data["changed"], "data": data}
    if others:
        members = [_member(*one) for one in ((alert, rule), *others[: MAX_MEMBERS - 1])]
        data["group"] = {"count": 1 + len(others), "members": members}
    identities = (alert.id, *(other.id for other, _ in others))
    again = "" if call is None else f".{call[0]}-{call[1]}"
    return Message(f"{alert.id}.{alert.change}{again}", identities, _fitted(content))


def trial(receiver: str, identity: str, now: float) -> Message:
    """A message that is about no alert, and says so: to see whether a receiver takes any."""
    title = {
        "fr": f"ESSAI : message d'essai de Vigie pour {receiver}",
        "en": f"TEST: a trial message of Vigie for {receiver}",
    }
    advice = {"fr": "ESSAI : il n'y a rien à faire.", "en": "TEST: there is nothing to do."}
    at = text.moment(now)
    data = {
        "id": identity, "change": 1, "state": "test", "rule": "receiver_test", "priority": 3,
        "container": "", "keys": {"receiver": receiver}, "subject": receiver, "title": title,
        "advice": advice, "value": None, "value_text": dict.fromkeys(_LANGUAGES, ""),
        "since": at, "changed": at, "test": True, "simulated": False,
    }  # fmt: skip
    content = {"type": TEST, "timestamp": at, "data": data}
    return Message(identity, (identity,), _encoded(content))


def _fitted(content: dict[str, Any]) -> bytes:
    """It as bytes, without the least needed where it would be too long."""
    body, data = _encoded(content), content["data"]
    while len(body) >= MAX_BYTES and "group" in data and data["group"]["members"]:
        members = data["group"]["members"]
        data["group"]["members"] = members[: len(members) // 2]
        body = _encoded(content)
    for name in ("note", "detail", "advice", "title"):
        if len(body) < MAX_BYTES:
            break
        data[name] = None
        body = _encoded(content)
    return body


def _encoded(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", errors="replace"
    )


def said(alert: Alert, rule: Rule) -> dict[str, Any]:
    """What there is to say of an alert as it stands: `data` of its message."""
    alert = _plain(alert)
    subject = alert.subject
    return {
        "id": alert.id,
        "change": alert.change,
        "state": str(alert.state),
        "rule": rule.name,
        "priority": alert.priority,
        "container": subject.container,
        "keys": dict(zip(rule.keys, subject.keys, strict=False)),
        "subject": text.subject_path(subject),
        "title": _titled(alert, rule),
        "advice": _said(alert, rule, rule.advice),
        "value": alert.value,
        "value_text": _value(alert, rule),
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
        "flapping": alert.flapping,
        "held": alert.held,
        "ticket": alert.ticket,
        "outlook": _outlook(alert, rule),
        "stakes": None if alert.stakes is None else asdict(alert.stakes),
    }


def _member(alert: Alert, rule: Rule) -> dict[str, Any]:
    """One alert of a group, in a few words."""
    alert = _plain(alert)
    return {
        "id": alert.id,
        "change": alert.change,
        "rule": rule.name,
        "priority": alert.priority,
        "container": alert.subject.container,
        "keys": dict(zip(rule.keys, alert.subject.keys, strict=False)),
        "subject": text.subject_path(alert.subject),
        "title": _titled(alert, rule),
        "value_text": _value(alert, rule),
        "since": text.moment(alert.since),
    }


def _plain(alert: Alert) -> Alert:
    """The alert with everything that others named or wrote on one line and not too long."""
    return replace(
        alert,
        subject=replace(
            alert.subject,
            container=text.plain(alert.subject.container, MAX_VALUE),
            keys=tuple(text.plain(key, MAX_VALUE) for key in alert.subject.keys),
        ),
        acknowledged_by=_optional_plain(alert.acknowledged_by, MAX_VALUE),
        note=_optional_plain(alert.note, MAX_PROSE),
        detail=text.plain(alert.detail, MAX_PROSE),
        ticket=_optional_plain(alert.ticket, MAX_VALUE),
    )


def _titled(alert: Alert, rule: Rule) -> dict[str, str]:
    mark = SIMULATED if alert.simulated else Words("", "")
    return {
        to: mark.said(to) + text.titled(rule, alert.subject, alert.count, to) for to in _LANGUAGES
    }  # fmt: skip


def _said(alert: Alert, rule: Rule, words: Words) -> dict[str, str]:
    mark = SIMULATED if alert.simulated else Words("", "")
    return {
        to: mark.said(to) + text.filled(words, rule, alert.subject, to) for to in _LANGUAGES
    }  # fmt: skip


def _value(alert: Alert, rule: Rule) -> dict[str, str]:
    return {to: text.value(rule, alert.value, to) for to in _LANGUAGES}


def _outlook(alert: Alert, rule: Rule) -> dict[str, Any] | None:
    if alert.outlook is None:
        return None
    name = rule.limit.name if rule.limit is not None else Words("", "")
    told = asdict(alert.outlook) | {"at": text.moment(alert.outlook.at)}
    return told | {"name": {to: name.said(to) for to in _LANGUAGES}}


def _optional(seconds: float | None) -> str | None:
    return None if seconds is None else text.moment(seconds)


def _optional_plain(value: str | None, most: int) -> str | None:
    return None if value is None else text.plain(value, most)
