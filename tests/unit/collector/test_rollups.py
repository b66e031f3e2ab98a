import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.rollups import columns
from collector.rollups.increase import increase
from collector.rollups.roll import merge, roll
from collector.store import schema
from vigie.catalogue import MEASUREMENTS, Power
from vigie.shape import Measurement, bits, counter, flag, gauge, key, state
from vigie.units import JOULE, ONE, WATT

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
Row = Mapping[str, Any]


class Probe(Measurement, name="probe", period_seconds=1, fr="Sonde", en="Probe"):
    """One field of every kind."""

    device = key("Which.", fr="Lequel", en="Which")
    watts = gauge(WATT, 0, 1e6, "A gauge.", fr="g", en="g")
    whole = gauge(ONE, 0, 2**50, "A whole gauge.", fr="w", en="w", integer=True)
    joules = counter(JOULE, "A counter.", fr="c", en="c")
    turns = counter(ONE, "A whole counter.", fr="t", en="t")
    mood = state(dict.fromkeys(("good", "fair", "bad"), ("m", "m")), "A state.", fr="s", en="s")
    causes = bits(dict.fromkeys(("heat", "power"), ("m", "m")), "Bits.", fr="b", en="b")
    open = flag("A flag.", fr="f", en="f")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def table(rows: Sequence[Row], measurement: type[Measurement] = Probe) -> pa.Table:
    """Raw rows; `t` is seconds after START, what is not given is null."""
    fixed = {"container": "s/c", "device": "d", "quality": 0, "suspect": 0}
    return pa.Table.from_pylist(
        [{**fixed, **row, "time": at(row["t"])} for row in rows], schema=schema.raw(measurement)
    )


def one(rows: Sequence[Row], resolution: int = 60) -> dict[str, Any]:
    made: list[dict[str, Any]] = roll(Probe, table(rows), resolution).to_pylist()
    assert len(made) == 1
    return made[0]


def test_a_rollup_of_every_measurement_has_the_columns_of_its_schema() -> None:
    for measurement in MEASUREMENTS:
        empty = schema.raw(measurement).empty_table()
        assert roll(measurement, empty, 60).schema == columns.schema(measurement)
        assert schema.rollup(measurement) == columns.schema(measurement)


def test_a_gauge_keeps_its_extremes_sum_integral_and_ends() -> None:
    window = one([{"t": 0, "watts": 10.0}, {"t": 10, "watts": 30.0}, {"t": 20, "watts": 20.0}])
    assert window["time"] == START
    assert (window["watts_min"], window["watts_max"]) == (10, 30)
    assert (window["watts_sum"], window["watts_count"]) == (60, 3)
    assert window["watts_integral"] == pytest.approx(200 + 250)  # trapezoids
    assert window["watts_covered"] == 20
    assert (window["watts_first"], window["watts_first_time"]) == (10, at(0))
    assert (window["watts_last"], window["watts_last_time"]) == (20, at(20))


def test_time_without_readings_is_uncovered_and_integrates_nothing() -> None:
    rows = [{"t": t, "watts": 100.0} for t in (0, 10, 50, 59)]
    window = one(rows)
    assert window["watts_covered"] == 19
    assert window["watts_integral"] == pytest.approx(1900)


def test_a_longer_period_makes_a_longer_limit() -> None:
    class Slow(Measurement, name="slow", period_seconds=60, fr="Lent", en="Slow"):
        """Read each minute."""

        watts = gauge(WATT, 0, 1e6, "A gauge.", fr="g", en="g")

    assert columns.gap_seconds(Slow) == 180
    assert columns.gap_seconds(Probe) == 30


def test_a_counter_keeps_its_increase_and_names_resets_and_gaps() -> None:
    rows: list[Row] = [
        {"t": t, "joules": value} for t, value in ((0, 100.0), (10, 170.0), (20, 5.0), (55, 40.0))
    ]
    window = one(rows)
    assert window["joules_increase"] == pytest.approx(70 + 5 + 35)
    assert window["joules_resets"] == 1
    assert window["joules_gap"] == 35
    assert (window["joules_first"], window["joules_last"]) == (100, 40)


def test_whole_counters_stay_exact_past_the_precision_of_a_float() -> None:
    window = one([{"t": 0, "turns": 2**60}, {"t": 1, "turns": 2**60 + 1}])
    assert window["turns_increase"] == 1
    assert window["turns_last"] == 2**60 + 1


def test_states_bits_and_flags_hold_until_the_next_reading() -> None:
    rows = [
        {"t": 0, "mood": 0, "causes": 0b01, "open": True},
        {"t": 10, "mood": 2, "causes": 0b11, "open": False},
        {"t": 15, "mood": 0, "causes": 0b00, "open": True},
        {"t": 55, "mood": 1, "causes": 0b10, "open": True},  # after a gap: covers nothing
    ]
    window = one(rows)
    assert window["mood_seconds"] == [10, 0, 5]
    assert window["causes_or"] == 0b11
    assert window["causes_seconds"] == [15, 5]
    assert window["causes_covered"] == 15
    assert window["open_true_seconds"] == 10
    assert window["open_covered"] == 15
    assert (window["open_first"], window["mood_last"]) == (True, 1)


