"""Capacity in use, work asked and had, data readable, time up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from collector.kpis import service
from collector.kpis.facts import Facts, Floats, Held, Plant
from collector.kpis.made import Made
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, hourly, network, plant, tasks
from vigie.fragments import Scheme
from vigie.indicators import service as indicators
from vigie.indicators.indicator import Indicator
from vigie.network.contracts import Purchase
from vigie.network.operators import Tenant
from vigie.shape import Quality

HOUR = 3600.0


def make(indicator: Indicator, given: Facts) -> Made:
    [method] = [m for m in service.METHODS if m.indicator is indicator]
    return method.make(given)


def test_occupancy_is_gpu_time_served_over_that_of_the_capacity_as_far_as_it_is_played() -> None:
    one = plant("s/c1", gpus=10, work={"t": tasks(served=4 * HOUR)})
    made = make(indicators.OCCUPANCY_INSTALLED, facts(one))
    assert made.value == pytest.approx(0.4)
    assert made.quality is Quality.DECLARED
    tenth = replace(one, container=replace(one.container, scale=0.5))
    assert make(indicators.OCCUPANCY_INSTALLED, facts(tenth)).value == pytest.approx(0.8)


def test_an_hour_without_a_word_of_the_queue_is_no_hour_of_an_empty_one() -> None:
    half = np.full(HOURS, 4 * HOUR)
    half[::2] = np.nan
    one = plant("s/c1", gpus=10, work={"t": tasks(served=half)})
    made = make(indicators.OCCUPANCY_INSTALLED, facts(one))
    assert made.value == pytest.approx(0.4)
    assert made.coverage == pytest.approx(0.5)


def test_what_was_contracted_of_two_containers_is_shared_by_their_gpus() -> None:
    rows = [plant(f"s/c{n}", gpus=gpus, work={"t": tasks(served=HOUR)})
            for n, gpus in ((1, 30), (2, 10))]  # fmt: skip
    bought = Purchase(
        "p", ("s/c1", "s/c2"), "rental", euros_per_month=1, gpus_contracted=20, gpus_paid=8
    )
    declared = network(*rows, purchases=(bought,))
    made = make(indicators.OCCUPANCY_CONTRACTED, facts(rows[0], network=declared))
    assert made.value == pytest.approx(1 / 15)
    made = make(indicators.OCCUPANCY_PAID, facts(*rows, network=declared))
    assert made.value == pytest.approx(2 / 8)


@pytest.mark.parametrize(
    ("indicator", "reason"),
    [(indicators.OCCUPANCY_INSTALLED, Reason.NO_CAPACITY),
     (indicators.OCCUPANCY_CONTRACTED, Reason.NO_CONTRACTED),
     (indicators.OCCUPANCY_PAID, Reason.NO_PAID)],
)  # fmt: skip
def test_a_capacity_that_nobody_declared_is_unknown(indicator: Indicator, reason: Reason) -> None:
    one = plant("s/c1", gpus=None, work={"t": tasks(served=HOUR)})
    assert make(indicator, facts(one)).reason is reason


def test_gpu_hours_are_told_by_tenant() -> None:
    one = plant("s/c1", gpus=10, work={"a": tasks(asked=HOUR), "b": tasks(asked=3 * HOUR)})
    made = make(indicators.HOURS_ASKED, facts(one))
    assert made.value == pytest.approx(4 * HOUR * HOURS)
    assert made.parts == pytest.approx({"a": HOUR * HOURS, "b": 3 * HOUR * HOURS})


def test_without_a_scheduler_nothing_is_known_of_work() -> None:
    for indicator in (indicators.HOURS_SERVED, indicators.WAIT, indicators.OCCUPANCY_INSTALLED):
        assert make(indicator, facts(plant("s/c1", gpus=8))).reason is Reason.NO_QUEUE


def test_the_mean_wait_is_over_jobs_and_not_over_hours() -> None:
    started = np.zeros(HOURS)
    started[0], started[1] = 9, 1
    waited = np.zeros(HOURS)
    waited[0], waited[1] = 9 * 10, 100
    one = plant("s/c1", gpus=8, work={"a": tasks(started=started, wait=waited)})
    assert make(indicators.WAIT, facts(one)).value == pytest.approx(19)


def test_work_is_local_where_the_tenants_home_is_the_site() -> None:
    one = plant("s/c1", gpus=8, work={"a": tasks(served=HOUR), "b": tasks(served=3 * HOUR)})
    other = plant("z/c1", gpus=8, work={"a": tasks(served=4 * HOUR)})
    tenants = (Tenant("a", "A", home="s"), Tenant("b", "B"))
    declared = network(one, other, tenants=tenants)
    assert make(indicators.LOCAL, facts(one, other, network=declared)).value == pytest.approx(1 / 8)
    nobody = network(one, tenants=(Tenant("a", "A"),))
    assert make(indicators.LOCAL, facts(one, network=nobody)).reason is Reason.NO_HOME_SITE


def held(rows: Sequence[tuple[int, int]], k: int = 2, n: int = 3) -> Held:
    """Rows of (distinct fragments alive, objects)."""
    return Held(
        "st", Scheme(k, n), (("s/c1",),), (frozenset({0}),),
        np.array([[alive] for alive, _ in rows], np.uint16),
        np.array([count for _, count in rows], np.int64),
    )  # fmt: skip


def test_an_object_is_readable_with_k_distinct_fragments() -> None:
    given = facts(plant("s/c1"), held=(held([(3, 90), (2, 5), (1, 5)]),))
    assert make(indicators.READABILITY, given).value == pytest.approx(0.95)
    assert make(indicators.READABILITY, facts(plant("s/c1"))).reason is Reason.NO_INVENTORY
    assert make(indicators.READABILITY, facts(plant("s/c1"), held=())).reason is Reason.NO_OBJECT


def up(share: float, maintenance: Floats | None = None) -> Plant:
    return replace(plant("s/c1"), alive=hourly(share * HOUR), maintenance=maintenance)


def test_planned_maintenance_is_told_apart_and_lowers_no_availability() -> None:
    away = np.zeros(HOURS)
    away[:6] = HOUR
    alive = np.full(HOURS, HOUR)
    alive[:6] = 0.0
    one = replace(plant("s/c1"), alive=hourly(alive), maintenance=away)
    made = make(indicators.AVAILABILITY, facts(one))
    assert made.value == pytest.approx(1.0)
    assert made.parts == pytest.approx({"planned maintenance": 6 / HOURS, "failure": 0.0})


def test_an_hour_without_readings_is_one_that_it_was_down() -> None:
    alive = np.full(HOURS, HOUR)
    alive[:3] = np.nan
    made = make(indicators.AVAILABILITY, facts(replace(plant("s/c1"), alive=hourly(alive))))
    assert made.value == pytest.approx(1 - 3 / HOURS)


def test_a_period_that_is_all_maintenance_has_no_availability() -> None:
    made = make(indicators.AVAILABILITY, facts(up(1.0, np.full(HOURS, HOUR))))
    assert made.reason is Reason.ALL_MAINTENANCE


def test_repair_time_is_the_mean_of_serious_alerts_that_ended() -> None:
    made = make(indicators.REPAIR_TIME, facts(plant("s/c1"), repairs=(60.0, 180.0)))
    assert made.value == 120
    assert make(indicators.REPAIR_TIME, facts(plant("s/c1"))).reason is Reason.NO_REPAIR


def test_every_method_of_the_family_is_there_in_its_order() -> None:
    assert tuple(m.indicator for m in service.METHODS) == indicators.FAMILY.indicators


def test_what_the_twin_served_is_said_to_be_simulated() -> None:
    rows: Mapping[str, float] = {"s/c1": HOUR, "s/c2": 3 * HOUR}
    given = [plant(path, gpus=8, work={"t": tasks(served=amount)}, simulated=path == "s/c2")
             for path, amount in rows.items()]  # fmt: skip
    assert make(indicators.HOURS_SERVED, facts(*given)).simulated_share == pytest.approx(0.75)
