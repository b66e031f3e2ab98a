from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from alerts.language.evaluate import FALSE, TRUE, UNKNOWN
from alerts.lifecycle import (
    MUTE,
    Alert,
    Happened,
    Sight,
    State,
    Subject,
    acknowledged,
    expired,
    look,
    resolved,
    settle_time,
    struck,
)
from alerts.rule import Rule, Words

ABOUT = Subject("paris/a", ("host-1",))
RULE = Rule(
    "r", 2, Words("a", "b"), Words("a", "b"), "why", "do", hold=300.0, settle=60.0, late=600.0
)
NOW = replace(RULE, hold=0.0)
WRONG, FINE, BETWEEN = Sight(TRUE, FALSE, 1.0), Sight(FALSE, TRUE, 9.0), Sight(FALSE, FALSE, 5.0)


def seen(rule: Rule, *looks: tuple[float, Sight], alert: Alert | None = None) -> Alert | None:
    """The alert after these looks."""
    for now, sight in looks:
        alert = look(rule, ABOUT, alert, sight, now)
    return alert


def fired(rule: Rule = NOW) -> Alert:
    """An alert that fired at 0."""
    alert = seen(rule, (0, WRONG), (rule.hold, WRONG))
    assert alert is not None
    assert alert.state is State.FIRING
    return alert


def test_nothing_wrong_is_no_alert() -> None:
    assert seen(RULE, (0, FINE), (1, MUTE)) is None


def test_it_waits_for_its_time_then_fires() -> None:
    alert = seen(RULE, (0, WRONG), (299, WRONG))
    assert alert is not None
    assert (alert.state, alert.since, alert.change) == (State.PENDING, 0, 1)
    alert = seen(RULE, (300, WRONG), alert=alert)
    assert alert is not None
    assert (alert.state, alert.since, alert.changed, alert.change) == (State.FIRING, 0, 300, 2)


def test_without_for_it_fires_at_once_as_its_first_change() -> None:
    assert (fired().state, fired().change) == (State.FIRING, 1)


def test_a_pending_one_is_dropped_when_it_is_well_again() -> None:
    assert seen(RULE, (0, WRONG), (200, FINE)) is None


def test_time_unseen_does_not_count_towards_for() -> None:
    looks = [(0, WRONG), (100, WRONG), (150, MUTE), (400, WRONG)]
    alert = seen(RULE, *looks)
    assert alert is not None
    assert (alert.state, alert.since) == (State.PENDING, 300)
    alert = seen(RULE, (600, WRONG), alert=alert)
    assert alert is not None
    assert alert.state is State.FIRING


def test_between_the_two_thresholds_nothing_changes() -> None:
    alert = seen(NOW, (10, BETWEEN), (1000, BETWEEN), alert=fired())
    assert alert is not None
    assert (alert.state, alert.value) == (State.FIRING, 5.0)


def test_it_resolves_after_being_well_for_a_while() -> None:
    alert = seen(NOW, (10, FINE), (69, FINE), alert=fired())
    assert alert is not None
    assert alert.state is State.FIRING
    alert = seen(NOW, (70, FINE), alert=alert)
    assert alert is not None
    assert (alert.state, alert.changed) == (State.RESOLVED, 70)


def test_a_relapse_or_blindness_starts_the_while_again() -> None:
    for interruption in (WRONG, BETWEEN, MUTE):
        alert = seen(NOW, (10, FINE), (50, interruption), (60, FINE), (119, FINE), alert=fired())
        assert alert is not None
        assert alert.state is State.FIRING
        alert = seen(NOW, (120, FINE), alert=alert)
        assert alert is not None
        assert alert.state is State.RESOLVED


def test_a_mute_subject_is_blind_and_never_resolves() -> None:
    alert = seen(NOW, (10, MUTE), (1e6, MUTE), alert=fired())
    assert alert is not None
    assert (alert.state, alert.blind) == (State.FIRING, True)
    alert = seen(NOW, (1e6 + 1, WRONG), alert=alert)
    assert alert is not None
    assert not alert.blind


def test_what_is_known_of_one_threshold_alone_is_not_blind() -> None:
    alert = seen(NOW, (10, Sight(UNKNOWN, FALSE)), alert=fired())
    assert alert is not None
    assert not alert.blind


def test_a_person_takes_it_once() -> None:
    alert = acknowledged(fired(), "Alice", "mine", 20)
    assert (alert.state, alert.acknowledged_by, alert.note) == (
        State.ACKNOWLEDGED, "Alice", "mine",
    )  # fmt: skip
    assert acknowledged(alert, "Bob", None, 30) is alert
    alert_later = seen(NOW, (40, FINE), (100, FINE), alert=alert)
    assert alert_later is not None
    assert alert_later.state is State.RESOLVED
    assert alert_later.acknowledged_by == "Alice"


