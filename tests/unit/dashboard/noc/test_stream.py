from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import flask
import pytest
from flask.testing import FlaskClient

from dashboard.noc import stream
from vigie.client import Client
from vigie.errors import Unavailable


class Told:
    """A client whose stream tells this, and knows whether it was left."""

    def __init__(self, *events: str, fault: Exception | None = None) -> None:
        self.events, self.fault, self.left = events, fault, False

    def stream(self) -> Iterator[tuple[str, Any]]:
        try:
            for event in self.events:
                yield event, {}
            if self.fault:
                raise self.fault
        finally:
            self.left = True


def asking(told: Told) -> FlaskClient:
    """Pages of a signed-in person."""
    server = flask.Flask("test")
    stream.stand(server, lambda _: cast("Client", told))

    @server.before_request
    def enter() -> None:
        flask.g.visit = SimpleNamespace(token="t")

    made: FlaskClient = server.test_client()
    return made


def test_an_alert_is_told_and_everything_else_only_keeps_the_line_alive() -> None:
    text = asking(Told("tick", "alert", "alive")).get("/stream").get_data(as_text=True)
    assert text.split("\n\n") == [
        "retry: 3000", ": alive", "event: changed\ndata: {}", ": alive", "",
    ]  # fmt: skip


def test_what_happened_is_not_in_the_stream_itself() -> None:
    """A page asks its board, which is of its own person's scope."""
    assert "data: {}" in stream.CHANGED


def test_a_collector_that_goes_away_ends_the_stream_quietly() -> None:
    answer = asking(Told("alert", fault=Unavailable("gone"))).get("/stream")
    assert answer.status_code == 200
    assert "changed" in answer.get_data(as_text=True)


def test_pages_are_bounded_and_one_that_leaves_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_STREAMS", 2)
    told = Told(*["tick"] * 100)
    pages = asking(told)
    first, second = pages.get("/stream"), pages.get("/stream")
    refused = pages.get("/stream")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "15")
    next(cast("Iterator[bytes]", first.response))
    first.close()
    third = pages.get("/stream")
    assert third.status_code == 200
    second.close()
    third.close()
