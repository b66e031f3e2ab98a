"""Who is called next, as a decision on its own."""

import pytest

from alerts.escalation import FAILOVER, Call, Reached, Step, begun, following, handover
from alerts.roster.ladder import Rung, first

SHIFT = Rung(("alice-phone",), ("alice-mail",), 300.0)
ON_CALL = Rung(("carol-phone",), ("chief-phone",), 600.0)
HEAD = Rung(("chief-phone",), (), None)
NOBODY = Rung((), (), 60.0)
LADDER = (SHIFT, ON_CALL, HEAD)


def calls(*names: str, at: float = 0.0, taken: bool = True) -> list[Call]:
    return [Call(name, at, taken) for name in names]


def test_the_first_rung_is_the_lowest_that_has_anybody() -> None:
    assert first(LADDER) == 0
    assert first((NOBODY, ON_CALL)) == 1
    assert first((NOBODY, NOBODY)) is None


def test_an_alert_stands_on_the_lowest_rung_that_was_called() -> None:
    assert begun(LADDER, calls("alice-phone", at=7.0)) == Reached(0, 7.0)
    assert begun(LADDER, calls("chief-phone", at=7.0)) == Reached(2, 7.0)
    assert begun(LADDER, calls("of-the-last-shift", at=7.0)) == Reached(0, 7.0)


def test_the_next_rung_is_called_when_the_time_of_this_one_is_over() -> None:
    told = calls("alice-phone")
    assert following(LADDER, Reached(0, 0.0), told, 2) == Step(
        300.0, 1, ("carol-phone",), "unanswered", climbs=True
    )
    assert following(LADDER, Reached(1, 300.0), told, 2) == Step(
        900.0, 2, ("chief-phone",), "unanswered", climbs=True
    )


def test_above_the_last_rung_there_is_nobody() -> None:
    assert following(LADDER, Reached(2, 900.0), calls("chief-phone"), 2) is None


def test_an_empty_rung_is_passed_over() -> None:
    step = following((SHIFT, NOBODY, HEAD), Reached(0, 0.0), calls("alice-phone"), 2)
    assert step is not None
    assert (step.level, step.receivers) == (2, ("chief-phone",))


def test_a_rung_without_limit_waits_for_ever() -> None:
    patient = Rung(("alice-phone",), (), None)
    assert following((patient, HEAD), Reached(0, 0.0), calls("alice-phone"), 3) is None


def test_who_was_called_already_is_not_called_again_though_the_alert_climbs() -> None:
    same = (SHIFT, Rung(("alice-phone",), (), 60.0), HEAD)
    step = following(same, Reached(0, 0.0), calls("alice-phone"), 2)
    assert step == Step(300.0, 1, (), "unanswered", climbs=True)


def test_an_urgent_message_that_nobody_took_goes_on_after_30_seconds_way_by_way() -> None:
    told = calls("alice-phone", taken=False)
    assert following(LADDER, Reached(0, 0.0), told, 1) == Step(
        FAILOVER, 0, ("alice-mail",), "unreached"
    )
    told += calls("alice-mail", at=30.0, taken=False)
    assert following(LADDER, Reached(0, 0.0), told, 1) == Step(
        60.0, 1, ("carol-phone",), "unreached", climbs=True
    )


def test_one_that_was_taken_by_the_last_who_was_called_goes_on_only_with_time() -> None:
    told = [*calls("alice-phone", taken=False), *calls("alice-mail", at=30.0)]
    step = following(LADDER, Reached(0, 0.0), told, 1)
    assert step is not None
    assert (step.at, step.why) == (300.0, "unanswered")


def test_of_two_called_at_once_each_has_to_take_it() -> None:
    two = (Rung(("desk", "alice-phone"), ("alice-mail",), 300.0), HEAD)
    told = [*calls("desk"), *calls("alice-phone", taken=False)]
    step = following(two, Reached(0, 0.0), told, 1)
    assert step is not None
    assert (step.at, step.receivers) == (30.0, ("alice-mail",))


@pytest.mark.parametrize("priority", [2, 3])
def test_what_is_not_urgent_does_not_go_on_because_nobody_took_it(priority: int) -> None:
    step = following(LADDER, Reached(0, 0.0), calls("alice-phone", taken=False), priority)
    assert step is not None
    assert step.why == "unanswered"


def test_when_everybody_was_called_there_is_nobody_left() -> None:
    everybody = ("alice-phone", "alice-mail", "carol-phone", "chief-phone")
    told = calls(*everybody, taken=False)
    assert following(LADDER, Reached(2, 0.0), told, 1) is None


def test_the_last_rung_is_called_again_and_again_and_each_call_is_counted() -> None:
    told = [*calls("alice-phone"), *calls("carol-phone", at=300.0), *calls("chief-phone", at=900.0)]
    step = following(LADDER, Reached(2, 900.0), told, 1, again=600.0)
    assert step == Step(1500.0, 2, ("chief-phone",), "again", count=4)
    told += calls("chief-phone", at=1500.0)
    step = following(LADDER, Reached(2, 900.0), told, 1, again=600.0)
    assert step == Step(2100.0, 2, ("chief-phone",), "again", count=5)


def test_below_the_last_rung_nobody_is_called_again() -> None:
    step = following(LADDER, Reached(1, 0.0), calls("carol-phone"), 2, again=60.0)
    assert step is not None
    assert step.why == "unanswered"


def test_to_whom_a_message_is_still_on_its_way_none_is_added() -> None:
    waiting = calls("chief-phone", taken=False)
    told = [*calls("alice-phone"), *calls("carol-phone", at=300.0), *waiting]
    step = following(LADDER, Reached(2, 0.0), told, 2, again=60.0)
    assert step == Step(360.0, 1, ("carol-phone",), "again", count=3), "the rung below answers"
    dead = [*calls("alice-phone", "carol-phone", taken=False), *waiting]
    assert following(LADDER, Reached(2, 0.0), dead, 2, again=60.0) is None


def test_where_nobody_is_on_any_more_the_rung_below_is_called_again() -> None:
    rungs = (SHIFT, NOBODY)
    step = following(rungs, Reached(1, 0.0), calls("of-the-last-shift"), 2, again=60.0)
    assert step == Step(60.0, 0, ("alice-phone",), "again", count=2)


def test_who_comes_on_up_to_the_rung_that_was_reached_is_told() -> None:
    bob, eve = Rung(("bob-phone",), (), 300.0), Rung(("eve-phone",), (), 600.0)
    told = calls("alice-phone")
    step = handover(LADDER, (bob, eve, HEAD), Reached(0, 0.0), told, 50.0)
    assert step == Step(50.0, 0, ("bob-phone",), "handover", count=2)
    step = handover(LADDER, (bob, eve, HEAD), Reached(1, 0.0), told, 50.0)
    assert step is not None
    assert step.receivers == ("bob-phone", "eve-phone")
    assert handover(LADDER, LADDER, Reached(2, 0.0), told, 50.0) is None
