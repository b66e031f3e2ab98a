from dataclasses import replace
from pathlib import Path

import pytest

from alerts.board import FORGOTTEN_SECONDS, TABLES, Board, Turn
from alerts.lifecycle import Alert, State, Subject
from alerts.notice import Line
from vigie.database import Database

HOT = Alert("a", "disk", Subject("p/a", ("h1", "/")), 2, State.FIRING, 0.0, 0.0)
OVER = replace(HOT, state=State.RESOLVED)
LINE = Line("desk", "disk", State.FIRING, simulated=False)


class Desk:
    """A board on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "state.db", TABLES)
        self.board = Board(self.database, {})

    def done(self, turn: Turn) -> None:
        """What one transaction writes."""
        with self.database.write() as write:
            turn.save(write)
        self.board.adopt(turn)

    def again(self, *alerts: Alert) -> Board:
        """As it is after a restart."""
        return Board(self.database, {alert.id: alert for alert in alerts})

    @property
    def rows(self) -> int:
        """How many notices are kept."""
        return len(self.database.rows("SELECT * FROM notices"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def begun(desk: Desk, now: float = 1.0) -> None:
    """An alert that was told."""
    turn = Turn(desk.board, now)
    turn.owe(HOT, ["desk"])
    turn.tell(LINE, turn.waiting())
    desk.done(turn)


def test_what_is_owed_is_there_after_a_restart_and_told_once(desk: Desk) -> None:
    turn = Turn(desk.board, 1.0)
    turn.owe(HOT, ["desk", "mail"])
    assert not desk.board.waiting(), "nothing holds before it is written"
    desk.done(turn)
    assert desk.board.waiting() == desk.again(HOT).waiting()
    later = Turn(desk.board, 2.0)
    later.tell(LINE, [n for n in later.waiting() if n.receiver == "desk"])
    desk.done(later)
    for board in (desk.board, desk.again(HOT)):
        assert [n.receiver for n in board.waiting()] == ["mail"]
        assert board.last == {LINE: 2.0}
        assert board.of("a")["desk"].told is State.FIRING


def test_an_end_is_owed_to_who_knows_and_then_nothing_is_kept(desk: Desk) -> None:
    begun(desk)
    turn = Turn(desk.board, 10.0)
    turn.owe(OVER, ["desk", "mail"])
    desk.done(turn)
    (end,) = desk.board.waiting()
    assert (end.receiver, end.owes, end.since) == ("desk", State.RESOLVED, 10.0)
    told = Turn(desk.board, 40.0)
    told.tell(LINE._replace(state=State.RESOLVED), told.waiting())
    desk.done(told)
    assert (desk.rows, desk.board.of("a")) == (0, {})


def test_what_comes_again_before_its_end_was_told_owes_nothing(desk: Desk) -> None:
    begun(desk)
    for alert in (OVER, HOT):
        turn = Turn(desk.board, 10.0)
        turn.owe(alert, ["desk"])
        desk.done(turn)
    assert desk.board.waiting() == []
    assert desk.board.of("a")["desk"].told is State.FIRING


def test_what_nobody_heard_of_can_be_withdrawn(desk: Desk) -> None:
    turn = Turn(desk.board, 1.0)
    assert not turn.withdraw("a"), "nothing was owed"
    turn.owe(HOT, ["desk"])
    desk.done(turn)
    later = Turn(desk.board, 2.0)
    assert later.withdraw("a")
    desk.done(later)
    assert (desk.rows, desk.board.waiting()) == (0, [])
    begun(desk)
    assert not Turn(desk.board, 3.0).withdraw("a"), "somebody knows"


def test_what_waits_speaks_of_the_alert_as_it_is_now(desk: Desk) -> None:
    turn = Turn(desk.board, 1.0)
    turn.owe(HOT, ["desk"])
    desk.done(turn)
    later = Turn(desk.board, 2.0)
    later.follow(replace(HOT, value=7.0))
    assert not later.writes, "another value is not worth a write"
    assert later.waiting()[0].alert.value == 7.0


def test_when_a_line_was_told_long_ago_is_forgotten(desk: Desk) -> None:
    begun(desk)
    turn = Turn(desk.board, 2.0 + FORGOTTEN_SECONDS)
    other = replace(HOT, id="b")
    turn.owe(other, ["mail"])
    turn.tell(LINE._replace(receiver="mail"), turn.waiting())
    desk.done(turn)
    assert [one.receiver for one in desk.board.last] == ["mail"]
    assert list(desk.again(HOT, other).last) == list(desk.board.last)
