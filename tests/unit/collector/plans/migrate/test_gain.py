import pytest

from collector.plans.grid import FRESH_SECONDS, Carbon
from collector.plans.migrate.gain import CARRY_JOULES_PER_BYTE, SAME_ZONE, cost_joules, gain
from collector.plans.migrate.job import Job
from collector.plans.migrate.room import Room
from vigie.units import JOULES_PER_KWH

NOW = 1_000_000.0


def room(
    zone: str, grams_per_kwh: float | None, pue: float | None = 1.0, sigma: float = 0.0
) -> Room:
    grams = None if grams_per_kwh is None else grams_per_kwh / JOULES_PER_KWH
    carbon = Carbon(zone, grams, sigma / JOULES_PER_KWH, NOW)
    return Room(f"{zone}/c", zone, "FR", "H100", 8, 8, 50_000.0, pue, carbon, told=NOW)


def job(**given: object) -> Job:
    own = {"watts": 1_000.0, "undone": 0.0, "restart_seconds": 0.0, "left_seconds": 3_600.0}
    return Job("j", "t", "a/c", 1, "H100", within=(), **{**own, **given})  # type: ignore[arg-type]


def test_a_kilowatt_hour_moved_from_a_dirty_to_a_clean_grid_saves_the_difference() -> None:
    found = gain(job(), room("a", 344.0), room("b", 44.0), NOW)
    assert found.grams == pytest.approx(300.0)
    assert found.sure


def test_work_done_twice_and_the_restart_are_paid_at_the_source() -> None:
    found = gain(job(undone=1_800.0, restart_seconds=360.0), room("a", 100.0), room("b", 50.0), NOW)
    assert found.grams == pytest.approx(50.0 - 100.0 * 2_160 / 3_600)
    assert found.lost_seconds == 2_160.0


def test_carrying_the_checkpoint_is_paid_at_the_mean_of_both() -> None:
    found = gain(job(checkpoint_bytes=1e12), room("a", 100.0), room("b", 50.0), NOW)
    assert found.grams == pytest.approx(50.0 - 1.0 * 75.0)
    assert cost_joules(job(checkpoint_bytes=1e9)) == pytest.approx(3_600.0)
    assert pytest.approx(3.6e-6) == CARRY_JOULES_PER_BYTE


def test_in_one_grid_zone_only_what_is_drawn_less_counts_and_it_says_so() -> None:
    found = gain(job(), room("fr", 44.0, 1.25, 20.0), room("fr", 44.0, 1.10, 20.0), NOW)
    assert found.note == SAME_ZONE
    assert found.grams == pytest.approx(0.15 * 44.0)
    assert found.joules == pytest.approx(0.15 * JOULES_PER_KWH)
    assert found.sigma == pytest.approx(0.15 * 20.0), "both ends err alike"
    assert not found.sure


@pytest.mark.parametrize(
    "carbon",
    [Carbon("b", None, 0.0, NOW), Carbon("b", 0.0, 0.0, NOW),
     Carbon("b", 1e-5, 0.0, NOW - FRESH_SECONDS - 1)],
)  # fmt: skip
def test_carbon_that_is_missing_stale_or_zero_is_unknown_and_never_green(carbon: Carbon) -> None:
    there = Room("b/c", "b", "FR", "H100", 8, 8, 5e4, 1.0, carbon, told=NOW)
    found = gain(job(), room("a", 600.0), there, NOW)
    assert found.grams is None
    assert not found.sure


def test_a_gain_within_twice_its_uncertainty_or_below_the_floor_moves_nothing() -> None:
    clean = room("b", 44.0, sigma=10.0)
    assert not gain(job(), room("a", 344.0, sigma=150.0), clean, NOW).sure
    assert gain(job(), room("a", 344.0, sigma=140.0), clean, NOW).sure
    assert not gain(job(left_seconds=360.0), room("a", 344.0), room("b", 44.0), NOW).sure


@pytest.mark.parametrize("given", [{"watts": None}, {"undone": None}])
def test_what_nobody_knows_of_a_job_gains_nothing(given: dict[str, None]) -> None:
    assert gain(job(**given), room("a", 344.0), room("b", 44.0), NOW).grams is None
    assert cost_joules(job(**given)) is None


def test_a_site_whose_pue_is_unknown_gains_nothing() -> None:
    assert gain(job(), room("a", 344.0), room("b", 44.0, None), NOW).grams is None
