from pathlib import Path

import pytest

from collector.keeping.status import METRIC, Status
from collector.store.expiry.holds import Act, Held, Holds
from tests.build.requests import SECOND, START
from tests.build.stores import Opened
from tests.unit.collector.keeping.test_backup import body
from vigie.replies import StoreTable


def tables(run: Opened) -> dict[str, StoreTable]:
    return {t.name: t for t in Status(run.store.parts, run.counters).now(START / 1e6).tables}


def test_tables_say_what_is_in_files_and_what_waits(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        run.send(body(1), body(2))
        run.flush()
        run.send(body(3))
        gpu = tables(run)["gpu"]
        assert (gpu.rows, gpu.files, gpu.tail_rows, gpu.tier) == (2, 1, 1, "raw")
        (file,) = run.store._tables.files("gpu")
        assert gpu.bytes_per_value == file.size / 2  # of 42 fields one is known
        assert gpu.oldest == "2023-11-14T22:13:21.000Z"
        assert gpu.kept_seconds == 30 * 86_400
        assert not gpu.recorded


def test_held_rows_are_counted_once_though_two_holds_cover_them(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        run.send(body(1), body(2))
        run.flush()
        for number, end in enumerate((None, START + 2 * SECOND)):
            held = Held(("local",), START, end)
            Holds(run.database).place("x", held, "r", "o", Act("placed", 0.0, "p", str(number)))
        status = Status(run.store.parts, run.counters)
        assert [t.held_rows for t in status.now(0.0).tables] == [2]
        assert status.now(0.0).holds == 2
        run.store.merge(0)
        assert [t.held_rows for t in status.now(0.0).tables] == [2]


def test_a_young_store_says_that_it_does_not_know_when_the_disk_is_full(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        run.send(body(1))
        run.flush()
        run.counters.set("duty_last_success_timestamp_seconds", START / 1e6, duty="flush")
        status = Status(run.store.parts, run.counters)
        told = status.now(START / 1e6)
        assert (told.days_left.state, told.days_left.days) == ("unknown", None)
        assert "3 are needed" in told.days_left.reason
        assert told.last == {
            "flush": "2023-11-14T22:13:20.000Z", "merge": None, "expire": None, "verify": None,
        }  # fmt: skip
        assert told.disk_free_bytes > 0
        status.measure(START / 1e6)
        assert str(run.counters.value(METRIC, bound="expected")) == "nan"


@pytest.mark.slow
def test_a_store_that_grows_says_when_the_disk_is_full(tmp_path: Path) -> None:
    day = 86_400 * SECOND
    with Opened(tmp_path) as run:
        for n in range(5):
            run.now = START + n * day
            run.send(body(n, START + n * day))
            run.flush()
        told = Status(run.store.parts, run.counters).now((START + 5 * day) / 1e6).days_left
        assert told.state == "fits"  # a few kB a day, on any disk, until they expire
