"""Many pages of few persons, on the real screens; the API is played and counts what it is asked."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import flask
import pytest

from dashboard.board import Boards
from dashboard.changes import Changes
from dashboard.noc import address, pulse
from dashboard.noc.watch import Watch
from dashboard.session import Visit
from tests.build import played
from tests.build.played import Api, Direct
from vigie.errors import Refused

T = TypeVar("T")


class Counting(Direct):
    """A client that counts what the API is asked."""

    def __init__(self, api: Api, asked: Counter[str]) -> None:
        super().__init__(api)
        self.asked = asked

    def get(self, reply: type[T], path: str, **query: object) -> T:
        """As the client's."""
        self.asked[path] += 1
        return super().get(reply, path, **query)


class World:
    """A dashboard on a fake clock."""

    def __init__(self) -> None:
        self.now, self.api = 1_790_000_000.0, Api(now=lambda: self.now)
        self.asked = Counter[str]()
        """How often the API was asked for what."""
        clock: Callable[[], float] = lambda: self.now  # noqa: E731
        self.watch = Watch(
            Any, ZoneInfo("UTC"), "fr", lambda _: Counting(self.api, self.asked), clock,  # type: ignore[arg-type]
            boards=Boards(clock), changes=Changes(clock),
        )  # fmt: skip

    def visit(self, scope: str = "") -> Visit:
        """One more session."""
        person = replace(played.PERSON, scope=scope)
        return Visit("t", "c", person, self.now, Counting(self.api, self.asked))

    def look(self, visit: Visit, language: str = "fr", **known: str) -> tuple[Any, Any]:
        """What a page is answered."""
        at = address.read("/", f"?lang={language}", "fr")
        return pulse.news(self.watch, visit, at, known)


@pytest.fixture
def world() -> World:
    return World()


def test_many_sessions_of_one_scope_cost_one_reading_a_tick(world: World) -> None:
    for _ in range(200):
        world.look(world.visit())
    assert world.asked["containers"] == 1
    assert world.asked["alerts"] == 1
    world.now += 2
    for _ in range(200):
        world.look(world.visit())
    assert world.asked["containers"] == 2


def test_another_language_asks_again_only_for_what_has_words(world: World) -> None:
    for language in ("fr", "en") * 10:
        world.look(world.visit(), language)
    assert world.asked["containers"] == 1
    assert world.asked["alerts"] == 2


def test_two_scopes_never_share_a_board(world: World) -> None:
    world.look(world.visit("north"))
    world.api.containers = [played.container("south/one", world.now)]
    _, parts = world.look(world.visit("south"))
    assert b"south/one" in parts["tables.containers"]
    _, parts = world.look(world.visit("north"))
    assert b"south/one" not in parts["tables.containers"]
    assert world.asked["containers"] == 2


def test_other_roles_see_another_board(world: World) -> None:
    world.look(world.visit())
    finance = world.visit()
    world.look(replace(finance, person=replace(finance.person, roles=["finance"])))
    assert world.asked["containers"] == 2


def test_a_page_that_has_it_all_is_sent_nothing(world: World) -> None:
    head, parts = world.look(world.visit())
    assert parts
    again, nothing = world.look(world.visit(), **head["versions"])
    assert (nothing, again["versions"]) == ({}, head["versions"])


def test_a_change_is_on_the_next_board_of_everybody_and_costs_one_reading(world: World) -> None:
    visit = world.visit()
    world.look(visit)
    world.now += 0.1
    world.watch.changes.note(visit.rights)
    for _ in range(200):
        world.look(world.visit())
    assert world.asked["alerts"] == 2


def test_who_may_no_longer_see_is_told_so_once_it_is_read_again(world: World) -> None:
    world.look(world.visit())
    world.api.revoked = True
    world.now += 2
    head, parts = world.look(world.visit())
    assert (parts, head["trouble"]) == ({}, str(Refused(401, "no such credential")))


def test_the_answer_is_one_json_object(world: World) -> None:
    server = flask.Flask("test")
    pulse.stand(server, world.watch)

    @server.before_request
    def enter() -> None:
        flask.g.visit = world.visit()

    pages = server.test_client()
    asked = {"path": "/", "query": "?lang=en"}
    first: Any = pages.get("/board?" + urlencode(asked)).json
    assert first["page"] == "fleet:en"
    assert set(first["parts"]) == set(first["versions"])
    known = [f"{name}:{version}" for name, version in first["versions"].items()]
    more = asked | {"board": first["board"], "known": known}
    again: Any = pages.get("/board?" + urlencode(more, doseq=True)).json
    assert again["parts"] == {}
    elsewhere: Any = pages.get("/board?" + urlencode(more | {"board": "site:fr"}, doseq=True)).json
    assert elsewhere["parts"]