def test_the_next_episode_has_another_name() -> None:
    first = seen(NOW, (10, FINE), (70, FINE), alert=fired())
    second = seen(NOW, (101, WRONG), alert=first)
    assert first is not None
    assert second is not None
    assert (second.state, second.told) == (State.FIRING, None)
    assert second.id != first.id


def test_what_comes_again_before_its_end_was_told_is_the_same_alert() -> None:
    first = seen(NOW, (10, FINE), (70, FINE), alert=replace(fired(), told=State.FIRING))
    again = seen(NOW, (100, WRONG), alert=first)
    assert first is not None
    assert again is not None
    assert (again.id, again.since, again.state) == (first.id, first.since, State.FIRING)
    assert again.change == first.change + 1
    assert again.openings[-1] == 100
    later = seen(NOW, (110, FINE), (229, FINE), alert=again)
    assert later is not None
    assert later.state is State.FIRING, "it has to be quiet for longer than the first time"


def test_what_comes_and_goes_before_it_is_over_flaps_too() -> None:
    looks = [(n * 20.0, FINE if n % 2 else WRONG) for n in range(1, 9)]
    alert = seen(NOW, *looks[:3], alert=fired())
    assert alert is not None
    assert not alert.flapping
    alert = seen(NOW, *looks[3:], alert=alert)
    assert alert is not None
    assert (alert.flapping, alert.state, alert.change) == (True, State.FIRING, fired().change)


def test_what_comes_again_stays_in_the_hands_that_had_it() -> None:
    mine = acknowledged(fired(), "Alice", None, 5)
    over = seen(NOW, (10, FINE), (70, FINE), alert=mine)
    again = seen(NOW, (80, WRONG), alert=over)
    assert again is not None
    assert (again.state, again.acknowledged_by) == (State.ACKNOWLEDGED, "Alice")


def test_a_rule_that_waits_before_it_fires_begins_anew() -> None:
    over = resolved(fired(), 70)
    again = seen(replace(NOW, hold=5.0), (80, WRONG), alert=over)
    assert again is not None
    assert (again.state, again.id != over.id) == (State.PENDING, True)


def test_every_opening_within_the_hour_doubles_the_wait() -> None:
    assert [settle_time(NOW, n) for n in (1, 2, 3, 4)] == [60, 120, 240, 480]
    assert settle_time(NOW, 30) == 3600
    assert settle_time(replace(NOW, settle=0.0), 1) == 0
    assert settle_time(replace(NOW, settle=0.0), 2) == 120


def test_openings_older_than_an_hour_are_forgotten() -> None:
    first = seen(NOW, (10, FINE), (70, FINE), alert=fired())
    again = seen(NOW, (3700, WRONG), alert=first)
    assert again is not None
    assert again.openings == (3700,)


def test_an_event_fires_once_counts_the_rest_and_ends() -> None:
    rule = replace(NOW, keep=100.0)
    alert = struck(rule, None, Happened(ABOUT, 5, 10, "first"), 11)
    assert (alert.state, alert.happened, alert.learned) == (State.FIRING, 5, 10)
    more = struck(rule, alert, Happened(ABOUT, 50, 50, "second"), 50)
    assert (more.id, more.change, more.count, more.detail) == (alert.id, 1, 2, "second")
    assert expired(more, 149).open
    assert expired(more, 150).state is State.RESOLVED


def test_an_event_learned_late_is_born_resolved() -> None:
    late = struck(NOW, None, Happened(ABOUT, 0, 601), 601)
    assert late.state is State.RESOLVED
    assert late.owed is None


def test_what_is_owed_is_what_was_not_told() -> None:
    alert = fired()
    assert alert.owed is State.FIRING
    told = replace(alert, told=State.FIRING)
    assert told.owed is None
    assert acknowledged(told, "A", None, 1).owed is State.ACKNOWLEDGED
    assert replace(told, state=State.RESOLVED).owed is State.RESOLVED
    assert replace(alert, state=State.RESOLVED).owed is None, "its beginning was never told"
    assert replace(alert, state=State.PENDING).owed is None


looks = st.lists(
    st.tuples(st.integers(1, 400), st.sampled_from([WRONG, FINE, BETWEEN, MUTE])), max_size=60
)


@given(looks)
def test_whatever_is_seen_it_never_resolves_unseen_nor_fires_early(
    steps: list[tuple[int, Sight]],
) -> None:
    now, since = 0.0, None
    alert: Alert | None = None
    for wait, sight in steps:
        now += wait
        before, alert = alert, look(RULE, ABOUT, alert, sight, now)
        since = None if sight.when == FALSE else since if since is not None else now
        if alert is not None and alert.state is State.FIRING and alert.changed == now:
            assert sight.when == TRUE
            assert since is not None
            assert now - since >= RULE.hold
        if alert is not None and before is not None and alert.state is not before.state:
            assert not sight.blind
            assert alert.change == before.change + 1 or alert.id != before.id
