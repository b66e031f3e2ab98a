import errno
import gc
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.store import parquet
from collector.store.store import Store
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened, moment
from vigie.catalogue import Gpu
from vigie.errors import QueryError, Unavailable
from vigie.settings import Retention, StoreSettings

HOUR = 3_600 * SECOND


def body(number: int, time: int | None = None) -> bytes:
    readings = {"host": ["h"], "gpu": [f"g{number % 3}"], "power_watts": [float(number)]}
    return requests.frame(number, START + number * SECOND if time is None else time,
                          {Gpu: readings})  # fmt: skip


def files(run: Opened) -> list[Path]:
    return sorted((run.directory / "tables/vigie/gpu/data").rglob("*.parquet"))


def test_a_disk_that_fails_at_sync_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("threading.excepthook", lambda _: None)
    with Opened(tmp_path) as run:
        run.send(body(1))
        answers: list[Any] = []
        sent = requests.envelope()
        with monkeypatch.context() as broken:
            broken.setattr(os, "fdatasync", fail)
            run.store.append(sent, body(2), requests.decode(body(2), sent), answers.append)
            run.store._groups._thread.join(10)
        assert [error.errno for error in run.fatal if isinstance(error, OSError)] == [errno.EIO]
        assert answers == []  # never acknowledged


def test_a_full_disk_refuses_the_group_and_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Opened(tmp_path) as run:
        run.send(body(1))
        with monkeypatch.context() as broken:
            broken.setattr("collector.store.journal._write", fail)
            with pytest.raises(Unavailable):
                run.send(body(2))
        run.send(body(2))
    with Opened(tmp_path) as run:
        assert run.rows("gpu", "power_watts") == [1, 2]
        assert not run.recovery.damaged


def test_below_the_reserve_nothing_is_taken_and_duplicates_are_still_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Opened(tmp_path) as run:
        run.send(body(1))
        monkeypatch.setattr(Store, "full", True)
        run.send(body(1))
        with pytest.raises(Unavailable):
            run.send(body(2))


def test_a_tail_that_no_flush_empties_is_refused_more(tmp_path: Path) -> None:
    with Opened(tmp_path, StoreSettings(sync=0, reserve_bytes=0, tail_bytes=1)) as run:
        run.store._upkeep._one.acquire()  # a flush that hangs
        run.send(body(1))
        with pytest.raises(Unavailable):
            run.send(body(2))
        run.store._upkeep._one.release()


def test_beyond_so_many_series_only_those_known_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender that names its devices anew at every tick would else fill the memory."""
    monkeypatch.setattr("collector.store.live.MAX_SERIES", 1)
    with Opened(tmp_path) as run:
        run.send(body(1))
        run.send(body(4))
        with pytest.raises(Unavailable):
            run.send(body(2))
        assert len(run.store.live.table("gpu")) == 1
        run.store.live.series("gpu")._known.clear()  # type: ignore[union-attr]
        run.send(body(7))
    with Opened(tmp_path) as run:
        assert run.rows("gpu", "power_watts") == [1, 4, 7]


def test_what_is_held_does_not_grow_with_what_came(tmp_path: Path) -> None:
    """Of known series and senders nothing is kept for each frame, once it is flushed."""

    def held(run: Opened, frames: range) -> int:
        for number in frames:
            run.send(body(number))
        run.flush()
        run.store.live.table("gpu")
        gc.collect()
        return int(tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes())

    with Opened(tmp_path) as run:
        held(run, range(1, 32))
        tracemalloc.start()
        try:
            before = held(run, range(32, 64))
            grown = held(run, range(64, 448)) - before
        finally:
            tracemalloc.stop()
    assert grown < 32_000, "one commit, and less than 50 bytes a frame"


def test_a_large_tail_is_flushed_without_being_told(tmp_path: Path) -> None:
    with Opened(tmp_path, StoreSettings(sync=0, reserve_bytes=0, tail_bytes=1)) as run:
        run.send(body(1))
        run.flush()  # waits for the one under way
        assert len(files(run)) == 1


def test_a_flush_that_fails_loses_nothing_and_the_next_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Opened(tmp_path) as run:
        run.send(body(1))
        with monkeypatch.context() as broken:
            broken.setattr("collector.store.parquet.keep", fail)
            with pytest.raises(OSError, match="space"):
                run.flush()
        assert run.rows("gpu", "power_watts") == [1]
        run.send(body(2))
        run.flush()
        assert run.rows("gpu", "power_watts") == [1, 2]
        assert len(files(run)) == 1
        assert not list((tmp_path / "journal").iterdir())


def test_files_are_sorted_by_series_and_cut_by_hour(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        for number in range(1, 10):
            run.send(body(number, START + number % 2 * HOUR - number))
        run.flush()
        assert len({path.parent.name for path in files(run)}) == 2
        for path in files(run):
            rows = pq.read_table(path, columns=["gpu", "time"]).to_pylist()
            assert rows == sorted(rows, key=lambda row: (row["gpu"], row["time"]))
            assert parquet.sound(path)


def test_merge_makes_one_file_an_hour_and_expiry_lets_the_others_go(tmp_path: Path) -> None:
    kept = StoreSettings(sync=0, reserve_bytes=0, retention=Retention(1e10, 1e10, 1e10))
    with Opened(tmp_path, kept) as run:
        for number in range(1, 5):
            run.send(body(number))
            run.flush()
        assert run.store.merge(run.now * 1_000) == 0  # the hour still grows
        later = (START + 24 * HOUR) * 1_000
        assert run.store.merge(later) == 1
        assert run.store.merge(later) == 0
        assert run.rows("gpu", "power_watts") == [1, 2, 3, 4]
        assert len(files(run)) == 5  # someone may still be reading
        run.store.expire(time.time_ns(), grace=60)
        assert len(files(run)) == 5
        run.store.expire(time.time_ns(), grace=-1)  # ages are those on the disk
        assert len(files(run)) == 1
        assert run.rows("gpu", "power_watts") == [1, 2, 3, 4]


def test_rows_past_their_retention_go_by_whole_files(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        run.send(body(1), body(2, START + HOUR))
        run.flush()
        run.store.expire((START + 30 * 24 * HOUR + 2 * SECOND) * 1_000, grace=-1)
        assert run.rows("gpu", "power_watts") == [2]


def test_a_damaged_file_is_found_when_read_or_verified_and_named(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        for number in (1, 2, 3):
            run.send(body(number))
            run.flush()
        assert run.store.verify(0) == 0
        first, second, _ = sorted(files(run))
        data = bytearray(first.read_bytes())
        data[len(data) // 3] ^= 1
        first.write_bytes(data)
        second.write_bytes(b"PAR1")
        rows = run.rows("gpu", "power_watts")
        run.store._upkeep._verified.clear()
        run.store.verify(0)
        assert set(rows) <= {1, 3}
        assert run.rows("gpu", "power_watts") == [3]
        commit = run.store.live.commit
        run.send(body(9))
        assert run.store.live.wait(commit, 5) > commit
        assert run.codes() == ["damaged"] * 2


def test_tables_and_columns_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        for table, columns in (("gpus", None), ("gpu", ["colour"])):
            with pytest.raises(QueryError):
                run.store.scan(table, columns, None, None, [""], {})
        assert run.store.scan("gpu_1h", None, None, moment(0), [""], {}).num_rows == 0
