from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from collector.rollups.roll import roll as rolled
from collector.store import schema
from collector.store.late import HOUR
from collector.store.upkeep import ROLLED_UNTIL
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened, moment
from vigie.catalogue import Gpu

ROLLED = START // HOUR * HOUR + HOUR
DAY = 24 * HOUR


def send(run: Opened, number: int, time: int) -> None:
    readings = {"host": ["h"], "gpu": ["g"], "power_watts": [1.0]}
    run.send(requests.frame(number, time, {Gpu: readings}))


def dirty(run: Opened) -> list[tuple[str, str, Any]]:
    return [(d.container, d.measurement, d.hour) for d in run.store.dirty()]


def roll(run: Opened, until: int) -> None:
    """What the duty does, of no rows."""
    run.store.rolling("gpu", moment(until))
    empty = schema.rollup(Gpu).empty_table()
    run.store.write_rollup("gpu_1m", empty, {ROLLED_UNTIL: str(until)})


def test_a_row_older_than_what_is_rolled_up_makes_its_hour_dirty(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        roll(run, ROLLED)
        assert run.store.rolled_until("gpu_1m") == moment(ROLLED)
        send(run, 1, ROLLED)
        assert dirty(run) == []
        send(run, 2, ROLLED - SECOND)
        assert dirty(run) == [(requests.CONTAINER, "gpu", moment(ROLLED - HOUR))]


def test_dirty_hours_last_over_flush_and_restart_until_they_are_clean(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        roll(run, ROLLED)
        send(run, 1, ROLLED - SECOND)
    for flushed in (False, True):
        with Opened(tmp_path) as run:
            assert len(dirty(run)) == 1, flushed
            run.flush()
    with Opened(tmp_path) as run:
        run.store.clean(run.store.dirty())
        assert dirty(run) == []
    with Opened(tmp_path) as run:
        assert dirty(run) == []


def test_an_hour_that_gets_dirty_again_meanwhile_stays_dirty(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        roll(run, ROLLED)
        send(run, 1, ROLLED - SECOND)
        computed = run.store.dirty()
        send(run, 2, ROLLED - 2 * SECOND)
        run.store.clean(computed)
        assert len(dirty(run)) == 1


def test_too_late_is_stored_and_named_once_and_touches_no_rollup(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        roll(run, ROLLED)
        for number in range(1, 4):
            send(run, number, START - 8 * DAY + number * SECOND)
        assert dirty(run) == []
        assert run.codes() == ["too_late"]
        assert run.store.scan("gpu", None, None, None, [""], {}).num_rows == 3


def test_windows_of_one_container_are_replaced_and_the_others_stay(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        for container in ("a/1", "b/1"):
            for minute in range(3):
                time = START // HOUR * HOUR + minute * 60 * SECOND
                readings = {"host": ["h"], "gpu": ["g"], "power_watts": [100.0]}
                run.send(requests.frame(minute + 1, time, {Gpu: readings}, agent=container,
                                        container=container))  # fmt: skip
        rows = rolled(Gpu, run.store.scan("gpu", None, None, None, [""], {}), 60)
        run.store.write_rollup("gpu_1m", rows, {ROLLED_UNTIL: str(ROLLED)})
        assert len(run.rows("gpu_1m", "time")) == 6
        start = moment(START // HOUR * HOUR + 60 * SECOND)
        end = start + timedelta(minutes=1)
        fresh = rows.filter(
            pa.compute.and_(
                pa.compute.equal(rows["container"], "a/1"),
                pa.compute.equal(rows["time"], pa.scalar(start, rows["time"].type)),
            )
        )
        at = fresh.schema.get_field_index("power_watts_max")
        fresh = fresh.set_column(at, fresh.schema.field(at), pa.array([555.0]))
        run.store.replace_rollup("gpu_1m", fresh, "a/1", start, end, properties={})
        assert run.rows("gpu_1m", "power_watts_max") == [100, 100, 100, 100, 100, 555]
        assert run.store.rolled_until("gpu_1m") == moment(ROLLED)
