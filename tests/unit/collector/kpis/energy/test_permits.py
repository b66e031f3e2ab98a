"""What is left of what an authority allows."""

from dataclasses import replace

import numpy as np
import pytest

from collector.kpis.energy.permits import permit_headroom
from collector.kpis.facts import Plant, River
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, plant
from tests.build.supplies import at, cells, fluids
from vigie.network.operators import Status
from vigie.network.places import Permit

PERMIT = Permit(
    "isar", "Stadt", "Isar", withdrawal_cubic_meters_per_second=2.0, discharge_celsius=30.0,
    warming_celsius=5.0, withdrawal_cubic_meters_per_year=8760.0,
    low_flow_cubic_meters_per_second=20.0,
)  # fmt: skip


def on_river(
    path: str = "s/a", *, permit: Permit = PERMIT, withdrawal: float = 1.0, warm: float = 27.0,
    warming: float = 3.0, flow: float = 60.0, volume: float = 0.4,
) -> Plant:  # fmt: skip
    most = cells(warm).copy()
    most[0] = np.nan
    river = River(cells(withdrawal), most, cells(warming), cells(flow))
    metered = replace(plant(path), river=river)
    return fluids(at(metered, permits=(permit,)), "water", withdrawn=volume)


def test_the_nearest_limit_is_the_headroom_and_every_limit_is_told() -> None:
    made = permit_headroom(facts(on_river()))
    assert made.parts == {
        "s/isar/withdrawal": pytest.approx(0.5), "s/isar/volume": pytest.approx(0.6),
        "s/isar/discharge": pytest.approx(0.1), "s/isar/warming": pytest.approx(0.4),
    }  # fmt: skip
    assert made.value == pytest.approx(0.1)


def test_what_two_containers_of_a_site_take_adds_and_what_they_warm_does_not() -> None:
    made = permit_headroom(facts(on_river(), on_river("s/b", warm=24.0)))
    assert made.parts["s/isar/withdrawal"] == pytest.approx(0.0)
    assert made.parts["s/isar/volume"] == pytest.approx(0.2)
    assert made.parts["s/isar/discharge"] == pytest.approx(0.1)


def test_a_container_played_in_part_is_compared_as_a_whole() -> None:
    one = on_river(withdrawal=0.1, volume=0.04)
    tenth = replace(one, container=replace(one.container, scale=0.1))
    assert permit_headroom(facts(tenth)).parts == pytest.approx(
        dict(permit_headroom(facts(on_river())).parts)
    )


def test_a_limit_exceeded_leaves_less_than_nothing() -> None:
    assert permit_headroom(facts(on_river(warm=33.0))).value == pytest.approx(-0.1)


def test_a_volume_is_compared_with_the_share_of_the_year_that_was_metered() -> None:
    taken = cells(0.4).copy()
    taken[6:] = np.nan
    only = replace(PERMIT, discharge_celsius=None, warming_celsius=None)
    given = on_river(permit=replace(only, withdrawal_cubic_meters_per_second=None))
    made = permit_headroom(facts(fluids(given, "water", withdrawn=taken)))
    assert made.value == pytest.approx(0.6)
    assert made.coverage == 6 / HOURS


def test_taking_water_from_a_low_river_is_said() -> None:
    made = permit_headroom(facts(on_river(flow=12.0)))
    assert made.inputs["low_flow s/isar"] == "24 h of withdrawal below 20 m3/s"


def test_without_a_permit_in_force_or_a_reading_there_is_no_headroom() -> None:
    assert permit_headroom(facts(plant("s/a"))).reason is Reason.NO_PERMIT
    studied = replace(PERMIT, status=Status.STUDIED)
    assert permit_headroom(facts(on_river(permit=studied))).reason is Reason.NO_PERMIT
    mute = permit_headroom(facts(at(plant("s/a"), permits=(PERMIT,))))
    assert (mute.value, mute.reason, mute.about) == (None, Reason.NO_RIVER, "s/isar")
