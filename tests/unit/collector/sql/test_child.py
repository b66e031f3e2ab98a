import duckdb
import pyarrow as pa
import pytest

from collector.sql import child
from tests.build.queried import OUTSIDE, REFUSED
from vigie.errors import QueryError


def test_one_query_is_answered_bit_by_bit() -> None:
    with child.engine() as engine:
        rows = child.asked(engine, "SELECT range AS n FROM range(1000000000000)")
        assert rows.read_next_batch().num_rows


def test_what_is_no_query_is_refused() -> None:
    with child.engine() as engine:
        for query, words in REFUSED.items():
            with pytest.raises((QueryError, duckdb.Error)) as raised:
                child.asked(engine, query).read_all()
            assert words in str(raised.value), query


def test_the_engine_reads_nothing_but_what_it_is_given() -> None:
    told = pa.table({"secret": [1]})
    assert told.num_rows  # a variable of ours is no table of theirs
    with child.engine() as engine:
        for query in OUTSIDE:
            with pytest.raises(duckdb.Error):
                child.asked(engine, query).read_all()


def test_what_is_set_stays_so() -> None:
    with child.engine() as engine:
        for name, value in (
            ("enable_external_access", "true"), ("memory_limit", "'64GB'"), ("threads", "8"),
            ("temp_directory", "'/tmp'"), ("lock_configuration", "false"),
            ("allowed_directories", "['/']"),
        ):  # fmt: skip
            with pytest.raises(duckdb.Error):
                engine.execute(f"SET {name} = {value}")
        assert engine.sql("SELECT current_setting('allowed_directories')").fetchall() == [([],)]
        assert engine.sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_an_error_names_the_line() -> None:
    with child.engine() as engine, pytest.raises(duckdb.Error, match=r"LINE 2: WHERE"):
        child.asked(engine, "SELECT 1\nWHERE nosuch = 1")
