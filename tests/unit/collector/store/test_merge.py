"""Which files are brought together, and that nothing but files changes by it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from collector.store import flush, merge, sweep
from collector.store.mend import Replaced, mended
from collector.store.merge import DEEP, HOUR, OPEN_FILES, REST, groups
from collector.store.parquet import Commit, TableFile, encoded, write
from collector.store.schema import TIME_TYPE
from collector.store.tables import Tables
from tests.build.stores import Opened
from vigie.frame import TIME_COLUMN

LATER = 2 * HOUR + REST
LARGE = 2 * merge.SMALL_BYTES


def file(  # noqa: PLR0917
    name: str, containers: tuple[str, str] = ("a", "z"), start: int = 0, end: int = HOUR - 1,
    rows: int = 1_000_000, size: int = LARGE,
) -> TableFile:  # fmt: skip
    return TableFile(Path("0") / name, rows, size, start, end, containers)


@pytest.fixture(autouse=True)
def enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "_fan", lambda _: 64)


def chosen(files: list[TableFile], *, growing: str = "1", now: int = LATER) -> list[list[str]]:
    return [[f.path.name for f in group] for group in groups(files, growing, now, HOUR)]


def flushes(count: int) -> list[TableFile]:
    """A file a minute, each of all containers."""
    minute = HOUR // 60
    return [file(f"f{n:02}", start=n * minute, end=(n + 1) * minute - 1) for n in range(count)]


def test_large_files_of_an_hour_are_brought_together_when_it_is_at_rest() -> None:
    assert chosen(flushes(60), now=HOUR + REST - 1) == []
    assert chosen(flushes(60), now=HOUR + REST) == [[f"f{n:02}" for n in range(60)]]


def test_a_few_large_files_stay_apart() -> None:
    assert chosen(flushes(DEEP - 1)) == []


def test_files_of_other_containers_stay_apart() -> None:
    parts = [file(f"p{n}", (f"{n}0", f"{n}9")) for n in range(9)]
    assert chosen(parts) == []


def test_what_was_brought_together_waits_for_late_rows_that_are_worth_it() -> None:
    whole = file("whole", rows=8_000_000)
    few = [file(f"late{n}", rows=1_000) for n in range(DEEP)]
    many = [file(f"late{n}", rows=500_000) for n in range(DEEP)]
    assert chosen([whole, *few]) == []
    assert len(chosen([whole, *many])[0]) == DEEP + 1


def test_more_files_than_fit_in_memory_are_merged_in_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(merge, "_fan", lambda _: 20)
    assert [len(group) for group in chosen(flushes(60))] == [20, 20, 20]


def test_small_files_are_merged_while_their_folder_grows_and_after() -> None:
    small = [file(f"s{n}", size=1, rows=10) for n in range(OPEN_FILES)]
    assert chosen(small[:-1], growing="0", now=0) == []
    assert chosen(small, growing="0", now=0) == [[f.path.name for f in small]]
    assert chosen(small[:2], growing="1", now=0) == [["s0", "s1"]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    with Opened(tmp_path) as opened:
        opened.store._tables.make("power", flush.columns("power"))
        yield opened


def power(container: str, seconds: list[int], watts: float = 100.0) -> pa.Table:
    """Readings of one meter."""
    rows = [
        {
            "time": n * 1_000_000, "container": container, "host": "h", "meter": "m",
            "role": "it", "phase": "all", "method": "meter", "power_watts": watts,
            "quality": 0, "suspect": 0,
        }
        for n in seconds
    ]  # fmt: skip
    made = pa.Table.from_pylist(rows)
    made = made.set_column(0, TIME_COLUMN, made["time"].cast(TIME_TYPE))
    return encoded(made, flush.keys("power"))


def rows(run: Opened) -> list[tuple[str, int]]:
    found = run.store.scan("power", ["container", "time"], None, None, [""], {})
    times = found["time"].cast(pa.int64()).to_pylist()
    return sorted(zip(found["container"].to_pylist(), [t // 1_000_000 for t in times], strict=True))


def test_a_merge_keeps_every_row_in_order_and_in_small_parts(
    run: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "CELLS", 1)
    monkeypatch.setattr("collector.store.parquet.ROW_GROUP_ROWS", 3)
    tables: Tables = run.store._tables
    for seconds in ([1, 4, 7], [2, 5, 8], [0, 3, 6]):
        every = [power(c, seconds) for c in ("b", "a", "c")]
        flush.put(tables, "power", encoded(pa.concat_tables(every), flush.keys("power")), 1)
    before = rows(run)
    merge.merge(tables, "power", tables.files("power"))
    (made,) = tables.files("power")
    assert rows(run) == before == [(c, n) for c in "abc" for n in range(9)]
    assert made.containers == ("a", "c")
    piece = sweep.Piece(made.path, flush.keys("power"))
    stored = sweep.whole(sweep.sweep([piece]))
    assert stored is not None
    assert stored["container"].to_pylist() == [c for c in "abc" for _ in range(9)]
    assert np.all(np.diff(stored["time"].cast(pa.int64()).to_numpy()[:9]) > 0)


def test_a_merge_that_is_told_to_stop_changes_nothing(run: Opened) -> None:
    tables: Tables = run.store._tables
    for n in range(2):
        flush.put(tables, "power", power("a", [n]), 1)
    before = tables.files("power")
    with pytest.raises(merge.Stopped):
        merge.merge(tables, "power", before, lambda: True)
    assert tables.files("power") == before
    assert set(tables.data("power").rglob("*.*")) == {f.path for f in before}


def test_a_column_that_nobody_sent_is_not_in_the_file_and_unknown_when_asked(run: Opened) -> None:
    flush.put(run.store._tables, "power", power("a", [1]), 1)
    (stored,) = run.store._tables.files("power")
    assert "energy_joules_total" not in sweep.Piece(stored.path, ["container"]).names
    asked = run.store.scan("power", ["energy_joules_total"], None, None, [""], {})
    assert asked["energy_joules_total"].to_pylist() == [None]


def test_rows_are_replaced_by_container_and_time_and_others_stay(run: Opened) -> None:
    tables: Tables = run.store._tables
    for c in ("a", "b", "c"):
        flush.put(tables, "power", power(c, [1, 2, 3]), 1)
    replaced = Replaced(["a", "b"], 2_000_000, 3_000_000)
    touched = [f for f in tables.files("power") if replaced.touches(f)]
    assert len(touched) == 2
    fresh = power("a", [2], watts=900.0)
    flush.put(tables, "power", mended("power", touched, fresh, replaced), 1, gone=touched)
    assert rows(run) == [(c, n) for c in "abc" for n in (1, 2, 3) if (c, n) != ("b", 2)]
    asked = run.store.scan("power", ["power_watts"], None, None, ["a"], {})
    assert sorted(asked["power_watts"].to_pylist()) == [100.0, 100.0, 900.0]


def test_a_sweep_gives_each_container_whole_and_in_order(tmp_path: Path) -> None:
    schema = flush.columns("power")
    files = []
    for number, containers in enumerate((["a", "c"], ["a", "b", "d"], ["c"])):
        parts = [power(c, list(range(5))) for c in containers]
        together = encoded(pa.concat_tables(parts), flush.keys("power"))
        (part,) = flush.in_order("power", together).parts
        files.append(write(tmp_path, part, schema, Commit(f"c{number}", 1, {}), number=0, files=1))
    pieces = [sweep.Piece(f.path, flush.keys("power"), 1_000_000, 4_000_000) for f in files]
    found = [part["container"].to_pylist() for part in sweep.sweep(pieces, cells=1).parts]
    assert [sorted(set(part)) for part in found if part] == [["a", "b"], ["c", "d"]]
    assert [len(part) for part in found if part] == [9, 9]
    named = [sweep.Piece(f.path, flush.keys("power"), containers=["b"]) for f in files]
    (only,) = [part for part in sweep.sweep(named).parts if len(part)]
    assert set(only["container"].to_pylist()) == {"b"}