def test_nulls_nans_and_suspect_values_stay_out_of_their_field_only() -> None:
    implausible = 1 << Probe.watts.number
    rows: list[Row] = [
        {"t": 0, "watts": 10.0, "turns": 1},
        {"t": 1, "watts": None, "turns": 2},
        {"t": 2, "watts": math.nan, "turns": 3},
        {"t": 3, "watts": 1e9, "turns": 4, "suspect": implausible, "quality": 2},
        {"t": 4, "watts": 12.0, "turns": 5},
    ]
    window = one(rows)
    assert (window["watts_count"], window["watts_max"]) == (2, 12)
    assert window["turns_increase"] == 4
    assert window["suspect"] == implausible
    assert window["quality"] == 2


def test_a_field_without_a_reading_is_null_and_never_zero() -> None:
    rows: list[Row] = [{"t": 0, "watts": 1.0}, {"t": 60, "watts": None}]
    empty = roll(Probe, table(rows), 60).to_pylist()[1]
    assert {name for name, cell in empty.items() if cell is not None} == {
        "time", "container", "device", "quality", "suspect",
    }  # fmt: skip


def test_a_state_that_this_catalogue_does_not_know_is_not_counted_as_another() -> None:
    assert one([{"t": 0, "mood": 0}, {"t": 1, "mood": 7}])["mood_last"] == 0


def test_windows_written_before_a_state_had_its_last_word_still_merge() -> None:
    old = roll(Probe, table([{"t": t, "mood": 1} for t in range(10)]), 60)
    shorter = pa.array([[0.0, 9.0]], pa.list_(pa.float64()))
    old = old.set_column(old.schema.get_field_index("mood_seconds"), "mood_seconds", shorter)
    new = roll(Probe, table([{"t": 60 + t, "mood": 2} for t in range(10)]), 60)
    both = merge(Probe, pa.concat_tables([old.cast(new.schema), new]), 3600).to_pylist()
    assert both[0]["mood_seconds"] == [0, 9, 9]  # 51 s between the two are a gap


series = st.sampled_from(["a", "b"])
reading = st.fixed_dictionaries(
    {
        "watts": st.none() | st.floats(0, 1000),
        "whole": st.none() | st.integers(0, 10**6),
        "joules": st.none() | st.floats(0, 1000),
        "turns": st.none() | st.integers(0, 1000),
        "mood": st.none() | st.integers(0, 2),
        "causes": st.none() | st.integers(0, 3),
        "open": st.none() | st.booleans(),
        "suspect": st.sampled_from([0, 0, 0, 1 << Probe.joules.number]),
        "quality": st.integers(0, 3),
    }
)
identity = st.tuples(series, st.integers(0, 1200))
worlds = st.dictionaries(identity, reading, min_size=1, max_size=40).map(
    lambda found: [{"device": d, "t": t * 0.5, **row} for (d, t), row in found.items()]
)


def same(left: pa.Table, right: pa.Table) -> None:
    assert left.schema == right.schema
    assert left.num_rows == right.num_rows
    for name in left.column_names:
        for a, b in zip(left[name].to_pylist(), right[name].to_pylist(), strict=True):
            if isinstance(a, float | list) and b is not None:
                assert a == pytest.approx(b, rel=1e-9, abs=1e-6), name
            else:
                assert a == b, name


@settings(max_examples=60)
@given(worlds, st.lists(st.integers(0, 600), max_size=4), st.sampled_from([60, 3600]))
def test_parts_rolled_apart_merge_to_the_rollup_of_the_whole(
    rows: list[Row], cuts: list[int], resolution: int
) -> None:
    bounds = [-1.0, *sorted(cuts), 1e9]
    parts = [
        roll(Probe, table([r for r in rows if low < r["t"] <= high]), resolution)
        for low, high in itertools.pairwise(bounds)
    ]
    whole = roll(Probe, table(rows), resolution)
    same(merge(Probe, pa.concat_tables(parts), resolution), whole)


@settings(max_examples=40)
@given(worlds, st.randoms())
@pytest.mark.slow
def test_hours_from_minutes_equal_hours_from_readings_in_any_order(
    rows: list[Row], random: Any
) -> None:
    direct = roll(Probe, table(rows), 3600)
    random.shuffle(rows)
    minutes = roll(Probe, table(rows), 60)
    same(merge(Probe, minutes, 3600), direct)
    shuffled = list(range(minutes.num_rows))
    random.shuffle(shuffled)
    same(merge(Probe, minutes.take(pa.array(shuffled)), 3600), direct)
    same(merge(Probe, merge(Probe, minutes, 300), 3600), direct)


