"""Merges beside those who replace or drop the same files: the first counts, nothing is lost."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.duties import roll as duty
from collector.rollups.roll import roll
from collector.store import flush, merge
from collector.store.parquet import TableFile
from collector.store.tables import Overtaken, Tables
from collector.store.upkeep import ROLLED_UNTIL
from tests.build.shelf import at, load
from tests.build.stores import Opened, moment
from vigie.catalogue import Power

TABLE = "power_1h"
HOURS, TURNS = 3, 5
LATER = round((at(0) + timedelta(days=60)).timestamp() * 1e9)
"""When nothing comes to the month of the tests any more: two small files are worth a merge."""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    """A store with a file an hour, of two containers at 100 W."""
    with Opened(tmp_path) as opened:
        for hour in range(HOURS):
            rows = pa.concat_tables([hours("a/1", hour, 100.0), hours("b/1", hour, 100.0)])
            opened.store.write_rollup(TABLE, rows, {ROLLED_UNTIL: str(hour + 1)})
        yield opened


def hours(container: str, hour: int, watts: float) -> pa.Table:
    """One hour's window of one container."""
    return roll(Power, load(hour * 60, hour * 60 + 60, container, watts=watts), 3600)


def mend(run: Opened, hour: int, watts: float) -> None:
    """Late rows came of `a/1`: put its window of that hour in the place of the old one."""
    start = at(hour * 60)
    run.store.replace_rollup(
        TABLE, hours("a/1", hour, watts), "a/1", start, start + duty.HOUR, properties={}
    )


def held(run: Opened) -> list[tuple[str, int, float]]:
    """Container, hour and mean power of every window there is."""
    rows = run.store.scan(TABLE, ["container", "time", "power_watts_max"], None, None, [""], {})
    found = [
        (str(row["container"]), (row["time"] - at(0)) // duty.HOUR, row["power_watts_max"])
        for row in rows.to_pylist()
    ]
    return sorted(found)


def expected(mended: dict[int, float]) -> list[tuple[str, int, float]]:
    """Every window once, `a/1` as it was mended."""
    first = [("a/1", hour, mended.get(hour, 100.0)) for hour in range(HOURS)]
    return first + [("b/1", hour, 100.0) for hour in range(HOURS)]


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], times: int = 1) -> None:
    """Do something between a merge's reading and its commit, so many times."""
    real, left = flush.put, [times]

    def put(*arguments: Any, **more: Any) -> None:
        if left[0]:
            left[0] -= 1
            act()
        real(*arguments, **more)

    monkeypatch.setattr("collector.store.merge.put", put)


def on_disk(run: Opened) -> set[Path]:
    return set((run.directory / "tables/vigie" / TABLE / "data").rglob("*.parquet"))


def current(run: Opened) -> Sequence[TableFile]:
    return run.store._tables.files(TABLE)


def test_a_merge_that_a_late_hour_overtakes_begins_anew_with_what_is_there(
    run: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = on_disk(run)
    meanwhile(monkeypatch, lambda: mend(run, 2, 900.0))
    assert run.store.merge(LATER) == 1
    assert held(run) == expected({2: 900.0})
    assert len(current(run)) == 1
    assert run.counters.value("store_merges_overtaken_total") == 1
    assert run.counters.value("store_merges_total") == 1
    assert run.store.rolled_until(TABLE) == moment(HOURS)
    fresh = on_disk(run) - before
    assert len(fresh) == 2, "the late hour and the merge; what was overtaken left nothing behind"


@pytest.mark.slow
def test_a_merge_that_is_overtaken_again_and_again_waits_for_its_next_turn(
    run: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    watts = iter(range(200, 300))
    meanwhile(monkeypatch, lambda: mend(run, 1, float(next(watts))), times=3)
    assert run.store.merge(LATER) == 0
    assert held(run) == expected({1: 202.0})
    assert run.store.merge(LATER) == 1
    assert held(run) == expected({1: 202.0})


def test_rows_that_expire_during_a_merge_do_not_come_back(
    run: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = min(current(run), key=lambda file: file.start)
    kept = run.store._settings.retention.hour
    now = round(oldest.end * 1e3 + 1e9 + kept * 1e9)
    meanwhile(monkeypatch, lambda: run.store.expire(now))
    run.store.merge(LATER)
    assert held(run) == [window for window in expected({}) if window[1] != 0]


def test_a_commit_that_replaces_what_is_gone_changes_nothing(run: Opened) -> None:
    tables: Tables = run.store._tables
    old = list(current(run))
    mend(run, 0, 500.0)
    before = on_disk(run)
    with pytest.raises(Overtaken, match=TABLE):
        merge.merge(tables, TABLE, old)
    assert held(run) == expected({0: 500.0})
    assert on_disk(run) == before


@pytest.mark.slow
def test_merges_and_late_hours_at_the_same_time_lose_and_double_nothing(run: Opened) -> None:
    done = threading.Event()

    def merging() -> None:
        while not done.is_set():
            run.store.merge(LATER)

    with ThreadPoolExecutor(1) as beside:
        merges = beside.submit(merging)
        mended = {}
        for turn in range(TURNS):
            mended[turn % HOURS] = 200.0 + turn
            mend(run, turn % HOURS, 200.0 + turn)
            run.store.write_rollup(TABLE, hours("c/1", turn, 1.0), {})
        done.set()
        merges.result(30)
    assert held(run) == expected(mended) + [("c/1", turn, 1.0) for turn in range(TURNS)]
