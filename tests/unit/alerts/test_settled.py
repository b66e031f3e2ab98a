from dataclasses import replace
from typing import cast

import pytest

from alerts.language.evaluate import Logical, Rows, truths
from alerts.load import parse
from alerts.settled import settled
from tests.unit.alerts.test_forecast import LIMITED
from vigie.catalogue import Filesystem
from vigie.network.thresholds import Threshold
from vigie.shape import Value

TEXT = LIMITED.replace("< 10%", "< low").replace(
    "[rule.limit]", '[rule.thresholds]\nlow = "10%"\n\n[rule.limit]'
)
(RULE,) = parse(TEXT, "x")
RULES = {"filling": RULE}
AT_SITE = Threshold("filling", "low", "p", "20%")
AT_CONTAINER = Threshold("filling", "low", "p/a", "5%")


def firing(*given: Threshold) -> dict[str, bool]:
    """In which containers a disk fires of which 12 % are free."""
    rules, misfits = settled(RULES, given)
    assert misfits == []
    when = rules["filling"].when
    assert when is not None
    paths = ["p/a", "p/b", "q/a"]
    rows: list[dict[str, Value]] = [
        {"container": p, "size_bytes": 100, "available_bytes": 12} for p in paths
    ]
    found = truths(cast("Logical", when.plan), Rows(Filesystem, rows, [0.0] * 3))
    return dict(zip(paths, (found == 2).tolist(), strict=True))


def test_a_place_has_its_own_number_and_the_narrower_wins() -> None:
    assert firing() == {"p/a": False, "p/b": False, "q/a": False}
    assert firing(AT_SITE) == {"p/a": True, "p/b": True, "q/a": False}
    assert firing(AT_CONTAINER, AT_SITE) == {"p/a": False, "p/b": True, "q/a": False}


def test_a_rule_without_any_stays_itself() -> None:
    assert settled(RULES, []) == (RULES, [])


def test_all_expressions_know_it() -> None:
    rules, _ = settled(RULES, [AT_SITE])
    rule = rules["filling"]
    assert rule.thresholds["low"].plan.elsewhere == (("p", 0.2),)
    assert rule.limit is not None
    assert rule.windows == RULE.windows


@pytest.mark.parametrize(
    ("given", "part", "message"),
    [
        (replace(AT_SITE, rule="fillling"), "rule",
         "no rule is called fillling; did you mean filling?"),
        (replace(AT_SITE, name="lo"), "name",
         "filling has no threshold lo; did you mean low?"),
        (replace(AT_SITE, value="5C"), "value", "low is a pure number, not celsius"),
        (replace(AT_SITE, value="5furlongs"), "value", "no unit furlongs"),
        (replace(AT_SITE, value="-5%"), "value", "with it filling is of no use: this can never"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_and_leaves_the_rules_own(
    given: Threshold, part: str, message: str
) -> None:
    rules, (misfit,) = settled(RULES, [given, AT_CONTAINER])
    assert (misfit.number, misfit.part) == (0, part)
    assert misfit.message.startswith(message)
    assert rules["filling"].thresholds["low"].plan.elsewhere == (("p/a", 0.05),)