@settings(max_examples=40)
@given(worlds, st.lists(st.integers(0, 700), min_size=2, max_size=6, unique=True))
def test_neighbouring_intervals_sum_to_the_total(rows: list[Row], cuts: list[int]) -> None:
    edges = [at(-60), *map(at, sorted(cuts)), at(10_000)]
    minutes = roll(Probe, table(rows), 60)
    for declared in (Probe.watts, Probe.joules, Probe.turns):
        fine = increase(Probe, declared, minutes, edges).to_pylist()
        whole = increase(Probe, declared, minutes, [edges[0], edges[-1]]).to_pylist()
        for row in whole:
            parts = [r for r in fine if r["device"] == row["device"]]
            for column in ("total", "covered", "gap", "resets"):
                split = sum(r[column] or 0 for r in parts)
                assert split == pytest.approx(row[column] or 0, rel=1e-9, abs=1e-6)


def load(
    period: float,
    seconds: float,
    *,
    resets: Sequence[float] = (),
    away: Sequence[tuple[float, float]] = (),
) -> pa.Table:
    """A meter under 700 W: its counter starts again at `resets`, nobody reads it when `away`."""
    rows: list[Row] = []
    for number in range(int(seconds / period)):
        t = number * period
        if not any(a < t < b for a, b in away):
            since = max([-1e6, *(r for r in resets if r < t)])
            rows.append({"t": t, "power_watts": 700.0, "energy_joules_total": 700 * (t - since)})
    keys = {"host": "h", "meter": "m", "role": "it", "phase": "all", "method": "meter"}
    return table([{**keys, **row} for row in rows], Power)


@pytest.mark.parametrize("period", [1.0, 10.0])
@pytest.mark.parametrize("field", [Power.power_watts, Power.energy_joules_total])
def test_energy_of_a_constant_load_is_the_truth_in_every_minute(period: float, field: Any) -> None:
    minutes = roll(Power, load(period, 1200), 60)
    edges = [at(60 * m) for m in range(1, 20)]
    rows = increase(Power, field, minutes, edges).to_pylist()
    assert [r["time"] for r in rows] == edges[:-1]
    for row in rows:
        assert row["total"] == pytest.approx(700 * 60, rel=1e-3)
        assert row["covered"] == pytest.approx(60)
        assert row["gap"] == 0
    hour = increase(Power, field, merge(Power, minutes, 3600), [at(60), at(1140)]).to_pylist()
    assert hour[0]["total"] == pytest.approx(700 * 1080, rel=1e-3)


@pytest.mark.parametrize("period", [1.0, 10.0])
def test_energy_across_counter_resets_is_the_truth(period: float) -> None:
    resets = [300.0, 780.0, 900.0, 1200.0]
    minutes = roll(Power, load(period, 1800, resets=resets), 60)
    row = increase(Power, Power.energy_joules_total, minutes, [at(60), at(1740)]).to_pylist()[0]
    assert row["total"] == pytest.approx(700 * 1680, rel=1e-3)
    assert (row["resets"], row["gap"], row["covered"]) == (4, 0, 1680)


def test_a_reset_that_nobody_saw_loses_what_was_counted_before_it_and_no_more() -> None:
    minutes = roll(Power, load(1.0, 1800, resets=[900.0], away=[(600, 1000)]), 60)
    row = increase(Power, Power.energy_joules_total, minutes, [at(60), at(1740)]).to_pylist()[0]
    assert row["total"] == pytest.approx(700 * (1680 - 300), rel=1e-3)
    assert (row["resets"], row["gap"]) == (1, 400)


def test_a_counter_that_runs_on_while_its_reader_is_away_loses_no_energy() -> None:
    hour = merge(Power, roll(Power, load(1.0, 1800, away=[(300, 1200)]), 60), 3600)
    row = increase(Power, Power.energy_joules_total, hour, [at(0), at(1800)]).to_pylist()[0]
    assert row["total"] == pytest.approx(700 * 1800, rel=1e-3)
    assert (row["gap"], row["covered"]) == (900, 899)
    power = increase(Power, Power.power_watts, hour, [at(0), at(1800)]).to_pylist()[0]
    assert power["total"] == pytest.approx(700 * 899, rel=1e-3)


def test_outside_what_is_known_a_total_is_null() -> None:
    minutes = roll(Power, load(1.0, 600), 60)
    edges = [at(-120), at(-60), at(60), at(660), at(720)]
    rows = increase(Power, Power.energy_joules_total, minutes, edges).to_pylist()
    assert [r["total"] is None for r in rows] == [True, False, False, True]
    assert [round(r["covered"]) for r in rows] == [0, 60, 539, 0]
