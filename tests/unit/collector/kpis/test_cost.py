"""Full cost: what was bought or rented, what else it costs, electricity; per unit of work."""

from dataclasses import replace

import numpy as np
import pytest

from collector.kpis import cost
from collector.kpis.facts import Facts, Held, Plant, Stored, Supply
from collector.kpis.made import Made
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, network, plant, tasks
from vigie.fragments import Scheme
from vigie.indicators import service as indicators
from vigie.indicators.indicator import Indicator
from vigie.network.contracts import EnergyContract, Purchase
from vigie.shape import Quality

KWH = 3.6e6
DAYS_A_YEAR = 365.25
BOUGHT = Purchase("p", ("s/c1",), "purchase", euros=800_000, years=5, yearly_euros=36_525)
SUPPLIED = EnergyContract("e", ("s",), "supply", euros_per_kwh=0.2)


def given(one: Plant, *, bought: Purchase = BOUGHT, **more: object) -> Facts:
    declared = network(one, purchases=(bought,), energy=(SUPPLIED,))
    return replace(facts(one, network=declared), **more)  # type: ignore[arg-type]


def make(indicator: Indicator, of: Facts) -> Made:
    [method] = [m for m in cost.METHODS if m.indicator is indicator]
    return method.make(of)


CONTAINER = plant("s/c1", gpus=100, energy={"site": 50 * KWH}, work={"t": tasks(served=180_000.0)},
                  role="compute")  # fmt: skip


def test_the_full_cost_spreads_the_purchase_and_adds_upkeep_and_electricity() -> None:
    made = make(indicators.COST, given(CONTAINER))
    expected = {
        "purchase": 160_000 / DAYS_A_YEAR, "yearly": 100.0, "electricity": 24 * 50 * 0.2,
    }  # fmt: skip
    assert made.parts == pytest.approx(expected)
    assert made.value == pytest.approx(sum(expected.values()))
    assert made.quality is Quality.DECLARED


def test_rent_is_by_the_month() -> None:
    rented = Purchase("p", ("s/c1",), "rental", euros_per_month=DAYS_A_YEAR / 12)
    made = make(indicators.COST, given(CONTAINER, bought=rented))
    assert made.parts["rental"] == pytest.approx(1.0)


def test_a_gpu_hour_served_bears_the_cost_of_the_idle_ones() -> None:
    full = make(indicators.COST, given(CONTAINER)).value or 0.0
    made = make(indicators.COST_GPU_HOUR, given(CONTAINER))
    assert made.value == pytest.approx(full / (24 * 180_000))
    idle = make(indicators.COST_IDLE, given(CONTAINER))
    assert idle.value == pytest.approx(full / 2), "50 of 100 GPUs were served"


def test_a_part_that_the_twin_plays_costs_that_part() -> None:
    tenth = replace(CONTAINER, container=replace(CONTAINER.container, scale=0.1), simulated=True)
    made = make(indicators.COST, given(tenth))
    assert made.parts["purchase"] == pytest.approx(16_000 / DAYS_A_YEAR)
    assert made.simulated_share == 1.0


def test_one_container_without_a_price_leaves_the_sum_unknown_and_is_named() -> None:
    other = plant("s/c2", gpus=8, energy={"site": KWH})
    declared = network(CONTAINER, other, purchases=(BOUGHT,), energy=(SUPPLIED,))
    made = make(indicators.COST, facts(CONTAINER, other, network=declared))
    assert (made.reason, made.about) == (Reason.NO_PURCHASE, "s/c2")


def test_electricity_without_a_contract_costs_what_the_market_says_else_nobody_knows() -> None:
    declared = network(CONTAINER, purchases=(BOUGHT,))
    bare = facts(CONTAINER, network=declared)
    assert make(indicators.COST, bare).reason is Reason.NO_PRICE
    none = np.full(HOURS, np.nan)
    market = Supply("FR", none, none, none, np.full(HOURS, 0.1 / KWH), "m@1", Quality.DERIVED,
                    "s", "l", "v")  # fmt: skip
    made = make(indicators.COST, replace(bare, supplies={("FR", False): market}))
    assert made.parts["electricity"] == pytest.approx(24 * 50 * 0.1)


def test_a_terabyte_month_counts_bytes_of_users_that_can_be_read() -> None:
    one = replace(
        plant("s/c1", energy={"site": 50 * KWH}, role="storage"),
        stored=(Stored("st", Scheme(2, 4), 4000, 4 * 10**12),),
    )
    held = Held(
        "st", Scheme(2, 4), (("s/c1",),), (frozenset({0}),),
        np.array([[4], [1]], np.uint16), np.array([500, 500], np.int64),
    )  # fmt: skip
    of = given(one, held=(held,))
    full = make(indicators.COST, of).value or 0.0
    made = make(indicators.COST_TB_MONTH, of)
    assert made.value == pytest.approx(full / (4e12 / 2 / 2 * 86_400))
    assert make(indicators.COST_TB_MONTH, given(one)).reason is Reason.NO_INVENTORY


def test_costs_are_for_whoever_has_to_do_with_finance() -> None:
    assert all(method.indicator.finance for method in cost.METHODS)
    assert tuple(m.indicator for m in cost.METHODS) == indicators.COSTS.indicators
