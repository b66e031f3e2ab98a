"""What a receiver says back: somebody has an alert in hand, it has a ticket, the ticket moved."""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from alerts import ticket

Kind = Literal["alert.acknowledge", "alert.ticket"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
MAX_BYTES: Final = 20_000
MAX_NAME: Final = 80
MAX_NOTE: Final = 1_000
MAX_STATUS: Final = 40


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said of one alert; `by` is the person whom the other side names."""

    kind: Kind
    alert: str
    by: str = ""
    note: str | None = None
    ticket: str | None = None
    status: str | None = None


def read(body: bytes) -> Said:
    """What a message says: `{"type": …, "data": {"id": …}}`.

    Raises:
        ValueError: it says nothing that is understood; the message names the member.
    """
    if len(body) > MAX_BYTES:
        raise ValueError(f"at most {MAX_BYTES} bytes are read")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict):
        raise ValueError('{"type": …, "data": {…}} is wanted')  # noqa: TRY004 - the sender's mistake
    kind = content.get("type")
    if kind not in KINDS:
        raise ValueError(f"type: {' or '.join(KINDS)} is wanted, got {kind!r:.60}")
    alert = _text(data, "id", MAX_NAME)
    if not alert:
        raise ValueError("data.id: the id of an alert is wanted")
    by = _text(data, "by", MAX_NAME)
    if kind == "alert.acknowledge":
        return Said(kind, alert, by, note=_text(data, "note", MAX_NOTE) or None)
    reference, status = _text(data, "ticket", MAX_NAME), _text(data, "status", MAX_STATUS)
    if not reference and not status:
        raise ValueError("data.ticket, data.status: one of them at least is wanted")
    try:
        found = ticket.reference(reference) if reference else None
    except ValueError as error:
        raise ValueError(f"data.ticket: {error}") from None
    return Said(kind, alert, by, ticket=found, status=status or None)


def _text(data: dict[str, Any], name: str, longest: int) -> str:
    """One text, on one line; a missing one is empty."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"data.{name}: a text is wanted")  # noqa: TRY004 - likewise
    text = " ".join(value.split())
    if len(text) > longest or not text.isprintable():
        raise ValueError(f"data.{name}: at most {longest} printable characters are wanted")
    return text
