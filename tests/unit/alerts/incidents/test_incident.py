from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.incidents.incident import (
    MAX_ALERTS,
    MAX_WORDS,
    Act,
    Deadline,
    Incident,
    Stage,
    Step,
    check,
    clock,
    common,
    month_after,
)
from tests.build.episodes import episode
from vigie.errors import Refused

HOUR, DAY = 3600.0, 86_400.0
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()


def act(step: Step, time: float, **more: Any) -> Act:
    return Act(step, time, "Alice", "p-1", **more)


def incident(*acts: Act, **opened: Any) -> Incident:
    return Incident("inc-1", "Dark", "paris/a", (act(Step.OPENED, NOON, **opened), *acts))


def test_the_clock_runs_from_the_first_alert_that_anybody_could_know_of() -> None:
    history = episode(None, NOON + 50, began=NOON - 900.0)
    fired = episode(NOON + 10, NOON + 600, taken=NOON + 100, began=NOON - 60.0)
    found = clock(incident(), [history, fired])
    assert (found.began, found.detected) == (NOON - 900, NOON + 10)
    assert (found.acknowledged, found.acknowledged_by) == (NOON + 100, "Alice")
    assert found.ended == NOON + 600


def test_what_a_person_noticed_before_counts() -> None:
    found = clock(incident(at=NOON - 60), [episode(NOON)])
    assert (found.began, found.detected) == (NOON - 60, NOON - 60)


def test_it_has_not_ended_while_an_alert_is_open_unless_a_person_says_so() -> None:
    episodes = [episode(NOON, NOON + 60), episode(NOON)]
    assert clock(incident(), episodes).ended is None
    closed = act(Step.CLOSED, NOON + 500, words="on the other feed", at=NOON + 300)
    assert clock(incident(closed), episodes).ended == NOON + 300


def test_without_alert_or_word_nothing_is_known_and_nothing_is_due() -> None:
    found = clock(incident(), [])
    assert (found.began, found.detected, found.ended, found.deadlines) == (None, None, None, ())


def test_nis2_wants_24_hours_72_hours_and_a_month() -> None:
    found = clock(incident(), [episode(NOON)]).deadlines
    assert [(each.stage, each.due) for each in found] == [
        (Stage.EARLY_WARNING, NOON + DAY),
        (Stage.NOTIFICATION, NOON + 3 * DAY),
        (Stage.FINAL_REPORT, datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp()),
    ]


def test_the_month_runs_from_when_the_notification_was_sent() -> None:
    sent = act(Step.FILED, NOON + HOUR, stage=Stage.NOTIFICATION, words="receipt 7", at=NOON + 60)
    _, notification, final = clock(incident(sent), [episode(NOON)]).deadlines
    assert (notification.filed, notification.reference) == (NOON + 60, "receipt 7")
    assert final.due == month_after(NOON + 60)


def test_what_is_not_filed_in_time_is_late() -> None:
    owed = Deadline(Stage.EARLY_WARNING, 100.0)
    assert (owed.late(100.0), owed.late(101.0)) == (False, True)
    assert replace(owed, filed=99.0).late(1_000.0) is False
    assert replace(owed, filed=101.0).late(1_000.0) is True


@pytest.mark.parametrize(
    ("day", "after"),
    [
        ((2026, 1, 31), (2026, 2, 28)), ((2024, 1, 31), (2024, 2, 29)),
        ((2026, 12, 5), (2027, 1, 5)), ((2026, 3, 30), (2026, 4, 30)),
    ],
)  # fmt: skip
def test_a_month_later_is_the_same_day_or_the_last(
    day: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    said = month_after(datetime(*day, 7, 30, tzinfo=UTC).timestamp())
    assert datetime.fromtimestamp(said, UTC) == datetime(*after, 7, 30, tzinfo=UTC)


def test_alerts_come_to_it_and_people_say_which_mean_an_outage() -> None:
    found = incident(
        act(Step.ADDED, NOON, alerts=("b",), outage=True),
        act(Step.ADDED, NOON, alerts=("b", "c")),
        act(Step.ADDED, NOON, alerts=("c",), outage=False),
        alerts=("a",),
    )
    assert found.alerts == {"a": None, "b": True, "c": False}


@pytest.mark.parametrize(
    ("paths", "path"),
    [
        ([], ""), (["paris/a"], "paris/a"), (["paris/a", "paris/b"], "paris"),
        (["paris/a", "paris/ab"], "paris"), (["paris/a", "lyon/a"], ""),
    ],
)  # fmt: skip
def test_an_incident_lies_where_all_of_it_does(paths: list[str], path: str) -> None:
    assert common(paths) == path


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (act(Step.NOTED, NOON, words=" "), 400),
        (act(Step.NOTED, NOON, words="x" * (MAX_WORDS + 1)), 400),
        (act(Step.CLOSED, NOON), 400),
        (act(Step.ADDED, NOON, alerts=tuple(map(str, range(MAX_ALERTS + 1)))), 400),
        (act(Step.FILED, NOON, stage=Stage.NOTIFICATION, at=NOON + 1), 400),
        (act(Step.FILED, NOON, stage=Stage.NOTIFICATION, at=-6e10), 400),
        (act(Step.FILED, NOON, stage=Stage.EARLY_WARNING), 409),
    ],
)
def test_an_act_that_makes_no_sense_is_refused(wrong: Act, status: int) -> None:
    with pytest.raises(Refused) as told:
        check(wrong, incident(act(Step.FILED, NOON, stage=Stage.EARLY_WARNING)))
    assert told.value.status == status


def test_a_closed_incident_takes_notes_and_filings_and_no_alert() -> None:
    closed = incident(act(Step.CLOSED, NOON, words="over"))
    check(act(Step.NOTED, NOON, words="later"), closed)
    check(act(Step.FILED, NOON, stage=Stage.FINAL_REPORT), closed)
    for step in (Step.ADDED, Step.CLOSED):
        with pytest.raises(Refused, match="inc-1 is closed"):
            check(act(step, NOON, words="x", alerts=("a",)), closed)
