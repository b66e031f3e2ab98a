"""Every kind of cooling, and the laws that it is made of."""

import itertools

import pytest

from twin.around.weather import Air, River, wet_bulb
from twin.cooling.air import FreeAir
from twin.cooling.chiller import Chiller
from twin.cooling.dry import DryCooler
from twin.cooling.fluids import OIL, WATER
from twin.cooling.immersion import WET_MOISTURE, Immersion
from twin.cooling.machines import cop, fan_watts, pump_watts
from twin.cooling.plant import UNLIMITED, Around, Loop, Plant
from twin.cooling.river import BACKUP, RiverCooling, room
from vigie.network.places import Permit

RATED = 100e3


def around(celsius: float = 10.0, *, humidity: float = 0.5, **more: object) -> Around:
    air = Air(celsius, humidity, wet_bulb(celsius, humidity))
    return Around(air, **more)  # type: ignore[arg-type]


def permit(**limits: float) -> Permit:
    return Permit(id="p", authority="a", water="w", **limits)  # type: ignore[arg-type]


ALL: tuple[Plant, ...] = (
    FreeAir(RATED, None), DryCooler(RATED, None), Chiller(RATED, None),
    Chiller(RATED, None, doors=True), Immersion(RATED, None), RiverCooling(RATED, None, (), 1.0),
)  # fmt: skip


@pytest.mark.parametrize("plant", ALL, ids=lambda p: str(p.kind))
def test_hotter_weather_never_makes_it_cheaper_or_cooler(plant: Plant) -> None:
    works = [
        plant.work(60e3, 60e3, around(float(c), river=River(max(c, 1.0), 50.0)))
        for c in range(-10, 41, 5)
    ]
    for cold, hot in itertools.pairwise(works):
        assert hot.electric >= cold.electric * 0.98
        assert hot.supply >= cold.supply - 1e-9
        assert hot.back > hot.supply


@pytest.mark.parametrize("plant", ALL, ids=lambda p: str(p.kind))
def test_more_heat_asks_for_more_work(plant: Plant) -> None:
    outside = around(25.0, river=River(15.0, 50.0))
    little, much = (plant.work(w, w, outside).electric for w in (30e3, 90e3))
    assert 0 < little < much < 0.6 * 90e3


def test_fans_and_pumps_follow_the_cube_law() -> None:
    assert fan_watts(0.5, 800.0) == pytest.approx(100.0)
    assert pump_watts(0.5, 1.0, 100.0) == pytest.approx(4 + 12)


def test_a_chiller_works_harder_over_a_larger_lift_and_less_when_it_is_cold() -> None:
    assert cop(10.0, 30.0) > cop(10.0, 45.0) > 2.0
    chiller = Chiller(RATED, None)
    cold, hot = (chiller.work(60e3, 60e3, around(c)) for c in (0.0, 35.0))
    assert cold.compressor == 0.0
    assert hot.compressor > 6e3


def test_oil_carries_by_its_heat_and_mass_at_its_temperature() -> None:
    assert OIL.specific_heat(60.0) > OIL.specific_heat(20.0)
    assert OIL.mass(60.0) < OIL.mass(20.0)
    work = Immersion(RATED, None).work(80e3, 80e3, around(20.0))
    middle = OIL.capacity(work.supply + 4.5)
    assert work.flow * (work.back - work.supply) * middle == pytest.approx(80e3, rel=0.01)


def test_wet_or_lost_oil_is_complained_of() -> None:
    tank = Immersion(RATED, None)
    dry, wet, leaking = (
        tank.work(60e3, 60e3, a).parts[0]
        for a in (around(), around(moisture=WET_MOISTURE), around(leak=True))
    )
    assert dry.alarms == 0 < wet.alarms
    assert wet.moisture is not None
    assert wet.moisture > WET_MOISTURE
    assert leaking.level is not None
    assert dry.level is not None
    assert leaking.level < dry.level


def test_a_spray_takes_water_only_when_it_is_hot_and_there_is_some() -> None:
    dry, wet = DryCooler(RATED, None), DryCooler(RATED, None, water=True)
    hot = around(36.0, humidity=0.3)
    assert wet.work(80e3, 80e3, around(15.0)).withdrawn == 0.0
    assert dry.work(80e3, 80e3, hot).withdrawn == 0.0
    sprayed = wet.work(80e3, 80e3, hot)
    assert sprayed.consumed > 0
    assert sprayed.supply < dry.work(80e3, 80e3, hot).supply


@pytest.mark.parametrize(
    ("limits", "river", "word"),
    [
        ({"withdrawal_cubic_meters_per_second": 1e-3}, River(10, 50), "withdrawal"),
        ({"warming_celsius": 1e-4}, River(10, 50), "warming"),
        ({"discharge_celsius": 25.0}, River(24.8, 50), "temperature"),
        ({"low_flow_cubic_meters_per_second": 60.0}, River(10, 50), "low flow"),
        ({"withdrawal_cubic_meters_per_year": 1_000.0}, River(10, 50), "of the year"),
    ],
)
def test_each_limit_of_a_permit_binds_and_is_named(
    limits: dict[str, float], river: River, word: str
) -> None:
    left = room((permit(**limits),), river, 1.0, 1e6, taken=1_001.0)
    assert left.watts < 1e6
    assert word in left.limit
    plant = RiverCooling(RATED * 10, None, (permit(**limits),), 1.0)
    outside = around(15.0, river=river, taken=1_001.0)
    work = plant.work(RATED * 9, RATED * 9, outside)
    assert word in work.limit
    assert plant.allowed(outside) < UNLIMITED


def test_what_a_permit_does_not_limit_is_free() -> None:
    assert room((permit(),), River(15, 50), 1.0, 1e6).limit == ""


def test_what_is_given_back_is_never_warmer_than_the_permit() -> None:
    plant = RiverCooling(RATED, None, (permit(discharge_celsius=20.0),), 1.0)
    for up in (5.0, 14.0, 18.0, 19.4):
        work = plant.work(80e3, 80e3, around(15.0, river=River(up, 50.0)))
        assert work.discharge is not None
        assert work.discharge <= 20.0 + 1e-9
        assert work.returned == work.withdrawn


def test_a_river_that_may_not_be_used_leaves_the_coolers_beside_it() -> None:
    plant = RiverCooling(RATED, None, (permit(low_flow_cubic_meters_per_second=60.0),), 1.0)
    outside = around(15.0, river=River(10, 50))
    assert plant.allowed(outside) == pytest.approx(RATED * BACKUP)
    assert plant.work(30e3, 30e3, outside).withdrawn == 0.0


def test_a_loop_loses_no_heat_whatever_its_steps() -> None:
    for seconds in (10.0, 60.0, 600.0):
        loop, passed = Loop(RATED), 0.0
        loop.step(50e3, UNLIMITED, 1.0)
        before = loop.stored
        for number in range(round(6_000 / seconds)):
            heat = 80e3 if number % 2 else 20e3
            passed += (heat - loop.step(heat, 60e3, seconds)) * seconds
        assert loop.stored - before == pytest.approx(passed)


def test_a_loop_that_may_not_pass_its_heat_on_gets_warm() -> None:
    loop = Loop(RATED)
    passed = [loop.step(80e3, 40e3, 60.0) for _ in range(10)]
    assert passed == [40e3] * 10
    assert loop.excess(40e3) > 5.0


def test_water_and_oil_have_the_values_of_the_books() -> None:
    assert WATER.capacity(20.0) == pytest.approx(4.18e6, rel=0.01)
    assert 1_900 < OIL.specific_heat(40.0) < 2_300
    assert 780 < OIL.mass(40.0) < 860
