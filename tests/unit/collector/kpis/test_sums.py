"""Adding up containers: hours, coverage, quality and the twin's share."""

from dataclasses import replace

import numpy as np
import pytest

from collector.kpis.facts import Facts, Floats, Hourly, Plant
from collector.kpis.reasons import Reason
from collector.kpis.sums import Cells, combined, gather, ratio, shared, summed
from tests.build.kpis import HOURS, facts, hourly, plant
from vigie.indicators.energy import ENERGY_SITE as ENERGY
from vigie.indicators.energy import PUE
from vigie.shape import Quality


def role(given: Facts, name: str) -> Cells:
    return gather(given, name, "J", lambda p: p.energy.get(name))


def known(hours: slice, amount: float = 10.0) -> Floats:
    cells = np.full(HOURS, np.nan)
    cells[hours] = amount
    return cells


def test_a_sum_is_of_what_is_known_and_says_how_much_that_is() -> None:
    given = facts(
        plant("s/a", energy={"it": 1.0}), plant("s/b", energy={"it": known(slice(12))}),
        plant("s/c"),
    )  # fmt: skip
    found = role(given, "it")
    assert found.total == 24 + 120
    assert found.coverage == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.told == [True, True, False]


def test_an_hour_that_one_side_of_a_ratio_does_not_know_is_left_out_of_both() -> None:
    given = facts(plant("s/a", energy={"site": 14.0, "it": known(slice(6))}))
    made = ratio(given, PUE, (role(given, "site"), role(given, "it")), (Reason.NO_METER,) * 2)
    assert made.value == pytest.approx(1.4)
    assert made.coverage == pytest.approx(0.25)


def test_an_hour_known_in_part_counts_in_a_sum_and_in_no_ratio() -> None:
    partly = Hourly(
        np.full(HOURS, 14.0), np.full(HOURS, 0.5), Quality.MEASURED, (), np.zeros(HOURS, np.bool_)
    )
    one = replace(plant("s/a"), energy={"site": partly, "it": hourly(10.0)})
    given = facts(one)
    assert summed(given, ENERGY, role(given, "site"), Reason.NO_METER).value == 14 * HOURS
    assert role(given, "site").coverage == 0.5
    made = ratio(given, PUE, (role(given, "site"), role(given, "it")), (Reason.NO_METER,) * 2)
    assert (made.value, made.reason) == (None, Reason.NO_COMMON_HOUR)


def test_the_twins_share_is_by_amount_and_the_quality_the_worst_that_was_used() -> None:
    twin = plant("s/twin", energy={"it": hourly(30.0).amount}, simulated=True)
    poor = Hourly(cells := np.full(HOURS, 10.0), cells / 10, Quality.ESTIMATED)
    given = facts(twin, replace(plant("s/real"), energy={"it": poor}))
    made = summed(given, ENERGY, role(given, "it"), Reason.NO_METER)
    assert made.simulated_share == pytest.approx(0.75)
    assert made.quality is Quality.ESTIMATED


def test_every_meter_is_a_term_then_the_sum_then_the_result() -> None:
    metered = Hourly(
        np.full(HOURS, 1.0), np.ones(HOURS), Quality.MEASURED, ("s/a/m1", "s/a/m2"), None, (9, 15)
    )
    given = facts(replace(plant("s/a"), energy={"it": metered}))
    made = summed(given, ENERGY, role(given, "it"), Reason.NO_METER)
    told = [(term.step, term.source, term.value) for term in made.terms]
    assert told == [
        ("input", "s/a/m1", 9), ("input", "s/a/m2", 15), ("sum", "", 24),
        ("sum", "", 24), ("result", "", 24),
    ]  # fmt: skip


def test_of_one_meter_its_source_stands_with_the_sum_of_its_container() -> None:
    given = facts(plant("s/a", energy={"it": 1.0}), plant("s/b"))
    told = [(t.step, t.name, t.value, t.source) for t in role(given, "it").terms]
    assert told == [("input", "it s/a", 24, "meter"), ("input", "it s/b", None, "")]


def test_quantities_added_are_unknown_where_one_of_them_is() -> None:
    taken, given_back = hourly(10.0), hourly(known(slice(6), 4.0))
    left = combined((1.0, taken), (-1.0, given_back))
    assert left.amount[:6].tolist() == [6.0] * 6
    assert np.isnan(left.amount[6:]).all()
    assert left.covered.tolist() == [1.0] * 6 + [0.0] * 18


@pytest.mark.parametrize(
    ("plants", "reason"),
    [
        ((), Reason.NO_PLACE),
        ((plant("s/a"),), Reason.NO_METER),
        ((plant("s/a", energy={"it": np.full(HOURS, np.nan)}),), Reason.NO_READING),
    ],
)
def test_what_is_unknown_says_why(plants: tuple[Plant, ...], reason: Reason) -> None:
    given = facts(*plants)
    made = summed(given, ENERGY, role(given, "it"), Reason.NO_METER)
    assert (made.value, made.reason, made.coverage) == (None, reason, 0)


def test_an_instant_has_no_sum() -> None:
    given = facts(plant("s/a"))
    given = replace(given, edges=given.edges[:1])
    made = summed(given, ENERGY, role(given, "it"), Reason.NO_METER)
    assert made.reason is Reason.INSTANT


def test_nothing_is_divided_by_nothing() -> None:
    given = facts(plant("s/a", energy={"site": 1.0, "it": 0.0}))
    made = ratio(given, PUE, (role(given, "site"), role(given, "it")), (Reason.NO_METER,) * 2)
    assert (made.value, made.reason) == (None, Reason.NOTHING_TO_DIVIDE)


def test_a_short_hour_weighs_less_in_the_coverage() -> None:
    given = facts(plant("s/a", energy={"it": known(slice(1))}))
    edges = (given.edges[0], *given.edges[2:], given.edges[-1])
    given = replace(given, edges=edges)
    assert role(given, "it").coverage == pytest.approx(2 / 24)


def test_a_product_is_at_best_of_the_quality_of_its_factor() -> None:
    given = facts(plant("s/a", energy={"it": 2.0}))
    [grams] = shared(role(given, "it").times(3.0, "carbon", "g", Quality.DERIVED))
    assert (grams.total, grams.quality, grams.unit) == (144, Quality.DERIVED, "g")
    assert [term.value for term in grams.terms] == [144]
