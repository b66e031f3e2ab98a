from dataclasses import replace

import pytest

from alerts.inhibit import Cause, Holder
from alerts.lifecycle import Alert, State, Subject
from alerts.notice import (
    INTERVALS,
    WIDER_HOST_SECONDS,
    WIDER_PLACE_SECONDS,
    Line,
    Notice,
    due,
    group,
    held,
    line,
    owed,
)
from alerts.rule import Rule, Words
from alerts.rulebook import Rulebook
from alerts.silence import Silence
from vigie.catalogue import Filesystem

W = Words("", "")
PACK = Rulebook().rules
DISK = Rule("disk", 2, W, W, "", "", measurement=Filesystem)
HOT = Alert("a", "disk", Subject("p/a", ("h1", "/")), 2, State.FIRING, 0.0, 0.0)
SILENCE = Silence("s1", "silence", "p", None, "", "Alice", "known", 0.0, 0.0, 100.0)


def notice(
    name: str = "a", *, state: State = State.FIRING, priority: int = 2, since: float = 0.0,
    receiver: str = "desk", told: State | None = None,
) -> Notice:  # fmt: skip
    """What a receiver is owed of an alert."""
    alert = replace(HOT, id=name, state=state, priority=priority, since=since)
    return Notice(alert, receiver, told, state, since)


def told(*waiting: Notice, last: dict[Line, float] | None = None, now: float) -> list[list[str]]:
    """Which alerts are told together now."""
    found = due([(n, DISK) for n in waiting], last or {}, now)
    return [[n.alert.id for n in members] for members in found.values()]


def test_the_first_of_a_line_is_told_at_once() -> None:
    assert told(notice(since=5.0), now=5.0) == [["a"]]


@pytest.mark.parametrize(("priority", "interval"), INTERVALS.items())
def test_what_follows_waits_for_the_interval_of_its_gravest(priority: int, interval: float) -> None:
    waiting = (notice("b", priority=3, since=11.0), notice("c", priority=priority, since=12.0))
    last = {line(waiting[0], DISK): 10.0}
    assert told(*waiting, last=last, now=10.0 + interval - 1) == []
    (together,) = told(*waiting, last=last, now=10.0 + interval)
    assert sorted(together) == ["b", "c"]


def test_the_gravest_and_oldest_of_a_group_comes_first() -> None:
    waiting = [notice("x", since=3.0), notice("y", since=2.0), notice("z", since=9.0, priority=1)]
    assert told(*waiting, now=9.0) == [["z", "y", "x"]]


def silent(rule: str, *keys: str, path: str = "p/a") -> tuple[Notice, Rule]:
    """A silence that a receiver is owed since 5 s."""
    alert = replace(HOT, id=rule, rule=rule, subject=Subject(path, keys))
    return Notice(alert, "desk", None, State.FIRING, 5.0), PACK[rule]


def test_silence_waits_until_its_last_agent_is_silent_and_that_of_everything_does_not() -> None:
    host, place = silent("agent_silent", "h1", "agent"), silent("container_silent")
    for waiting, wait in (([host], WIDER_HOST_SECONDS), ([host, place], WIDER_PLACE_SECONDS)):
        assert due(waiting, {}, 5.0 + wait - 1) == {}
        (together,) = due(waiting, {}, 5.0 + wait).values()
        assert len(together) == len(waiting)
    assert len(due([silent("collector_blind", path="")], {}, 5.0)) == 1


def test_an_end_waits_for_half_a_minute_and_then_takes_others_along() -> None:
    ends = [
        notice("a", state=State.RESOLVED, since=100.0, told=State.FIRING),
        notice("b", state=State.RESOLVED, since=120.0, told=State.FIRING),
    ]
    assert told(*ends, now=129.0) == []
    assert told(*ends, now=130.0) == [["a", "b"]]


def test_receivers_states_and_what_is_simulated_wait_for_themselves() -> None:
    real = notice("a")
    played = replace(notice("b"), alert=replace(HOT, id="b", simulated=True))
    taken = notice("c", state=State.ACKNOWLEDGED)
    last = {line(real, DISK): 0.0}
    waiting = (real, played, taken, notice("d", receiver="mail"))
    assert sorted(told(*waiting, last=last, now=1.0)) == [["b"], ["c"], ["d"]]


def test_a_clock_that_was_set_back_delays_nothing() -> None:
    one = notice(since=5.0)
    assert told(one, last={line(one, DISK): 9_000.0}, now=10.0) == [["a"]]
    end = replace(notice(state=State.RESOLVED, told=State.FIRING), since=9_000.0)
    assert told(end, now=10.0) == []
    assert told(replace(end, since=10.0), now=40.0) == [["a"]]


def test_all_that_is_silent_is_one_group_and_a_blind_collector_its_own() -> None:
    narrow = [PACK[name] for name in ("agent_silent", "container_silent", "site_silent")]
    assert len({group(rule) for rule in narrow}) == 1
    assert group(DISK) == "disk"
    everything = replace(notice(), alert=replace(HOT, subject=Subject("", ())))
    assert line(everything, PACK["collector_blind"]).grouped == "collector_blind"


def test_everybody_named_is_owed_a_beginning() -> None:
    assert [(n.receiver, n.owes) for n in owed(HOT, {}, ["desk", "mail"], (), 1.0)] == [
        ("desk", State.FIRING), ("mail", State.FIRING),
    ]  # fmt: skip


def test_nobody_hears_the_end_of_what_they_never_heard_of() -> None:
    over = replace(HOT, state=State.RESOLVED)
    known = {
        "desk": notice(told=State.FIRING), "late": replace(notice(), receiver="late"),
    }  # fmt: skip
    found = {n.receiver: n.owes for n in owed(over, known, ["desk", "mail"], ["duty"], 9.0)}
    assert found == {"desk": State.RESOLVED, "late": None, "duty": State.RESOLVED}


def test_who_knows_already_how_it_is_owes_nothing() -> None:
    again = {"desk": replace(notice(told=State.FIRING), owes=State.RESOLVED)}
    (one,) = owed(HOT, again, ["desk"], (), 9.0)
    assert (one.told, one.owes) == (State.FIRING, None)


def test_an_alert_is_held_by_who_hides_it_or_by_a_wider_fault() -> None:
    wide = {Cause("p/a"): Holder("b")}
    assert held(HOT, DISK, [], {}) is None
    assert held(HOT, DISK, [], wide) == "inhibited"
    assert held(HOT, DISK, [SILENCE], wide) == "silence:s1", "a person's word says more"
    window = replace(SILENCE, id="m1", kind="maintenance", starts=50.0)
    assert held(HOT, DISK, [SILENCE, window], {}) == "maintenance:m1"
