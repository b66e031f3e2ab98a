from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from collector.sql.planned import Plan, Planned
from vigie.errors import QueryError

TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("time", TIME, nullable=False),
        pa.field("container", pa.string(), nullable=False),
        pa.field("host", pa.string(), nullable=False),
        pa.field("watts", pa.float64()),
    ]
)


def rows(start: int, container: str = "site/a") -> pa.Table:
    """Ten rows, a microsecond apart."""
    times = pa.array(range(start, start + 10), pa.int64()).cast(TIME)
    columns = [times, pa.array([container] * 10), pa.array(["h"] * 10), pa.array([1.0] * 10)]
    return pa.table(columns, schema=SCHEMA)


class Memory:
    """Gives rows that are in no file, and remembers what was wanted."""

    def __init__(self, table: pa.Table) -> None:
        self.table, self.wanted = table, list[list[str]]()

    def want(
        self, name: str, columns: Sequence[str], pick: Callable[[pa.RecordBatch], pa.Table]
    ) -> list[pa.Table]:
        self.wanted.append(list(columns))
        relaxed = pa.schema([f.with_nullable(True) for f in self.table.schema])
        table = self.table.cast(relaxed).select(columns)
        return [pick(batch) for batch in table.to_batches()]


def planned(
    files: list[tuple[str, tuple[int, int]]], memory: Memory | None = None, scope: str = ""
) -> Planned:
    memory = memory or Memory(SCHEMA.empty_table())
    span = (100, 109) if memory.table.num_rows else None
    plan = Plan(files, span, bool(memory.table.num_rows))
    return Planned("gpu", SCHEMA, plan, [scope], memory.want)


def after(time: int) -> Any:
    return pc.field("time") >= pa.scalar(time, pa.int64()).cast(TIME)


def test_files_and_memory_are_one_view(tmp_path: Path) -> None:
    pq.write_table(rows(0), tmp_path / "a.parquet")
    view = planned([(str(tmp_path / "a.parquet"), (0, 9))], Memory(rows(100)))
    assert view.scanner().to_table().num_rows == 20
    late = view.scanner(columns=["watts"], filter=after(105)).to_table()
    assert late.to_pydict() == {"watts": [1.0] * 5}


def test_a_file_of_another_time_is_not_even_opened(tmp_path: Path) -> None:
    pq.write_table(rows(50), tmp_path / "b.parquet")
    files = [(str(tmp_path / "nowhere.parquet"), (0, 9)), (str(tmp_path / "b.parquet"), (50, 59))]
    assert planned(files).scanner(filter=after(50)).to_table().num_rows == 10
    with pytest.raises(OSError, match="nowhere"):
        planned(files).scanner(filter=after(5)).to_table()


def test_memory_is_asked_for_what_is_wanted_of_it_only() -> None:
    memory = Memory(rows(100))
    view = planned([], memory)
    before = pc.field("time") < pa.scalar(50, pa.int64()).cast(TIME)
    assert view.scanner(columns=["watts"], filter=before).to_table().num_rows == 0
    assert memory.wanted == []
    view.scanner(columns=["watts"], filter=after(105)).to_table()
    assert [set(one) for one in memory.wanted] == [{"time", "watts"}]


def test_rows_outside_the_scope_are_never_given(tmp_path: Path) -> None:
    pq.write_table(pa.concat_tables([rows(0), rows(0, "site/b")]), tmp_path / "a.parquet")
    memory = Memory(pa.concat_tables([rows(100), rows(100, "site/ab")]))
    for scope, count in (("site/a", 20), ("site/b", 10), ("site", 40), ("site/a/h", 20), ("x", 0)):
        view = planned([(str(tmp_path / "a.parquet"), (0, 9))], memory, scope)
        assert view.scanner(columns=["watts"]).to_table().num_rows == count, scope


def test_a_column_that_an_old_file_lacks_is_unknown(tmp_path: Path) -> None:
    pq.write_table(rows(0).drop_columns(["watts"]), tmp_path / "a.parquet")
    found = planned([(str(tmp_path / "a.parquet"), (0, 9))]).scanner(columns=["watts"]).to_table()
    assert found.column("watts").null_count == 10


def test_a_view_that_was_not_foreseen_says_so() -> None:
    with pytest.raises(QueryError, match="name gpu itself"):
        Planned("gpu", SCHEMA, None, [""], Memory(rows(0)).want).scanner()
