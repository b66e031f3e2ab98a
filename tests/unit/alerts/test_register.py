from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.delivery import outbox
from alerts.delivery.outbox import Outbox
from alerts.lifecycle import Alert, State, Subject
from alerts.outlook import Outlook, Stakes
from alerts.receivers.declared import Declared, everybody
from alerts.register import TABLES, Position, Register
from alerts.rulebook import Rulebook
from tests.build.alarm import declared
from vigie.database import Database
from vigie.errors import Refused

RULES = Rulebook().rules
FIRING = Alert(
    "a", "filesystem_filling", Subject("p/a", ("h1", "/srv")), 2, State.FIRING, 0.0, 300.0, 2
)
SILENT = Alert("s", "agent_silent", Subject("p/a", ("h1", "agent")), 1, State.FIRING, 0.0, 30.0)


class Desk:
    """A register on a database of its own, which can be opened again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.receivers: Sequence[Declared] = [declared("desk", folder / "secret")]
        self.open()

    def open(self) -> None:
        self.database = Database(self.folder / "state.db", [*TABLES, *outbox.TABLES])
        self.register = Register(
            self.database, Outbox(self.database), everybody(self.receivers), lambda: RULES
        )

    def again(self) -> Register:
        """After a restart."""
        self.database.close()
        self.open()
        return self.register

    @property
    def owed(self) -> list[str]:
        """The messages written so far."""
        return [r["id"] for r in self.database.rows("SELECT id FROM outbox ORDER BY number")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_state_message_and_position_come_together_and_stay(desk: Desk) -> None:
    position = Position(17, 5, 300.0)
    (told,) = desk.register.apply([FIRING], (), position, 300.0)
    assert told.told is State.FIRING
    assert desk.owed == ["a.2"]
    again = desk.again()
    assert again.position == position
    assert again.now() == [told]


def test_what_an_alert_carries_is_there_after_a_restart(desk: Desk) -> None:
    laden = replace(
        FIRING, outlook=Outlook(300.0, 0.0, 600.0, 480.0, None), ticket="OPS-7",
        ticket_status="open", stakes=Stakes(104, None, ("inria", "ville"), 0),
    )  # fmt: skip
    (kept,) = desk.register.apply([laden], (), Position(), 300.0)
    assert desk.again().now() == [kept]


def test_the_same_change_owes_nothing_more(desk: Desk) -> None:
    (told,) = desk.register.apply([FIRING], (), None, 300.0)
    assert desk.register.apply([told], (), None, 301.0) == []
    desk.again().apply([FIRING], (), None, 302.0)
    assert desk.owed == ["a.2"]


def test_another_value_alone_is_not_worth_a_write(desk: Desk) -> None:
    (told,) = desk.register.apply([FIRING], (), None, 300.0)
    assert desk.register.apply([replace(told, value=0.5)], (), None, 301.0) == []
    (now,) = desk.register.now()
    assert now.value == 0.5, "and yet it is shown"


def test_a_pending_one_is_owed_to_nobody_and_can_be_dropped(desk: Desk) -> None:
    pending = replace(FIRING, state=State.PENDING, change=1)
    desk.register.apply([pending], (), None, 0.0)
    desk.register.apply((), [pending], None, 1.0)
    assert desk.owed == []
    assert desk.again().now() == []
    assert desk.register.history("a") == []


def test_what_a_silent_host_explains_is_told_when_it_is_back(desk: Desk) -> None:
    desk.register.apply([SILENT, FIRING], (), None, 300.0)
    desk.register.apply((), (), None, 330.0)
    assert desk.owed == ["s.1"]
    assert len(desk.register.now()) == 2
    (silent,) = desk.register.of("agent_silent").values()
    desk.register.apply(
        [replace(silent, state=State.RESOLVED, change=2, changed=400.0)], (), None, 400.0
    )
    assert desk.owed == ["s.1", "a.2"]
    desk.register.apply((), (), None, 430.0)
    assert desk.owed == ["s.1", "a.2", "s.2"], "an end waits for half a minute"


def test_what_is_all_but_over_when_its_cause_ends_is_told_to_nobody(desk: Desk) -> None:
    desk.register.apply([SILENT, FIRING], (), None, 300.0)
    desk.register.apply((), (), None, 330.0)
    (silent,) = desk.register.of("agent_silent").values()
    (disk,) = desk.register.of("filesystem_filling").values()
    over = replace(silent, state=State.RESOLVED, change=2, changed=400.0)
    desk.register.apply([over, replace(disk, quiet=390.0)], (), None, 400.0)
    assert desk.owed == ["s.1"]
    (disk,) = desk.register.of("filesystem_filling").values()
    assert (disk.held, disk.told) == (None, None)
    desk.register.apply([replace(disk, quiet=None)], (), None, 401.0)
    assert desk.owed == ["s.1", "a.2"], "it is wrong again"


def test_the_end_of_what_was_told_is_never_held_back(desk: Desk) -> None:
    (told,) = desk.register.apply([FIRING], (), None, 300.0)
    over = replace(told, state=State.RESOLVED, change=3)
    desk.register.apply([SILENT, over], (), None, 310.0)
    desk.again().apply((), (), None, 340.0)
    assert sorted(desk.owed) == ["a.2", "a.3", "s.1"]


def test_what_began_and_ended_unheard_is_told_to_nobody(desk: Desk) -> None:
    desk.register.apply([SILENT, FIRING], (), None, 300.0)
    (held,) = desk.register.of("filesystem_filling").values()
    desk.register.apply((), (), None, 330.0)
    desk.register.apply([replace(held, state=State.RESOLVED, change=3)], (), None, 340.0)
    assert desk.owed == ["s.1"]


def test_a_person_takes_it_and_that_is_told(desk: Desk) -> None:
    desk.register.apply([FIRING], (), None, 300.0)
    taken = desk.register.acknowledge("a", "Alice", "mine", 400.0)
    assert desk.register.acknowledge("a", "Bob", None, 500.0) == taken
    assert desk.owed == ["a.2", "a.3"]
    again = desk.again().get("a")
    assert again is not None
    assert (again.acknowledged_by, again.acknowledged_at) == ("Alice", 400.0)
    assert [(c.change, c.state, c.person, c.note) for c in desk.register.history("a")] == [
        (2, State.FIRING, None, None), (3, State.ACKNOWLEDGED, "Alice", "mine"),
    ]  # fmt: skip


def test_what_cannot_be_taken_is_refused(desk: Desk) -> None:
    desk.register.apply([replace(FIRING, state=State.PENDING)], (), None, 0.0)
    for name, note, status in (("nobody", None, 404), ("a", None, 409), ("a", "n" * 2000, 400)):
        with pytest.raises(Refused) as caught:
            desk.register.acknowledge(name, "Alice", note, 1.0)
        assert caught.value.status == status


def test_after_a_restart_time_down_is_time_unseen(desk: Desk) -> None:
    pending = replace(FIRING, state=State.PENDING)
    desk.register.apply([pending], (), Position(1, 0, 100.0), 100.0)
    (found,) = desk.again().now()
    assert (found.blind, found.sure) == (True, 100.0)


def test_alerts_that_are_over_are_kept_for_flapping_then_forgotten_then_purged(desk: Desk) -> None:
    over = replace(FIRING, state=State.RESOLVED, changed=400.0, told=State.RESOLVED)
    desk.register.apply([over], (), Position(1, 0, 400.0), 400.0)
    assert list(desk.again().of(over.rule).values()) == [over]
    desk.register.forget(4001.0)
    assert not desk.register.of(over.rule)
    assert [a.id for a in desk.register.listed([State.RESOLVED])] == ["a"]
    desk.register.purge(401.0)
    assert desk.register.listed([State.RESOLVED]) == []


def test_what_ended_in_a_time_is_told_with_how_long_it_took(desk: Desk) -> None:
    over = replace(FIRING, state=State.RESOLVED, changed=400.0, told=State.RESOLVED)
    desk.register.apply([over, SILENT], (), Position(1, 0, 400.0), 400.0)
    container, priority = over.subject.container, over.priority
    assert desk.register.ended(400.0, 401.0) == [(container, priority, 400.0 - over.since)]
    assert desk.register.ended(300.0, 400.0) == []


def test_an_alert_whose_rule_is_gone_can_still_be_told(desk: Desk) -> None:
    orphan = replace(FIRING, rule="no_longer_there")
    desk.register.apply([orphan], (), None, 300.0)
    assert desk.owed == ["a.2"]
