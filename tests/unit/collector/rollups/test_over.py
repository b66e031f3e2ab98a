"""A row over devices is what its devices say, worked out here one by one."""

import random
import statistics
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from collector.rollups import over
from collector.rollups.increase import increase
from collector.rollups.roll import merge, roll
from collector.rollups.sketch import ERROR, merged, ordered, ranked, sketch
from collector.store import schema
from tests.build.shelf import at
from vigie.catalogue import Gpu
from vigie.shape import Field


def readings(seed: int) -> pa.Table:
    """An hour and a half of six GPUs in two containers, at whole seconds, some silent at times."""
    draw, rows = random.Random(seed), []
    for number in range(6):
        seconds, joules = draw.randrange(40), draw.randrange(10**6)
        while seconds < 5400:
            rows.append(
                {
                    "time": at(0) + timedelta(seconds=seconds), "container": f"s/{number % 2}",
                    "host": "h", "gpu": f"g{number}", "quality": number % 2, "suspect": 0,
                    "power_watts": draw.choice([None, 64.0, 128.0, 512.0]),
                    "energy_joules_total": draw.choice([None, float(joules), float(joules)]),
                    "memory_used_bytes": draw.randrange(10**9), "up": draw.random() < 0.8,
                    "recovery_action": draw.randrange(3), "throttle_reasons": draw.randrange(8),
                }
            )  # fmt: skip
            step = draw.choices([8, 16, 32, 64, 512], [40, 30, 20, 8, 2])[0]
            seconds += step
            joules = 0 if draw.random() < 0.02 else joules + 64 * draw.randrange(step)
    return pa.Table.from_pylist(rows, schema=schema.raw(Gpu))


def cells(rows: pa.Table, *names: str) -> dict[tuple[str, datetime], dict[str, Any]]:
    wanted = rows.select(["container", "time", *names]).to_pylist()
    return {(row["container"], row["time"]): row for row in wanted}


