from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from alerts import forecast
from alerts.forecast import AGAIN_SECONDS, AT_ONCE, FARTHEST, due, outlook
from alerts.language.past import Past
from alerts.lifecycle import Alert, State, Subject
from alerts.load import parse
from alerts.outlook import Outlook
from alerts.trial import Reading, replay
from tests.unit.alerts.test_load import RULE
from vigie.shape import Value

NOW = 1_800_000_000.0
LIMITED = (
    RULE.replace('for = "5min"\n', "")
    + """
[[rule.test]]
says = "y"
steps = [{ at = "0s", given = { size_bytes = 100, available_bytes = 5 }, expect = "firing" }]

[rule.limit]
of = "available_bytes / size_bytes"
at = "0%"
over = "10min"
name = { fr = "plein", en = "full" }
loses = ["jobs"]
"""
)


def past(values: Sequence[float], every: float = 60.0) -> Past:
    """Readings of one row, the last of them now."""
    return Past(np.arange(len(values) - 1, -1, -1.0) * every, np.array(values, np.float64))


def seen(values: Sequence[float], limit: float, *, falling: bool = False) -> Outlook:
    return outlook(past(values), limit, NOW, falling=falling, farthest=30_000.0)


def test_a_straight_course_reaches_its_limit_when_the_line_does() -> None:
    found = seen([60.5 + n for n in range(11)], 80.5)
    assert (found.at, found.limit) == (NOW, 80.5)
    assert found.seconds == pytest.approx(600)
    assert found.least == pytest.approx(600, rel=0.01)
    assert found.most == pytest.approx(600, rel=0.01)


def test_from_above_likewise() -> None:
    found = seen([50.5 - n for n in range(11)], 20.5, falling=True)
    assert found.seconds == pytest.approx(20 * 60)


def test_rounded_readings_are_not_taken_for_exact() -> None:
    found = seen([60.0 + n for n in range(11)], 80.0)
    assert found.least is not None
    assert found.most is not None
    assert found.most - found.least > 30, "a degree is a minute; half of one is not known"


def test_what_is_there_is_reached() -> None:
    assert seen([70, 75, 81], 80) == Outlook(NOW, 80, 0.0, 0.0, 0.0)
    assert seen([3, 1, 0], 0, falling=True).seconds == 0.0


@pytest.mark.parametrize(
    "values",
    [
        [80, 79, 78, 77, 76, 75], [60, 60, 60, 60, 60], [60, 61], [], [np.nan] * 11,
        [60 + n / 1000 for n in range(11)],
    ],
)  # fmt: skip
def test_where_the_course_does_not_lead_there_nothing_is_said(values: list[float]) -> None:
    assert seen(values, 90.0) == Outlook(NOW, 90.0)


def test_what_may_as_well_not_come_has_no_latest_time() -> None:
    found = seen([60.3, 64.1, 58.2, 63.9, 59.4, 65.8, 61.1, 62.0, 60.2, 66.1, 61.9], 90.0)
    assert found.seconds is not None
    assert found.least is not None
    assert found.most is None
    assert found.least < found.seconds


def test_what_was_before_a_bend_says_nothing_of_what_comes() -> None:
    rng = np.random.default_rng(7)
    flat_then_rising = [60.0] * 6 + [62.0, 64.0, 66.0, 68.0, 70.0]
    values = [v + n for v, n in zip(flat_then_rising, rng.normal(0, 0.1, 11), strict=True)]
    found = seen(values, 90.0)
    assert found.seconds == pytest.approx(600, rel=0.1)
    assert found.most is not None
    assert found.most < 900


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_nine_cases_of_ten_lie_within_the_bounds(noise: float) -> None:
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(400):
        found = seen(
            [n + e for n, e in zip(range(-10, 1), rng.normal(0, noise, 11), strict=True)], 20
        )
        if found.seconds is not None and found.least is not None:
            most = np.inf if found.most is None else found.most
            inside.append(found.least <= 1200 <= most)
    assert 0.85 <= np.mean(inside) <= 0.95


def test_what_lies_too_far_ahead_is_not_said() -> None:
    (rule,) = parse(LIMITED, "x")
    assert rule.limit is not None
    assert rule.limit.falling, "as when compares"
    slow = [50 - n * 1e-4 for n in range(11)]
    far = outlook(past(slow), 0.0, NOW, falling=True, farthest=FARTHEST * rule.limit.over)
    assert far == Outlook(NOW, 0.0)


DISK = Subject("p/a", ("h1", "/srv"))


def disk(at: float, free: float) -> Reading:
    values: Mapping[str, Value] = {"size_bytes": 1000, "available_bytes": free}
    return Reading(at, DISK, values)


def test_an_alert_says_in_how_long_its_limit_is_reached() -> None:
    (rule,) = parse(LIMITED, "x")
    readings = [disk(t, 200 - t / 10) for t in range(0, 1500, 10)]
    firing = next(a for a in replay(rule, readings, 1500) if a.state is State.FIRING)
    assert firing.changed == pytest.approx(1010, abs=10)
    assert firing.outlook is not None
    assert firing.outlook.limit == 0.0
    assert firing.outlook.seconds == pytest.approx(2000 - firing.changed, rel=0.02)


def test_a_rule_without_a_limit_foresees_nothing() -> None:
    (rule,) = parse(RULE, "x")
    readings = [disk(t, 50) for t in range(0, 900, 10)]
    assert [a.outlook for a in replay(rule, readings, 900)] == [None, None]


def alert(number: int, outlook: Outlook | None, priority: int = 2) -> Alert:
    return Alert(
        id=str(number), rule="r", subject=Subject("p/a", (str(number),)), priority=priority,
        state=State.FIRING, since=NOW - number, changed=NOW, outlook=outlook,
    )  # fmt: skip


def test_outlooks_are_made_anew_in_turn() -> None:
    old, young = Outlook(NOW - AGAIN_SECONDS, 1.0), Outlook(NOW - 1, 1.0)
    first = [alert(1, old), alert(2, young), alert(3, None), alert(4, None, priority=1)]
    assert [a.id for a in due(first, NOW)] == ["4", "3", "1"]
    many = [alert(n, None) for n in range(AT_ONCE + 50)]
    assert len(due(many, NOW)) == AT_ONCE
    assert due([replace(first[0], outlook=young)], NOW) == []


def test_a_course_is_of_the_calculation_at_each_moment() -> None:
    (rule,) = parse(LIMITED, "x")
    assert rule.limit is not None
    assert {window.name for window in rule.windows} == {"available_bytes", "size_bytes"}
    assert forecast.STUDENT[0] > forecast.STUDENT[-1]
