from typing import Any, cast

import pytest

from dashboard.board import Boards
from dashboard.sharing import Shared
from vigie import replies
from vigie.client import Client
from vigie.errors import Unavailable

NORTH, SOUTH = ("north", ("reader",)), ("south", ("reader",))


class Told:
    """A client that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    def get(self, reply: Any, path: str, **query: object) -> Any:
        """Some answer."""
        self.asked.append(path)
        if self.away:
            raise Unavailable("away")
        return (path, query)


class World:
    """Boards on a clock, and people who ask."""

    def __init__(self) -> None:
        self.now, self.told = 0.0, Told()
        self.boards = Boards(lambda: self.now)

    def asking(self, rights: object, newer: float = float("-inf")) -> Shared:
        """Somebody with these rights."""
        return Shared(cast("Client", self.told), self.boards, rights, newer)


def test_what_screens_ask_alike_is_asked_once_a_tick() -> None:
    world = World()
    for _ in range(200):
        world.asking(NORTH).get(replies.Containers, "containers")
    assert len(world.told.asked) == 1
    world.now += 1
    world.asking(NORTH).get(replies.Containers, "containers")
    assert len(world.told.asked) == 2


def test_others_rights_and_other_questions_share_no_answer() -> None:
    world = World()
    world.asking(NORTH).get(replies.Alerts, "alerts", language="fr")
    world.asking(NORTH).get(replies.Alerts, "alerts", language="en")
    world.asking(SOUTH).get(replies.Alerts, "alerts", language="fr")
    assert len(world.told.asked) == 3


def test_no_answer_from_before_a_change_is_handed_out() -> None:
    world = World()
    world.asking(NORTH).get(replies.Alerts, "alerts")
    world.now += 0.1
    world.asking(NORTH, newer=0.05).get(replies.Alerts, "alerts")
    assert len(world.told.asked) == 2


def test_an_old_answer_is_no_answer_when_the_api_is_away() -> None:
    """The screen has its own last board, with its age; parts of it must not look new."""
    world = World()
    world.asking(NORTH).get(replies.Alerts, "alerts")
    world.told.away = True
    world.now += 2
    with pytest.raises(Unavailable):
        world.asking(NORTH).get(replies.Alerts, "alerts")


def test_what_is_each_ones_own_is_asked_each_time() -> None:
    world = World()
    for _ in range(3):
        world.asking(NORTH).get(replies.Table, "events")
    assert len(world.told.asked) == 3
