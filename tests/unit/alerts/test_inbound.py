"""What a receiver may say back."""

import json
from typing import Any

import pytest

from alerts.inbound import MAX_BYTES, Said, read


def body(kind: str = "alert.acknowledge", **data: Any) -> bytes:
    return json.dumps({"type": kind, "data": {"id": "abc", **data}}).encode()


def test_somebody_has_it_in_hand() -> None:
    assert read(body(by=" Zoé  N. ", note="on\nit")) == Said(
        "alert.acknowledge", "abc", "Zoé N.", note="on it"
    )
    assert read(body()) == Said("alert.acknowledge", "abc")


def test_it_has_a_ticket_and_the_ticket_moves() -> None:
    assert read(body("alert.ticket", ticket="INC-1", status="open")) == Said(
        "alert.ticket", "abc", ticket="INC-1", status="open"
    )
    assert read(body("alert.ticket", status="closed")).ticket is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "no JSON"),
        (b"[" * 100_000, "at most"),
        (b"[" * 19_000, "JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "is wanted"),
        (b'{"type": "alert.acknowledge", "data": []}', "is wanted"),
        (b'{"type": "alert.acknowledge", "data": {}}', "data.id"),
        (body(id=7), "data.id: a text"),
        (body(id="x" * 81), "data.id: at most 80"),
        (body("alert.resolve"), "alert.acknowledge or alert.ticket"),
        (json.dumps({"type": ["alert.ticket"], "data": {"id": "a"}}).encode(), "type:"),
        (body(by="a\u202eb"), "printable"),
        (body(note="x" * 1001), "data.note"),
        (body("alert.ticket"), "one of them"),
        (body("alert.ticket", ticket="<script>"), "INC-1234"),
        (body("alert.ticket", ticket="A", status="x" * 41), "data.status"),
        (b'"' + b"x" * MAX_BYTES + b'"', "at most"),
    ],
)
def test_anything_else_is_refused_by_the_member_that_is_wrong(given: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(given)
