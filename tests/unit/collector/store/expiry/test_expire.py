"""What expiry drops, what it leaves, and what it writes anew, on a real store."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.rollups.roll import roll
from collector.store import flush
from collector.store.expiry.holds import Act, Held, Holds
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.shelf import at, load
from tests.build.stores import Opened
from vigie.catalogue import Gpu, Power
from vigie.settings import Kept, Retention, StoreSettings

DAY = 86_400.0
SHORT = Retention(raw=7 * DAY, minute=8 * DAY, hour=9 * DAY)
"""Hours go after nine days, were there no record to keep."""


def told(retention: Retention) -> StoreSettings:
    return StoreSettings(sync=0, reserve_bytes=0, retention=retention)


def power(role: str, container: str = "a/1", hour: int = 0, meter: str = "m") -> pa.Table:
    """One window of one metering point."""
    rows = load(hour * 60, hour * 60 + 60, container, role=role, meter=meter)
    return roll(Power, rows, 3600)


def later(days: float) -> int:
    """Nanoseconds so many days after the windows of `power`."""
    return round((at(0) + timedelta(days=days)).timestamp() * 1e9)


def roles(run: Opened, table: str = "power_1h") -> list[Any]:
    return run.rows(table, "role")


def place(run: Opened, *paths: str, start: datetime, end: datetime | None = None) -> str:
    edges = [None if t is None else round(t.timestamp() * 1e6) for t in (start, end)]
    held = Held(paths, edges[0] or 0, edges[1])
    act = Act("placed", 0.0, "p1", f"key-{len(Holds(run.database).all())}")
    return Holds(run.database).place("scope", held, "case 12", "counsel", act).id


def lift(run: Opened, name: str) -> None:
    Holds(run.database).lift(name, Act("lifted", 1.0, "p1", "key-lift"))


def test_hours_of_metering_points_stay_for_the_record_and_others_go(tmp_path: Path) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        mixed = pa.concat_tables([power(r) for r in ("it", "cpu", "gpu", "cooling", "solar")])
        run.store.write_rollup("power_1h", mixed, {})
        run.store.write_rollup("power_1m", mixed, {})
        run.store.expire(later(60), grace=-1)
        assert roles(run) == ["cooling", "it", "solar"]
        assert roles(run, "power_1m") == []  # the record is kept by the hour
        assert len(run.store._tables.files("power_1h")) == 1


def test_what_stays_is_written_once_and_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        run.store.write_rollup("power_1h", pa.concat_tables([power("it"), power("cpu")]), {})
        for _ in range(3):
            run.store.expire(later(60), grace=-1)
        commits = run.store._tables.properties("power_1h")["vigie.commit"]
        monkeypatch.setattr("collector.store.expiry.expire._data", None)  # would fail if read
        run.store.expire(later(61), grace=-1)
        assert run.store._tables.properties("power_1h")["vigie.commit"] == commits
        assert roles(run) == ["it"]


def test_the_record_too_goes_after_ten_years(tmp_path: Path) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        run.store.write_rollup("power_1h", power("it"), {})
        run.store.expire(later(3650), grace=-1)
        assert roles(run) == ["it"]
        run.store.expire(later(3700), grace=-1)
        assert roles(run) == []


@pytest.mark.slow
def test_settings_may_keep_the_record_for_longer_than_ten_years(tmp_path: Path) -> None:
    long = Retention(raw=7 * DAY, minute=8 * DAY, hour=5000 * DAY)
    with Opened(tmp_path, told(long)) as run:
        run.store.write_rollup("power_1h", pa.concat_tables([power("it"), power("cpu")]), {})
        run.store.expire(later(4900), grace=-1)
        assert roles(run) == ["cpu", "it"]


def test_nothing_that_is_held_goes_until_the_hold_is_lifted(tmp_path: Path) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        both = pa.concat_tables([power("cpu", "a/1"), power("cpu", "b/1"), power("cpu", "a/1", 2)])
        run.store.write_rollup("power_1m", both, {})
        name = place(run, "a", start=at(0), end=at(60))
        run.store.expire(later(60), grace=-1)
        assert run.rows("power_1m", "container", "time") == [("a/1", at(0))]
        lift(run, name)
        run.store.expire(later(60), grace=-1)
        assert run.rows("power_1m") == []


@pytest.mark.slow
def test_a_window_in_the_middle_of_which_a_hold_begins_is_held_whole(tmp_path: Path) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        run.store.write_rollup(
            "power_1h", pa.concat_tables([power("cpu"), power("cpu", hour=1)]), {}
        )
        place(run, "a/1", start=at(30), end=at(60))
        run.store.expire(later(60), grace=-1)
        assert run.rows("power_1h", "time") == [at(0)]


@pytest.mark.slow
def test_a_hold_without_an_end_keeps_what_is_still_to_come(tmp_path: Path) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        place(run, "", start=at(0))
        readings = {"host": ["h"], "gpu": ["g"], "power_watts": [1.0]}
        moment = round(at(500).timestamp() * 1e6)
        run.now = moment
        run.send(requests.frame(1, moment, {Gpu: readings}))
        run.flush()
        run.store.expire(later(4000), grace=-1)
        assert run.rows("gpu", "power_watts") == [1.0]


def test_a_measurement_goes_at_its_own_time(tmp_path: Path) -> None:
    own = Retention(raw=30 * DAY, measurements={"gpu": Kept(raw=7 * DAY)})
    with Opened(tmp_path, told(own)) as run:
        readings = {"host": ["h"], "gpu": ["g"], "power_watts": [1.0]}
        meter = {
            "host": ["h"], "meter": ["m"], "role": ["it"], "phase": ["all"], "method": ["meter"],
            "power_watts": [2.0],
        }  # fmt: skip
        run.send(requests.frame(1, START, {Gpu: readings, Power: meter}))
        run.flush()
        run.store.expire(START * 1_000 + round(8 * DAY * 1e9), grace=-1)
        assert run.rows("gpu", "power_watts") == []
        assert run.rows("power", "power_watts") == [2.0]


@pytest.mark.slow
def test_a_file_that_another_commit_replaces_meanwhile_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        for role in ("it", "cpu"):
            run.store.write_rollup("power_1h", power(role), {})
            run.store.write_rollup("power_1h", power(role, hour=1), {})
        place(run, "a/1", start=at(60))
        real: Callable[..., int] = flush.put
        done: list[int] = []

        def put(*arguments: Any, **more: Any) -> None:
            if not done:
                done.append(run.store.merge(later(60)))
            real(*arguments, **more)

        monkeypatch.setattr("collector.store.expiry.expire.flush.put", put)
        run.store.write_rollup(
            "power_1h", pa.concat_tables([power("gpu"), power("it", hour=3)]), {}
        )
        for _ in range(3):
            run.store.expire(later(60), grace=-1)
        assert done
        kept = {
            (r, (t - at(0)) // timedelta(hours=1)) for r, t in run.rows("power_1h", "role", "time")
        }
        assert {("it", 0), ("it", 1), ("cpu", 1), ("it", 3)} <= kept
        assert ("gpu", 0) not in kept
        assert len(kept) == len(run.rows("power_1h"))


def test_a_damaged_old_file_is_named_and_the_others_still_expire(tmp_path: Path) -> None:
    with Opened(tmp_path, told(SHORT)) as run:
        run.store.write_rollup("power_1h", pa.concat_tables([power("it"), power("cpu")]), {})
        run.store.write_rollup("water_1h", _water(), {})
        (file,) = run.store._tables.files("power_1h")
        data = bytearray(file.path.read_bytes())
        data[len(data) // 3] ^= 1
        file.path.write_bytes(data)
        run.store.expire(later(60), grace=-1)
        assert roles(run) == []
        assert run.counters.value("store_damaged_total") == 1
        assert len(run.rows("water_1h")) == 1


def _water() -> pa.Table:
    columns = flush.columns("water_1h")
    row: dict[str, Any] = {f.name: None for f in columns}
    row |= {"time": at(0), "container": "a/1", "host": "none", "meter": "w", "role": "site"}
    for field in columns:
        if not field.nullable and row[field.name] is None:
            row[field.name] = 0
    return pa.Table.from_pylist([row], schema=columns)


def test_the_clock_of_these_tests_is_that_of_the_windows() -> None:
    assert datetime.fromtimestamp(later(0) / 1e9, UTC) == at(0)
    assert SECOND * 1_000 == 1e9


@pytest.mark.slow
def test_what_stays_of_a_large_file_is_written_a_few_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.store.expiry.expire.BATCH_ROWS", 50)
    with Opened(tmp_path, told(SHORT)) as run:
        one = power("it")
        at_meter = one.schema.get_field_index("meter")
        meters = [f"m{n:03}" for n in range(400)]
        many = [one.set_column(at_meter, one.schema.field(at_meter), pa.array([m])) for m in meters]
        others = [power("cpu", meter=f"c{n}") for n in range(5)]
        run.store.write_rollup("power_1h", pa.concat_tables([*many, *others]), {})
        parts: list[int] = []
        real: Callable[..., int] = flush.put

        def put(tables: Any, table: str, rows: Any, *arguments: Any, **more: Any) -> int:
            def counted() -> Iterator[pa.Table]:
                for part in rows.parts:
                    parts.append(len(part))
                    yield part

            return real(tables, table, replace(rows, parts=counted()), *arguments, **more)

        monkeypatch.setattr("collector.store.expiry.expire.flush.put", put)
        run.store.expire(later(60), grace=-1)
        assert sum(parts) == 400
        assert max(parts) <= 50
        assert run.rows("power_1h", "meter") == meters
