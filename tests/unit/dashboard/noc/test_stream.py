import contextlib
import threading
import time
from collections.abc import Iterator
from queue import Empty, Queue
from typing import Any, cast

import flask
import pytest
from flask.testing import FlaskClient

from dashboard.changes import Changes
from dashboard.noc import stream
from dashboard.noc.stream import Lines
from dashboard.session import Visit
from vigie import replies
from vigie.client import Client
from vigie.errors import Unavailable

RETRY = "retry: 3000\n\n"


def visit(scope: str = "", token: str = "t") -> Visit:
    """A reader's session."""
    person = replies.Session("p", "P", "person", ["reader"], scope, None)
    return Visit(token, "csrf", person, 0.0, cast("Client", None))


class Api:
    """Streams whose news a test tells; each ends on None."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.streams: list[Queue[str | None]] = []
        self.opened = threading.Event()

    def connect(self, token: str) -> Client:
        """A client that speaks with a token."""
        self.tokens.append(token)
        return cast("Client", self)

    def stream(self) -> Iterator[tuple[str, Any]]:
        """What is told, until its end."""
        told: Queue[str | None] = Queue()
        self.streams.append(told)
        self.opened.set()
        with contextlib.suppress(Empty):  # a test is over that told no end
            while (event := told.get(timeout=60)) is not None:
                yield event, {}
        raise Unavailable("gone")

    def tell(self, *events: str | None) -> None:
        """On the newest stream."""
        assert self.opened.wait(60)
        for event in events:
            self.streams[-1].put(event)


class World:
    """Pages on one API; `alive` is long, so that only news wake them."""

    def __init__(self, alive: float = 5.0) -> None:
        self.api, self.now = Api(), 100.0
        self.changes = Changes(lambda: self.now)
        self.lines = Lines(self.api.connect, self.changes, lambda: self.now, alive=alive)
        self.open = True

    def page(self, visit: Visit) -> Iterator[str]:
        """A page that has just begun to listen."""
        told = self.lines.told(visit, lambda: self.open)
        assert next(told) == RETRY
        return told


def _joined(threads: list[threading.Thread], heard: list[str]) -> list[str]:
    for thread in threads:
        thread.join(5)
    return heard


def test_pages_of_one_scope_share_one_stream_of_the_api() -> None:
    world = World()
    pages = [world.page(visit(token=f"t{n}")) for n in range(50)]
    threads, heard = [], []
    for page in pages:
        thread = threading.Thread(target=lambda p=page: heard.append(next(p, "")))
        thread.start()
        threads.append(thread)
    while not all(line.pages == 50 for line in world.lines._lines.values()):
        time.sleep(0.001)
    world.api.tell("tick", "alert")
    assert _joined(threads, heard) == [stream.CHANGED] * 50
    assert world.api.tokens == ["t0"] or len(world.api.tokens) == 1
    assert world.changes.at(visit().rights) == 100.0


def test_another_scope_hears_its_own_stream_only() -> None:
    world = World(alive=0.01)
    north, south = world.page(visit("north")), world.page(visit("south"))
    assert [next(north), next(south)] == [stream.ALIVE, stream.ALIVE]
    assert len(world.api.tokens) == 2
    world.api.tell("alert")
    while world.changes.at(visit("south").rights) < 0:
        time.sleep(0.001)
    assert next(south) == stream.CHANGED
    assert next(north) == stream.ALIVE


def test_what_happened_is_not_in_the_stream_itself() -> None:
    """A page asks its board, which is of its own person's scope."""
    assert "data: {}" in stream.CHANGED


def test_news_that_come_together_are_told_together() -> None:
    world = World(alive=0.01)
    page = world.page(visit())
    next(page)
    world.api.tell(*["alert"] * 500)
    while world.changes.at(visit().rights) < 0:
        time.sleep(0.001)
    heard = [next(page) for _ in range(10)]
    assert heard.count(stream.CHANGED) == 1
    world.now += stream.GATHER_SECONDS
    world.api.tell("tick")  # what was held back goes with whatever comes next
    while stream.CHANGED not in heard[10:]:
        heard.append(next(page))


def test_a_collector_that_goes_away_ends_the_page_and_the_next_opens_another_stream() -> None:
    world = World()
    first = world.page(visit())
    hearing = threading.Thread(target=lambda: list(first))
    hearing.start()
    world.api.tell(None)
    hearing.join(5)
    assert not hearing.is_alive()
    world.api.opened.clear()
    second = world.page(visit())
    threading.Timer(0.01, lambda: world.api.tell("alert")).start()
    assert next(second) == stream.CHANGED


def test_a_page_whose_session_ended_hears_no_more() -> None:
    world = World(alive=0.01)
    page = world.page(visit())
    assert next(page) == stream.ALIVE
    world.open = False
    assert list(page) == []


def test_a_page_that_does_not_read_holds_up_nobody() -> None:
    world = World(alive=0.01)
    idle, page = world.page(visit()), world.page(visit())
    next(idle)
    next(page)
    for _ in range(3):
        world.api.tell("alert")
        while next(page) != stream.CHANGED:
            pass
        world.now += 1
    assert next(idle) == stream.CHANGED  # once, however much it missed
    assert next(idle) == stream.ALIVE


def test_a_stream_that_nobody_listens_to_is_left() -> None:
    world = World(alive=0.01)
    page = world.page(visit())
    next(page)
    cast("Any", page).close()
    world.api.tell("tick")
    while world.lines._lines:
        time.sleep(0.001)


def asking(world: World) -> FlaskClient:
    """Pages of a signed-in person."""
    server = flask.Flask("test")
    stream.stand(server, world.lines, lambda _: visit())

    @server.before_request
    def enter() -> None:
        flask.g.visit = visit()

    made: FlaskClient = server.test_client()
    return made


def test_pages_are_bounded_and_one_that_leaves_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_STREAMS", 2)
    pages = asking(World(alive=0.01))
    first, second = pages.get("/stream"), pages.get("/stream")
    refused = pages.get("/stream")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "15")
    next(cast("Iterator[bytes]", first.response))
    first.close()
    third = pages.get("/stream")
    assert third.status_code == 200
    second.close()
    third.close()
