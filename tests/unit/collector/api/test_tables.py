import pyarrow as pa
import pytest

from collector.api.latest import chosen, parted
from collector.api.tables import cells, filtered, share
from vigie.errors import QueryError

ROWS = pa.table({
    "time": pa.array([0, 1_500_000, 2_000_000], pa.timestamp("us", tz="UTC")),
    "container": ["paris/a", "paris/ab", "lyon/a"],
    "host": ["h1", "h1", "h2"],
    "load1": [1.0, float("nan"), None],
})  # fmt: skip


def test_cells_are_what_json_knows() -> None:
    assert cells(ROWS.column("load1")) == [1.0, None, None]
    assert cells(ROWS.column("time"))[1] == "1970-01-01T00:00:01.500000Z"


@pytest.mark.parametrize(
    ("scope", "rows"),
    [("", 3), ("paris", 2), ("paris/a", 1), ("paris/a/h1", 1), ("paris/a/h2", 0), ("par", 0)],
)
def test_a_scope_holds_what_lies_under_it(scope: str, rows: int) -> None:
    assert filtered(ROWS, scope).num_rows == rows


def test_fields_and_keys_are_chosen_by_name() -> None:
    assert chosen(ROWS, None, ["host:h1"]).num_rows == 2
    assert chosen(ROWS, "load1", None).column_names == ["time", "container", "host", "load1"]
    assert chosen(ROWS, None, ["container:paris/a:b"]).num_rows == 0
    for fields, where in (("laod1", None), (None, ["hots:h1"]), (None, ["load1:1"]), (None, ["x"])):
        with pytest.raises(QueryError):
            chosen(ROWS, fields, where)


def test_a_value_may_hold_a_colon() -> None:
    assert parted("mount:C:/x") == ("mount", "C:/x")


def test_the_share_of_the_twin_counts_rows() -> None:
    assert share({"paris/a": 3, "paris/b": 1}, frozenset({"paris/b"})) == 0.25
    assert share({"paris/a": 3, "paris/ab": 1}, frozenset({"paris/a/h1"})) == 0.75
    assert share({}, frozenset({"paris"})) == 0.0
