"""Growth over 30 days, which survives a restart, and falls that are told once."""

import json
import logging
from pathlib import Path

import pytest

from agent.disks.health import Health, judge
from agent.disks.history import DAY, History, Past
from vigie.catalogue import Disk
from vigie.shape import Field, Value

NOW = 1_700_000_000.0
PENDING = Disk.pending_sectors


def grown(past: Past, now: float) -> int:
    return past.risen(now).get(PENDING, 0)


def taken(history: History, *counts: int, step: float = 600.0) -> float:
    """Let a disk say these counts of pending sectors; when the last one was."""
    for number, count in enumerate(counts):
        history.take("disk", NOW + number * step, {PENDING: count})
    return NOW + (len(counts) - 1) * step


def test_a_level_that_is_first_seen_is_no_growth() -> None:
    history = History()
    now = taken(history, 8, 8)
    assert grown(history.take("disk", now, {PENDING: 8}), now) == 0


def test_growth_is_summed_over_30_days_and_then_forgotten() -> None:
    history = History()
    now = taken(history, 0, 3, 3, 8)
    past = history.take("disk", now, {PENDING: 8})
    assert grown(past, now) == 8
    assert grown(past, now + 29 * DAY) == 8
    assert grown(past, now + 32 * DAY) == 0


def test_a_counter_that_falls_began_anew() -> None:
    history = History()
    now = taken(history, 0, 5, 0, 2)
    assert grown(history.take("disk", now, {PENDING: 2}), now) == 7


def test_a_value_that_is_left_out_once_is_compared_with_the_last_one() -> None:
    history = History()
    now = taken(history, 4)
    history.take("disk", now, {PENDING: None})
    assert grown(history.take("disk", now, {PENDING: 6}), now) == 2


def test_growth_and_last_values_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "agent/disks.json"
    first = History(path)
    first.load()
    now = taken(first, 0, 3)
    values: dict[Field, Value] = {
        PENDING: 3, Disk.smart_passed: True, Disk.temperature_celsius: 31.5,
        Disk.power_on_seconds_total: 44_442_000, Disk.spare_ratio: None,
    }  # fmt: skip
    first.take("disk", now, values)
    first.save(now)
    second = History(path)
    second.load()
    past = second.of("disk", now)
    assert past is not None
    assert grown(past, now) == 3
    assert past.spoke == now
    assert past.values == {f: v for f, v in values.items() if v is not None}
    assert grown(second.take("disk", now + 600, {PENDING: 4}), now) == 4
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_while_nothing_grows(tmp_path: Path) -> None:
    path = tmp_path / "disks.json"
    history = History(path)
    now = taken(history, 0)
    history.save(now)
    before = path.read_bytes()
    history.take("disk", now + 600, {PENDING: 0})
    history.save(now + 600)
    assert path.read_bytes() == before
    history.take("disk", now + 1200, {PENDING: 1})
    history.save(now + 1200)
    assert path.read_bytes() != before
    before = path.read_bytes()
    history.take("disk", now + 5000, {PENDING: 1})
    history.save(now + 5000)
    assert path.read_bytes() != before, "an hour is over: the age of the values is worth keeping"


def test_a_damaged_file_is_put_aside_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "disks.json"
    path.write_text('{"version": 1, "disks": {"a": ')
    history = History(path)
    with caplog.at_level(logging.WARNING):
        history.load()
    assert "damaged" in caplog.text
    assert path.with_suffix(".damaged").exists()
    assert history.of("a", NOW) is None


def test_what_makes_no_sense_in_the_file_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "disks.json"
    kept = {
        "spoke": NOW, "score": "high", "told": {"temperature": [0.6, NOW], "x": 3},
        "values": {"pending_sectors": "many", "smart_passed": 1, "temperature_celsius": 31},
        "rises": {"pending_sectors": {"today": 3, "19675": 2, "19676": -1}},
    }  # fmt: skip
    path.write_text(json.dumps({"version": 1, "disks": {"a": kept, "b": None}}))
    history = History(path)
    history.load()
    past = history.of("a", NOW)
    assert past is not None
    assert past.values == {Disk.temperature_celsius: 31}
    assert past.rises == {PENDING: {19675: 2}}
    assert past.told == {"temperature": (0.6, NOW)}
    assert past.score is None


def test_a_disk_that_cannot_be_written_down_is_said_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    history = History(tmp_path / "file" / "disks.json")
    now = taken(history, 0, 1)
    with caplog.at_level(logging.WARNING):
        history.save(now)
    assert "cannot be kept" in caplog.text
    assert history.of("disk", now) is not None


def test_a_disk_that_left_is_forgotten(tmp_path: Path) -> None:
    history = History(tmp_path / "disks.json")
    history.take("gone", NOW, {PENDING: 0})
    history.take("here", NOW + 100 * DAY, {PENDING: 0})
    history.save(NOW + 100 * DAY)
    assert history.of("gone", NOW + 100 * DAY) is None
    assert history.of("here", NOW + 100 * DAY) is not None


def test_a_clock_that_was_wrong_makes_no_age_below_zero() -> None:
    history = History()
    history.take("disk", NOW + 400 * DAY, {PENDING: 0})
    past = history.of("disk", NOW)
    assert past is not None
    assert past.spoke == NOW


def test_growth_that_a_wrong_clock_put_into_the_future_does_not_stay_for_years() -> None:
    history = History()
    taken(history, 0)
    history.take("disk", NOW + 4000 * DAY, {PENDING: 5})
    past = history.of("disk", NOW + 600)
    assert past is not None
    assert grown(past, NOW + 600) == 0


def warm(degrees: float) -> Health:
    return judge({Disk.temperature_celsius: degrees}, {}, rotates=True)


def test_a_fall_is_told_once_with_where_it_came_from() -> None:
    past = Past(NOW)
    assert past.fell(NOW, warm(30)) is None
    assert past.fell(NOW, warm(65)) == 1.0
    assert past.fell(NOW + 600, warm(65)) is None


def test_a_disk_that_is_first_seen_at_risk_fell_from_whole() -> None:
    assert Past(NOW).fell(NOW, warm(65)) == 1.0


def test_a_disk_that_hovers_at_its_limit_is_told_once_a_day() -> None:
    past = Past(NOW)
    told = [past.fell(NOW + n * 600, warm(65 if n % 2 else 55)) for n in range(3 * 144)]
    assert 3 <= sum(before is not None for before in told) <= 4


def test_another_component_is_told_at_once() -> None:
    past = Past(NOW)
    past.fell(NOW, warm(65))
    worse = judge({Disk.temperature_celsius: 65.0, Disk.smart_passed: False}, {}, rotates=True)
    assert past.fell(NOW + 600, worse) == 0.6


def test_a_slope_is_told_step_by_step() -> None:
    past = Past(NOW)
    used = [0.80 + n / 100 for n in range(41)]
    told = [
        past.fell(NOW + n * 30 * DAY, judge({Disk.endurance_used_ratio: u}, {}))
        for n, u in enumerate(used)
    ]
    assert 5 <= sum(before is not None for before in told) <= 8
