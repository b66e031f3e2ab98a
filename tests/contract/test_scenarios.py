"""Every shipped rule is tried on the twin, or says where else it is; the page of it is fresh."""

import re

from alerts.rulebook import Rulebook
from tests.house import ROOT
from tools.rule_scenarios import (
    PAGE,
    Cell,
    Excuse,
    Plan,
    Scenario,
    Seen,
    findings,
    idle,
    judged,
    plan,
    stale,
)
from twin import faults

RULES = set(Rulebook(None).rules)


def test_every_rule_fires_in_a_scenario_or_is_tried_elsewhere() -> None:
    played = plan()
    fires = {rule for scenario in played.scenarios.values() for rule in scenario.fires}
    missing = RULES - fires - set(played.elsewhere)
    assert not missing, "say in tools/rule_scenarios.toml where these ought to fire"


def test_nothing_is_expected_of_a_rule_or_a_scenario_that_does_not_exist() -> None:
    played = plan()
    named, excuses = set(played.elsewhere), list(played.anyway)
    for scenario in played.scenarios.values():
        named |= set(scenario.fires)
        excuses += (*scenario.follows, *scenario.anyway)
    for excuse in excuses:
        named |= set(excuse.rules)
        assert len(excuse.why.split()) > 3, excuse
    assert named <= RULES
    assert set(played.scenarios) == set(faults.packaged())


def test_what_no_scenario_raises_has_a_story_that_does() -> None:
    for rule, why in plan().elsewhere.items():
        (story,) = re.findall(r"tests/stories/\w+\.py", why)
        assert f'"{rule}"' in (ROOT / story).read_text(encoding="utf-8"), (rule, story)


def test_the_page_speaks_of_every_rule() -> None:
    assert stale(list(RULES), PAGE.read_text(encoding="utf-8")) == [], (
        "run python -m tools.rule_scenarios"
    )


def test_an_alarm_is_right_where_it_ought_to_be_and_false_anywhere_else() -> None:
    follows, anyway = (Excuse(("r",), (where,), "so") for where in ("c/*", "d/*"))
    scenario = Scenario("s", 60.0, {"r": ("a/*", "b/*")}, (follows,))
    played = Plan((), {}, (), (anyway,), {}, {"s": scenario})
    first = {("r", path): 5.0 for path in ("a/1", "c/1", "d/1", "e/1")} | {("q", "b/1"): 1.0}
    cell = judged("r", scenario, Seen(first, 5, 0.0), played)
    assert cell == Cell(("a/1",), ("c/1",), ("d/1",), ("e/1",), ("b/*",))
    assert cell.sign == "**false**"


def test_what_fires_before_the_faults_is_false_also_where_they_come() -> None:
    scenario = Scenario("s", 60.0, {"r": ("a/*",)})
    played = Plan((), {}, (), (), {}, {"s": scenario})
    cell = judged("r", scenario, Seen({("r", "a/1"): -5.0}, 1, 0.0), played)
    assert (cell.false, cell.missed) == (("a/1",), ("a/*",))


def test_an_excuse_that_nothing_needs_is_a_finding() -> None:
    excuse = Excuse(("r", "q"), ("c/*", "d/*"), "so")
    scenario = Scenario("s", 60.0, {"q": ("c/*",)}, (excuse,))
    played = Plan((), {}, (), (), {}, {"s": scenario})
    seen = {"s": Seen({("r", "c/1"): 5.0, ("q", "c/1"): 5.0}, 2, 0.0)}
    assert list(idle(seen, played)) == [
        "s: q needs no excuse", "s: nothing needs an excuse at 'd/*' (r, q)",
    ]  # fmt: skip
    assert findings(["r", "q"], seen, played) == 1
