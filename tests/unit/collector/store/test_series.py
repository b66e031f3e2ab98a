import pyarrow as pa

from collector.store.series import Series
from vigie.catalogue import Gpu


def rows(series: Series, *gpus: str) -> pa.Table:
    words = dict.fromkeys(series.columns, ["x"] * len(gpus)) | {"gpu": list(gpus)}
    return pa.table(words)


def test_rows_of_before_are_numbered_at_once_and_known_afterwards() -> None:
    series = Series(Gpu)
    assert series.numbered(rows(series, "a", "b", "c")).tolist() == [0, 1, 2]
    assert series.numbered(rows(series, "d", "b")).tolist() == [3, 1]
    assert len(series) == 4
    assert series.key(2)[series.columns.index("gpu")] == "c"


def test_a_series_that_is_named_twice_at_once_has_one_number() -> None:
    series = Series(Gpu)
    assert series.numbered(rows(series, "a", "b", "a")).tolist() == [0, 1, 0]
    assert len(series) == 2
