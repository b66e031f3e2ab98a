"""Tables over devices say what the windows of the devices say, whatever came when."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from collector.duties.roll import HOUR, Roll, floor
from collector.rollups import over
from collector.rollups.columns import RESOLUTIONS
from collector.store.late import Dirty
from collector.store.upkeep import ROLLED_SINCE
from tests.build import requests
from tests.build.requests import SECOND
from tests.build.shelf import Shelf, at
from tests.build.stores import Opened, moment
from vigie.catalogue import Gpu, Power

SUMS = (
    "devices",
    "power_watts_sum",
    "power_watts_integral",
    "power_watts_covered",
    "energy_joules_total_increase",
    "energy_joules_total_gap",
    "energy_joules_total_covered",
    "energy_joules_total_idle",
    "up_true_seconds",
)
START = 1_700_006_400 * SECOND  # a whole hour
Row = Mapping[str, Any]


def readings(seed: int, hours: float = 2) -> Iterator[Row]:
    """What five GPUs of two containers tell; now and then one is silent, for long at times."""
    draw = random.Random(seed)
    for container, gpu in (("a/1", "x"), ("a/1", "y"), ("b/2", "x"), ("b/2", "y"), ("b/2", "z")):
        seconds, joules = draw.uniform(0, 900), draw.uniform(0, 1e6)
        while seconds < hours * 3600:
            watts = draw.uniform(50, 700)
            yield {
                "time": at(0) + timedelta(seconds=round(seconds, 3)),
                "container": container,
                "host": "h",
                "gpu": gpu,
                "power_watts": watts if draw.random() < 0.9 else None,
                "energy_joules_total": float(int(joules)) if draw.random() < 0.9 else None,
                "sm_active_ratio": draw.choice([0.0, 0.5]),
                "up": draw.random() < 0.9,
            }
            step = draw.choices([45.0, 80.0, 400.0, 4000.0], [60, 30, 9, 1])[0]
            seconds += step
            joules = 0.0 if draw.random() < 0.01 else joules + watts * step


def arrive(shelf: Shelf, rows: Sequence[Row], rolled: datetime | None = None) -> None:
    """Rows come; of those before `rolled` the hour is dirty."""
    if not rows:
        return
    shelf.put(Gpu, *rows)
    for row in rows:
        late = Dirty(row["container"], "gpu", floor(row["time"], HOUR), 0)
        if rolled is not None and row["time"] < rolled and late not in shelf.late:
            shelf.late.append(late)


def sums(rows: pa.Table) -> dict[tuple[str, datetime], dict[str, float]]:
    """By container and window; nothing is 0."""
    found: dict[tuple[str, datetime], dict[str, float]] = {}
    for row in rows.select(["container", "time", *SUMS]).to_pylist():
        cell = found.setdefault((row["container"], row["time"]), dict.fromkeys(SUMS, 0.0))
        for name in SUMS:
            cell[name] += row[name] or 0.0
    return found


def is_over(shelf: Shelf, suffix: str) -> None:
    """The table adds up to what all windows of its devices give at once."""
    windows = shelf.tables[f"gpu_{suffix}"]
    want = sums(over.over(Gpu, windows, RESOLUTIONS[suffix]).rows)
    have = sums(shelf.tables[over.table(Gpu, suffix)])
    assert have.keys() == want.keys()
    for key, cell in want.items():
        assert have[key] == pytest.approx(cell, rel=1e-9, abs=1e-6), key


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "turn"), [(0, 25), (1, 130)])
def test_what_comes_in_order_is_added_up_whatever_the_turns(seed: int, turn: int) -> None:
    shelf, rows = Shelf(), list(readings(seed))
    duty, now = Roll(shelf, measurements=[Gpu]), at(0)
    for minute in range(0, 130, turn):
        now = at(minute)
        arrive(shelf, [r for r in rows if at(minute - turn) <= r["time"] < now])
        duty.run(now)
    arrive(shelf, [r for r in rows if r["time"] >= now])
    duty.run(at(181))
    is_over(shelf, "1m")
    is_over(shelf, "1h")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_late_rows_change_what_they_and_their_joints_touch(seed: int) -> None:
    shelf, rows = Shelf(), list(readings(seed))
    draw = random.Random(seed)
    held = {id(r): draw.uniform(90, 300) if draw.random() < 0.2 else 0.0 for r in rows}
    duty, before = Roll(shelf, measurements=[Gpu]), at(-1)
    for minute in (70, 125, 400):
        now = at(minute)
        come = [r for r in rows if before <= r["time"] + timedelta(minutes=held[id(r)]) < now]
        arrive(shelf, come, shelf.rolled_until("gpu_1m"))
        duty.run(now)
        before = now
    is_over(shelf, "1m")
    is_over(shelf, "1h")


@pytest.mark.slow
@pytest.mark.parametrize(
    "place", ["after gpu_1m", "after gpu_over_1m", "before gpu_over_1h", "after gpu_over_1h"]
)
def test_a_crash_at_any_commit_loses_and_doubles_nothing(place: str) -> None:
    shelf, rows = Shelf(), list(readings(9, hours=2))
    arrive(shelf, [r for r in rows if r["time"] < at(65)])
    Roll(shelf, measurements=[Gpu]).run(at(66))
    arrive(shelf, [r for r in rows if r["time"] >= at(65)])

    def crash(now: str) -> None:
        if now == place:
            shelf.fault = lambda _: None
            raise OSError("power")

    shelf.fault = crash
    with pytest.raises(OSError, match="power"):
        Roll(shelf, measurements=[Gpu]).run(at(190))
    Roll(shelf, measurements=[Gpu]).run(at(190))
    Roll(shelf, measurements=[Gpu]).run(at(191))
    is_over(shelf, "1m")
    is_over(shelf, "1h")


@pytest.mark.slow
def test_a_table_says_from_when_it_is_whole_where_windows_are_older(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf, rows = Shelf(), list(readings(3))
    arrive(shelf, rows)
    old = Roll(shelf, measurements=[Gpu])
    monkeypatch.setattr(old._over, "along", lambda *_: None)  # before the upgrade
    old.run(at(100))
    shelf.sizes["gpu_1m"] = 100
    duty = Roll(shelf, measurements=[Gpu])
    for minute in (150, 181):
        duty.run(at(minute))
    since = shelf.rolled_until("gpu_over_1m", ROLLED_SINCE)
    assert since == at(99)
    windows = shelf.tables["gpu_1m"]
    want = over.over(Gpu, windows, 60).rows
    want = want.filter(pc.greater_equal(want["time"], pa.scalar(since)))
    have, known = sums(shelf.tables["gpu_over_1m"]), sums(want)
    assert have.keys() == known.keys()
    for key, cell in known.items():
        assert have[key] == pytest.approx(cell, rel=1e-9, abs=1e-6)


def test_a_measurement_of_few_series_has_no_such_table() -> None:
    assert Power not in over.MANY


def test_a_store_killed_between_two_commits_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the real store: devices' windows are written, the row over them is not, nor a late one."""

    def frame(sequence: int, *minutes: float) -> bytes:
        times = [START + round(m * 60) * SECOND for m in minutes for _ in "xy"]
        columns = {
            "time": times, "host": ["h"] * len(times), "gpu": list("xy") * len(minutes),
            "energy_joules_total": [(t - START) / SECOND * 100.0 for t in times],
        }  # fmt: skip
        return requests.frame(sequence, START, {Gpu: columns})

    every = [n / 3 for n in range(30)]
    with Opened(tmp_path) as run:
        run.now = START + 600 * SECOND
        run.send(frame(1, *[m for m in every if not 4 <= m < 6]))
        Roll(run.store, measurements=[Gpu]).run(moment(START + 200 * SECOND))
        duty = Roll(run.store, measurements=[Gpu])
        for step in ("along", "keep_up"):  # killed here
            monkeypatch.setattr(duty._over, step, lambda *_: None)
        duty.run(moment(START + 500 * SECOND))
        run.send(frame(2, *[m for m in every if 4 <= m < 6]))
        run.flush()
    with Opened(tmp_path) as run:
        run.now = START + 700 * SECOND
        assert run.store.dirty()
        Roll(run.store, measurements=[Gpu]).run(moment(START + 640 * SECOND))
        assert not run.store.dirty()
        windows = run.store.scan("gpu_1m", None, None, None, [""], {})
        have = sums(run.store.scan("gpu_over_1m", None, None, None, [""], {}))
        want = sums(over.over(Gpu, windows, 60).rows)
        assert have.keys() == want.keys()
        for key, cell in want.items():
            assert have[key] == pytest.approx(cell), key
        total = sum(cell["energy_joules_total_increase"] for cell in have.values())
        assert total == pytest.approx(2 * 100.0 * 60 * every[-1])
