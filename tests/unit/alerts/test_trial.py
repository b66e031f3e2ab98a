from alerts.lifecycle import Subject
from alerts.load import parse
from alerts.rulebook import Rulebook
from alerts.trial import Reading, failures, replay
from tests.unit.alerts.test_load import RULE

RULES = Rulebook().rules
DISK = Subject("p/a", ("h1", "/srv"))


def disk(time: float, free: float | None, subject: Subject = DISK) -> Reading:
    return Reading(time, subject, {"size_bytes": 100, "available_bytes": free, "read_only": False})


def test_a_rule_that_keeps_its_tests_has_no_failures() -> None:
    (rule,) = parse(RULE, "x")
    assert failures(rule) == []


def test_a_failure_says_which_test_when_and_what_came() -> None:
    (rule,) = parse(RULE.replace('for = "5min"\n', ""), "x")
    (failure,) = failures(rule)
    assert str(failure) == "filling: it waits: at 0 s: pending expected, got firing"
    assert failure.origin == "x:12"


def test_a_replay_shows_every_change_in_order() -> None:
    readings = [disk(t, 50 if t < 100 or t >= 800 else 5) for t in range(0, 1200, 10)]
    found = [(a.state, a.changed) for a in replay(RULES["filesystem_filling"], readings, 1200)]
    assert found == [("pending", 100), ("firing", 400), ("resolved", 860)]


def test_a_replay_looks_between_readings_too() -> None:
    agent = Subject("p/a", ("h1", "agent"))
    readings = [Reading(0, agent, {}), Reading(200, agent, {})]
    found = [(a.state, a.changed) for a in replay(RULES["agent_silent"], readings, 400, 10)]
    assert found == [("firing", 40)], "and a single row does not bring it back for a minute"


def test_a_replay_looks_at_its_very_end() -> None:
    readings = [Reading(0, Subject("p/a", ("h1", "agent")), {})]
    assert [a.changed for a in replay(RULES["agent_silent"], readings, 37, 10)] == [37]


def test_a_replay_keeps_subjects_apart() -> None:
    other = Subject("p/b", ("h1", "/srv"))
    readings = [disk(t, 5) for t in range(0, 400, 10)]
    readings += [disk(t, 50, other) for t in range(0, 400, 10)]
    found = list(replay(RULES["filesystem_filling"], readings, 400))
    assert {alert.subject for alert in found} == {DISK}
    assert list(replay(RULES["filesystem_filling"], [], 400)) == []