@pytest.mark.parametrize("resolution", [60, 3600])
@pytest.mark.parametrize(
    ("declared", "total"),
    [(Gpu.energy_joules_total, "increase"), (Gpu.power_watts, "integral")],
)
@pytest.mark.parametrize("seed", range(3))
def test_growth_is_the_sum_of_that_of_each_device(
    seed: int, declared: Field, total: str, resolution: int
) -> None:
    windows = roll(Gpu, readings(seed), 60)
    if resolution == 3600:
        windows = merge(Gpu, windows, resolution)
    edges = [at(0) + timedelta(seconds=n * resolution) for n in range(7200 // resolution + 1)]
    want: dict[tuple[str, datetime], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in increase(Gpu, declared, windows, edges).to_pylist():
        cell = want[row["container"], row["time"]]
        for n, part in enumerate((row["total"], row["covered"], row["gap"])):
            cell[n] += part or 0.0
    made = over.over(Gpu, windows, resolution).rows
    have = cells(made, f"{declared.name}_{total}", f"{declared.name}_covered")
    for key, (amount, covered, _) in want.items():
        row = have.get(key, {})
        assert (row.get(f"{declared.name}_{total}") or 0.0) == pytest.approx(amount, rel=1e-12)
        assert (row.get(f"{declared.name}_covered") or 0.0) == pytest.approx(covered, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_gauge_is_what_its_devices_mean_in_the_window(seed: int) -> None:
    windows = roll(Gpu, readings(seed), 60)
    found = cells(
        over.over(Gpu, windows, 60).rows,
        "devices", "power_watts_devices", "power_watts_means", "power_watts_min",
        "power_watts_max", "power_watts_count", "power_watts_p50", "power_watts_p95",
    )  # fmt: skip
    told: dict[tuple[str, datetime], list[dict[str, Any]]] = defaultdict(list)
    for row in windows.to_pylist():
        told[row["container"], row["time"]].append(row)
    assert {key for key, row in found.items() if row["devices"]} == told.keys()
    for key, devices in told.items():
        row, known = found[key], [d for d in devices if d["power_watts_count"]]
        assert row["devices"] == len(devices)
        if not known:
            assert row["power_watts_means"] is row["power_watts_devices"] is None
            continue
        means = sorted(d["power_watts_sum"] / d["power_watts_count"] for d in known)
        assert row["power_watts_devices"] == len(known)
        assert row["power_watts_means"] == pytest.approx(sum(means))
        assert row["power_watts_min"] == min(d["power_watts_min"] for d in known)
        assert row["power_watts_max"] == max(d["power_watts_max"] for d in known)
        assert row["power_watts_count"] == sum(d["power_watts_count"] for d in known)
        assert row["power_watts_p50"] == pytest.approx(statistics.median(means))
        assert row["power_watts_p95"] == pytest.approx(float(np.quantile(means, 0.95)))


def test_states_bits_and_flags_are_seconds_added_up() -> None:
    windows = roll(Gpu, readings(1), 60)
    hour = merge(Gpu, windows, 5400 * 4)  # one window: all joints are inside
    made = over.over(Gpu, windows, 60).rows
    for name in ("recovery_action_seconds", "throttle_reasons_seconds"):
        have = np.sum([row for row in made[name].to_pylist() if row], axis=0)
        assert have == pytest.approx(np.sum(hour[name].to_pylist(), axis=0))
    for name in ("up_true_seconds", "up_covered", "throttle_reasons_covered"):
        assert pc.sum(made[name]).as_py() == pytest.approx(pc.sum(hour[name]).as_py())
    words = [word for word in made["throttle_reasons_or"].to_pylist() if word is not None]
    assert int(np.bitwise_or.reduce(words)) == 7


def test_the_worst_quality_is_that_of_the_row() -> None:
    made = over.over(Gpu, roll(Gpu, readings(2), 60), 60).rows
    real = made.filter(pc.greater(made["devices"], 0)).to_pylist()
    assert {(row["container"], row["quality"]) for row in real} == {("s/0", 0), ("s/1", 1)}


def test_order_and_pieces_of_windows_change_nothing() -> None:
    windows = roll(Gpu, readings(5), 60)
    shuffled = windows.take(pa.array(np.random.default_rng(1).permutation(windows.num_rows)))
    names = ["container", "time", "energy_joules_total_increase", "power_watts_means"]
    one, other = (over.over(Gpu, w, 60).rows.select(names) for w in (windows, shuffled))
    for name in names[:2]:
        assert one[name].to_pylist() == other[name].to_pylist()
    for name in names[2:]:
        have, want = (np.nan_to_num(t[name].to_numpy()) for t in (one, other))
        assert have == pytest.approx(want)


def test_nothing_makes_no_row() -> None:
    empty = roll(Gpu, schema.raw(Gpu).empty_table(), 60)
    assert over.over(Gpu, empty, 60).rows.equals(over.schema(Gpu).empty_table())


@pytest.mark.parametrize("seed", range(5))
def test_a_sketch_of_many_groups_is_within_its_error_of_the_true_percentile(seed: int) -> None:
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 300, 20)
    values = np.exp(draw.normal(0, 3, sizes.sum())) * draw.choice([-1, 1, 1, 0], sizes.sum())
    starts = np.append(0, np.cumsum(sizes)[:-1])
    line = ordered(values, starts)
    assert ranked(line, starts, 0.5)[3] == pytest.approx(
        statistics.median(values[starts[3] : starts[4]])
    )
    packed, lengths = sketch(line, starts)
    assert lengths.sum() == len(packed)
    shares = [0.0, 0.05, 0.5, 0.95, 0.99, 1.0]
    groups, found = merged(packed, np.zeros(len(packed), np.int64), shares)
    assert groups.tolist() == [0]
    near = np.sort(values)
    for share, have in zip(shares, found[0], strict=True):
        rank = share * (len(near) - 1)
        around = near[int(rank)], near[min(int(rank) + 1, len(near) - 1)]
        low, high = (v * (1 - ERROR if (v > 0) == sign else 1 + ERROR)
                     for v, sign in zip(around, (True, False), strict=True))  # fmt: skip
        assert low - 1e-9 <= have <= high + 1e-9


def test_sketches_of_no_group_merge_to_none() -> None:
    groups, found = merged(np.empty(0, np.int64), np.empty(0, np.int64), [0.5])
    assert not len(groups)
    assert found.shape == (0, 1)
