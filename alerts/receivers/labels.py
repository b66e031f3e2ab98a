"""An alert in Alertmanager's words: labels name it, annotations tell of it.

Labels are the same from an alert's first message to its last, and over all its episodes: they are
what Alertmanager knows it by.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alerts import text

MAX_LABEL: Final = 200
MAX_ANNOTATION: Final = 1_000
SEVERITIES: Final[Mapping[int, str]] = {1: "critical", 2: "warning", 3: "info"}
RESOLVED: Final = "resolved"


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert of a message; `state` is ours, `ends` is when it was over, RFC 3339."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    starts: str
    ends: str | None


def entries(content: Mapping[str, Any], language: str) -> list[Entry]:
    """The alerts that a message names: one, or those of its group."""
    return [entry(data, language) for data in named(content["data"])]


def entry(data: Mapping[str, Any], language: str) -> Entry:
    """One alert out of the `data` of its message."""
    state = str(data.get("state", ""))
    return Entry(
        _labels(data), _annotations(data, language), state, data["since"],
        data.get("changed") if state == RESOLVED else None,
    )  # fmt: skip


def named(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The data of every alert that a message names; of a group, what all share and what differs."""
    members = (data.get("group") or {}).get("members")
    if not members:
        yield data
        return
    shared = {name: data.get(name) for name in ("state", "changed", "simulated", "blind")}
    of_the_rule = {name: data.get(name) for name in ("rule", "priority", "advice", "runbook")}
    for number, member in enumerate(members):
        if number == 0:
            yield {**data, **member}
        elif member.get("rule", data.get("rule")) == data.get("rule"):
            yield {**shared, **of_the_rule, **member}
        else:
            yield {**shared, **member}


def fingerprint(labels: Mapping[str, str]) -> str:
    """How Alertmanager numbers a set of labels: FNV-1a, 64 bits, of names and values in order.

    Source: prometheus/common, model/fnv.go and model/signature.go.
    """
    found = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in (*name.encode(), 0xFF, *labels[name].encode(), 0xFF):
            found = (found ^ byte) * 0x100000001B3 & 0xFFFF_FFFF_FFFF_FFFF
    return f"{found:016x}"


def _labels(data: Mapping[str, Any]) -> dict[str, str]:
    ours = {
        "alertname": data.get("rule"),
        "severity": SEVERITIES.get(data.get("priority", 3), "info"),
        "priority": data.get("priority"),
        "container": data.get("container"),
        "simulated": "true" if data.get("simulated") else None,
    }
    keys = {
        f"key_{name}" if name in ours else name: value
        for name, value in (data.get("keys") or {}).items()
    }
    return _texts({**keys, **ours}, MAX_LABEL)


def _annotations(data: Mapping[str, Any], language: str) -> dict[str, str]:
    told = {
        "summary": worded(data, "title", language),
        "description": worded(data, "advice", language),
        "value": worded(data, "value_text", language),
        "subject": data.get("subject"),
        "state": data.get("state"),
        "acknowledged_by": data.get("acknowledged_by"),
        "note": data.get("note"),
        "detail": data.get("detail"),
        "ticket": data.get("ticket"),
        "runbook": data.get("runbook"),
        "vigie_id": data.get("id"),
    }
    return _texts(told, MAX_ANNOTATION)


def worded(data: Mapping[str, Any], name: str, language: str) -> str:
    """A member that has both languages, in one; nothing where it was left out."""
    return str((data.get(name) or {}).get(language) or "")


def _texts(values: Mapping[str, Any], most: int) -> dict[str, str]:
    """Those that say something, as texts on one line."""
    found = {
        name: text.plain(value if isinstance(value, str) else json.dumps(value), most)
        for name, value in values.items()
        if value is not None
    }
    return {name: value for name, value in found.items() if value}
