from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.store import parquet
from collector.store.parquet import Commit, write
from collector.store.schema import TIME_TYPE


def test_each_row_group_has_only_the_words_that_it_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    words = pa.array([f"GPU-{n:06}" for n in range(1_000)])
    rows = pa.table(
        {
            "time": pa.array(np.arange(1_000)).view(TIME_TYPE),
            "gpu": pa.DictionaryArray.from_arrays(pa.array(np.arange(1_000, dtype="i4")), words),
        }
    )
    schema = pa.schema([pa.field("time", TIME_TYPE), pa.field("gpu", pa.string())])
    file = write(tmp_path, rows, schema, Commit("c", 1, {}), number=0, files=1)
    metadata = pq.read_metadata(file.path)
    assert metadata.num_row_groups == 10
    last = metadata.row_group(9).column(1)
    assert last.total_uncompressed_size < 3_000
    assert pq.read_table(file.path)["gpu"].to_pylist() == words.to_pylist()
