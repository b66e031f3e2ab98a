"""How far an adopted target is."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from collector.kpis.energy import METHODS
from collector.kpis.facts import Facts
from collector.kpis.made import Made
from collector.kpis.period import Period
from collector.kpis.reasons import Reason
from collector.kpis.targets import against
from tests.build.kpis import START, facts, network, plant
from vigie.network.contracts import Target
from vigie.network.operators import Status

METHOD = against(METHODS)


def target(indicator: str = "pue", value: float = 1.2, year: int = 2027, **more: Any) -> Target:
    declared = {"path": "s", "adopted": date(2026, 1, 1), "adopted_by": "the council", **more}
    return Target(indicator=indicator, value=value, year=year, **declared)


def given(*targets: Target, scope: str = "s") -> Facts:
    one = plant("s/a", energy={"site": 15.0, "ups": 10.0})
    return facts(one, network=network(one, targets=targets), scope=scope)


def make(*targets: Target, scope: str = "s") -> Made:
    return METHOD.make(given(*targets, scope=scope))


def test_it_is_the_value_over_the_target_less_one() -> None:
    made = make(target())
    assert made.value == pytest.approx(1.5 / 1.2 - 1)
    assert made.parts == {"pue 2027": pytest.approx(0.25)}
    assert made.inputs["adopted"] == "adopted 2026-01-01 by the council"


@pytest.mark.parametrize(
    "none",
    [
        {"path": "t"}, {"adopted": date(2026, 12, 1)}, {"status": Status.STUDIED},
        {"indicator": "no_such"},
    ],
)  # fmt: skip
def test_without_a_target_adopted_for_this_very_scope_it_says_so(none: dict[str, Any]) -> None:
    made = make(target(**none))
    assert (made.value, made.reason) == (None, Reason.NO_TARGET)


def test_a_perimeter_has_its_own() -> None:
    assert make(target(path="perimeter:fleet"), scope="perimeter:fleet").value is not None


def test_of_several_the_one_due_next_is_the_value_and_all_are_parts() -> None:
    made = make(target(value=1.0, year=2040), target(), target(value=3.0, year=2020))
    assert made.inputs["target"] == "pue 2027"
    assert made.parts == {
        "pue 2040": pytest.approx(0.5), "pue 2027": pytest.approx(0.25),
        "pue 2020": pytest.approx(-0.5),
    }  # fmt: skip


def test_what_is_unknown_keeps_its_reason() -> None:
    made = make(target("erf", 0.2))
    assert (made.value, made.reason) == (None, Reason.NO_HEAT_METER)
    assert made.parts == {"erf 2027": None}


def test_an_amount_is_compared_over_a_year_only() -> None:
    row = target("energy_site", 720.0)
    assert make(row).reason is Reason.NOT_A_YEAR
    year = Period("year", START, START + timedelta(days=365), open=False)
    made = METHOD.make(replace(given(row), period=year))
    assert made.value == pytest.approx(24 * 15 / 720 - 1)
