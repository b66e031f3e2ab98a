import asyncio
from typing import Any

import pytest

from collector.api import posts
from collector.api.posts import Gone, whole
from vigie.errors import Refused
from vigie.frame import MAX_REQUEST_BYTES


def receiver(*messages: dict[str, Any]) -> Any:
    """An ASGI `receive` that gives these, then hangs."""
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError

    return receive


def ignored(_: int) -> None:
    """Whatever came, there is room."""


def piece(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_is_its_pieces_in_order() -> None:
    body = receiver(piece(b"a", more=True), piece(b"b", more=True), piece(b"", more=False))
    taken: list[int] = []
    assert asyncio.run(whole(body, taken.append)) == b"ab"
    assert taken == [1, 1, 0], "what came is counted, not what was promised"


def test_a_body_that_does_not_end_is_stopped_at_the_limit() -> None:
    half = piece(bytes(MAX_REQUEST_BYTES // 2 + 1), more=True)
    with pytest.raises(Refused) as refused:
        asyncio.run(whole(receiver(half, half, half), ignored))
    assert refused.value.status == 413


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "READ_SECONDS", 0.01)
    with pytest.raises(Refused) as refused:
        asyncio.run(whole(receiver(piece(b"a", more=True)), ignored))
    assert refused.value.status == 408


def test_nobody_is_answered_who_hung_up() -> None:
    with pytest.raises(Gone):
        asyncio.run(whole(receiver({"type": "http.disconnect"}), ignored))
