"""Every shipped rule is tried on the twin, or says where else it is; the page of it is fresh."""

from alerts.rulebook import Rulebook
from tools.rule_scenarios import EVERY, PAGE, Cell, Plan, Scenario, Seen, judged, plan, stale
from twin import faults

RULES = set(Rulebook(None).rules)


def test_every_rule_fires_in_a_scenario_or_is_tried_elsewhere() -> None:
    played = plan()
    fires = {rule for scenario in played.scenarios.values() for rule in scenario.fires}
    missing = RULES - fires - set(played.elsewhere)
    assert not missing, "say in tools/rule_scenarios.toml where these ought to fire"


def test_nothing_is_expected_of_a_rule_or_a_scenario_that_does_not_exist() -> None:
    played = plan()
    named = set(played.anyway) | set(played.elsewhere)
    for scenario in played.scenarios.values():
        named |= set(scenario.fires) | set(scenario.follows)
    assert named - {EVERY} <= RULES
    assert set(played.scenarios) == set(faults.packaged())


def test_the_page_speaks_of_every_rule() -> None:
    assert stale(list(RULES), PAGE.read_text(encoding="utf-8")) == [], (
        "run python -m tools.rule_scenarios"
    )


def test_an_alarm_is_right_where_it_ought_to_be_and_false_anywhere_else() -> None:
    scenario = Scenario("s", 60.0, {"r": ("a/*", "b/*")}, {"r": ("c/*",)})
    played = Plan((), {}, (), {"r": ("d/*",)}, {}, {"s": scenario})
    first = {("r", path): 5.0 for path in ("a/1", "c/1", "d/1", "e/1")} | {("q", "b/1"): 1.0}
    cell = judged("r", scenario, Seen(first, 5, 0.0), played)
    assert cell == Cell(("a/1",), ("c/1",), ("d/1",), ("e/1",), ("b/*",))
    assert cell.sign == "**false**"


def test_what_fires_before_the_faults_is_false_also_where_they_come() -> None:
    scenario = Scenario("s", 60.0, {"r": ("a/*",)}, {})
    played = Plan((), {}, (), {}, {}, {"s": scenario})
    cell = judged("r", scenario, Seen({("r", "a/1"): -5.0}, 1, 0.0), played)
    assert (cell.false, cell.missed) == (("a/1",), ("a/*",))
