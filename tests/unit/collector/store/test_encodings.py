"""What a column holds decides how it is written, and every engine reads it back the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.store import encodings
from collector.store.encodings import Choice, Encodings, options, tried_out

ROWS = 16_000
NOISE = np.random.default_rng(7)

COLUMNS: dict[str, tuple[pa.Array, Choice]] = {
    "ratio_of_a_hundred": (
        pa.array(np.round(NOISE.random(ROWS), 2)),
        Choice("RLE_DICTIONARY", False),
    ),
    "always_the_same": (pa.array(np.full(ROWS, 700.0)), Choice("RLE_DICTIONARY", False)),
    "nobody_knows": (pa.nulls(ROWS, pa.float64()), Choice("RLE_DICTIONARY", False)),
    "a_sum_of_floats": (pa.array(1 + NOISE.random(ROWS)), Choice("BYTE_STREAM_SPLIT", True)),
    "counts_with_noise": (
        pa.array(np.cumsum(NOISE.integers(0, 2**20, ROWS))),
        Choice("DELTA_BINARY_PACKED", False),
    ),
    "time_of_a_tick": (
        pa.array(np.full(ROWS, 1_760_000_400_000_000)).view(pa.timestamp("us", tz="UTC")),
        Choice("RLE_DICTIONARY", False),
    ),
    "flag": (pa.array(NOISE.random(ROWS) < 0.5), Choice("RLE_DICTIONARY", False)),
}


def whole() -> pa.Table:
    """All kinds of columns that tables have, with lists of seconds by code."""
    offsets = pa.array(np.arange(0, 9 * ROWS + 1, 9, dtype=np.int32))
    seconds = pa.ListArray.from_arrays(offsets, pa.array(np.zeros(9 * ROWS)))
    words = pa.array([f"GPU-{n // 6:06}" for n in range(ROWS)]).dictionary_encode()
    known = {name: column for name, (column, _) in COLUMNS.items()}
    return pa.table({**known, "seconds_by_code": seconds, "gpu": words})


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_encoded_as_it_is_smallest(name: str) -> None:
    column, expected = COLUMNS[name]
    assert tried_out(pa.table({name: column}))[name] == expected


@pytest.fixture
def written(tmp_path: Path) -> Path:
    rows = whole()
    path = tmp_path / "rows.parquet"
    pq.write_table(rows, path, **options(tried_out(rows), rows.schema))
    return path


def test_what_is_written_is_read_back(written: Path) -> None:
    for name, column in zip(whole().column_names, whole().columns, strict=True):
        read = pq.read_table(written, columns=[name])[name]
        assert read.to_pylist() == column.to_pylist()


def test_another_engine_reads_the_same(written: Path) -> None:
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        read = database.read_parquet(str(written)).to_arrow_table()
    for name, column in zip(whole().column_names, whole().columns, strict=True):
        values: list[Any] = column.cast(pa.string() if name == "gpu" else column.type).to_pylist()
        assert read[name].cast(pa.string() if name == "gpu" else column.type).to_pylist() == values


def test_only_encodings_of_the_standard_are_used(written: Path) -> None:
    group = pq.read_metadata(written).row_group(0)
    used = {e for at in range(group.num_columns) for e in group.column(at).encodings}
    assert used <= {"PLAIN", "RLE", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT", "DELTA_BINARY_PACKED"}
    codecs = {group.column(at).compression for at in range(group.num_columns)}
    assert codecs <= {"ZSTD", "UNCOMPRESSED"}


def test_a_choice_serves_many_files_and_is_made_again_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []
    real = encodings.tried_out

    def counted(rows: pa.Table) -> Mapping[str, Choice]:
        tried.append(len(rows))
        return real(rows)

    monkeypatch.setattr(encodings, "tried_out", counted)
    rows, known = whole(), Encodings()
    for _ in range(encodings.AGAIN + 1):
        known.of("gpu", rows)
    assert len(tried) == 2


def test_a_choice_on_few_rows_is_made_again_on_many_and_of_new_columns_at_once() -> None:
    known = Encodings()
    first = known.of("gpu", pa.table({"a": pa.array([1.5, 2.5])}))
    many = pa.table({"a": COLUMNS["a_sum_of_floats"][0]})
    assert known.of("gpu", many)["a"] == COLUMNS["a_sum_of_floats"][1] != first["a"]
    assert "b" in known.of("gpu", pa.table({"a": many["a"], "b": many["a"]}))
