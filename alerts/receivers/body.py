"""The forms in which a webhook can be told: ours, Alertmanager's, and a chat's.

Each is a pure function of our own form. What others named is escaped by the one who writes it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from alerts.receivers.declared import Declared
from alerts.receivers.labels import RESOLVED, Entry, entries, fingerprint
from alerts.receivers.wording import headline, lines

OPEN_END: Final = "0001-01-01T00:00:00Z"
"""What Alertmanager writes where there is no end yet: Go's zero time."""
MAX_CHAT: Final = 4_000
"""Characters of a chat's message; Slack cuts there."""
CHAT_MEMBERS: Final = 10
_NO_SPACE: Final = "\u200b"
"""Takes no room, and keeps two characters from meaning something together."""
_NEUTRAL: Final = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"),  # Slack's own escapes: no mention, no link
    ("@", f"@{_NO_SPACE}"),  # Mattermost's @channel
    ("://", f":{_NO_SPACE}//"), ("](", f"]{_NO_SPACE}("),  # no link, no image
    ("`", "'"), ("*", "\u2217"),
)  # fmt: skip


def vigie(body: bytes, _: Declared) -> bytes:
    """Ours, as it is."""
    return body


def alertmanager(body: bytes, declared: Declared) -> bytes:
    """Version 4 of what Alertmanager posts to its webhooks."""
    content = json.loads(body)
    found = entries(content, declared.language)
    data = content["data"]
    count = (data.get("group") or {}).get("count", 1)
    name = {"alertname": str(data.get("rule") or "")}
    written = {
        "version": "4",
        "groupKey": f"{{}}:{{alertname={json.dumps(name['alertname'])}}}",
        "truncatedAlerts": max(count - len(found), 0),
        "status": _status(found[0].state),
        "receiver": declared.name,
        "groupLabels": name,
        "commonLabels": _common([entry.labels for entry in found]),
        "commonAnnotations": _common([entry.annotations for entry in found]),
        "externalURL": "",
        "alerts": [_alert(entry) for entry in found],
    }
    return _json(written)


def chat(body: bytes, declared: Declared) -> bytes:
    """`{"text": …}`, as Slack and Mattermost take it."""
    data = json.loads(body)["data"]
    language = declared.language
    bold = f"*{neutral(headline(data, language))}*"
    told = [neutral(line) for line in lines(data, language, CHAT_MEMBERS)]
    text = "\n".join([bold, *told])
    if len(text) > MAX_CHAT:
        text = text[: MAX_CHAT - 1].rsplit("\n", 1)[0] + "\n…"
    return _json({"text": text})


def neutral(line: str) -> str:
    """A line that means to a chat nothing but what it says."""
    for meaning, harmless in _NEUTRAL:
        line = line.replace(meaning, harmless)
    return line


def _alert(entry: Entry) -> dict[str, Any]:
    return {
        "status": _status(entry.state),
        "labels": entry.labels,
        "annotations": entry.annotations,
        "startsAt": entry.starts,
        "endsAt": entry.ends or OPEN_END,
        "generatorURL": "",
        "fingerprint": fingerprint(entry.labels),
    }


def _status(state: str) -> str:
    return "resolved" if state == RESOLVED else "firing"


def _common(sets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first, *rest = sets
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in rest)}


def _json(written: object) -> bytes:
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", errors="replace"
    )


FORMATS: Final[Mapping[str, Callable[[bytes, Declared], bytes]]] = {
    "vigie": vigie, "alertmanager": alertmanager, "text": chat,
}  # fmt: skip
