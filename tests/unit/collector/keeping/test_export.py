"""Rows of a store as a file: whole, each once, with their quality, in bounded pieces."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from collector.keeping import export, formats, words
from collector.keeping.export import Export, Wanted
from collector.rollups import over
from collector.rollups.columns import RESOLUTIONS
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened
from tests.unit.collector.store.expiry.test_expire import power
from vigie.catalogue import MEASUREMENTS, Gpu
from vigie.errors import QueryError

HOUR = 3_600 * SECOND


def body(number: int, time: int, container: str = requests.CONTAINER) -> bytes:
    readings = {"host": ["h"], "gpu": ["g"], "power_watts": [float(number)]}
    return requests.frame(number, time, {Gpu: readings}, container=container, boot=container)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    """Two hours in files, and a row in memory."""
    with Opened(tmp_path) as opened:
        opened.send(body(1, START), body(2, START + 2 * HOUR), body(3, START + 5, "other/c"))
        opened.flush()
        opened.send(body(4, START + 2 * HOUR + SECOND))
        yield opened


def exported(run: Opened, kind: formats.Format = "parquet", **more: Any) -> bytes:
    wanted = Wanted(**{"table": "gpu", "start": None, "end": None, "scope": "", **more}, kind=kind)
    return b"".join(Export(run.store.parts, wanted).pieces())


def watts(data: bytes) -> list[float]:
    return sorted(pq.read_table(io.BytesIO(data))["power_watts"].to_pylist())


def test_everything_is_in_it_once_from_files_and_memory(run: Opened) -> None:
    rows = pq.read_table(io.BytesIO(exported(run)))
    assert sorted(rows["power_watts"].to_pylist()) == [1, 2, 3, 4]
    assert rows.schema.names == run.store.scan("gpu", None, None, None, [""], {}).schema.names
    assert set(rows["quality"].to_pylist()) == {0}
    assert rows["temperature_celsius"].null_count == 4  # unknown stays unknown


def test_a_span_and_a_scope_narrow_it(run: Opened) -> None:
    assert watts(exported(run, start=START + 1, end=START + 2 * HOUR + SECOND)) == [2, 3]
    assert watts(exported(run, scope="local")) == [1, 2, 4]
    assert watts(exported(run, scope="nobody")) == []


def test_slices_meet_without_a_gap_or_a_double(
    run: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for width in (SECOND, 7 * SECOND, HOUR, 100 * HOUR):
        monkeypatch.setitem(export.SLICES, "hour", width)
        assert watts(exported(run)) == [1, 2, 3, 4]


def test_an_arrow_stream_holds_the_same(run: Opened) -> None:
    with pa.ipc.open_stream(exported(run, "arrow")) as reader:
        assert sorted(reader.read_all()["power_watts"].to_pylist()) == [1, 2, 3, 4]


def test_csv_has_times_and_quality_in_words_and_unknown_as_nothing(run: Opened) -> None:
    text = exported(run, "csv", scope="other").decode()
    (row,) = pacsv.read_csv(io.BytesIO(text.encode())).to_pylist()
    assert text.splitlines()[1].startswith('"2023-11-14T22:13:20.000005Z","other/c"')
    assert row["quality"] == "measured"
    assert row["temperature_celsius"] is None


def test_lists_of_rollups_are_spelled_in_csv(run: Opened) -> None:
    run.store.write_rollup("power_1h", power("it"), {})
    (row,) = pacsv.read_csv(io.BytesIO(exported(run, "csv", table="power_1h"))).to_pylist()
    assert row["power_watts_max"] == 700


@pytest.mark.slow
def test_it_comes_in_pieces_that_do_not_grow_with_it(
    run: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH_ROWS", 100)
    monkeypatch.setattr(formats, "GROUP_ROWS", 100)
    many = {"host": ["h"] * 2_000, "gpu": [f"g{n}" for n in range(2_000)],
            "power_watts": [n * 1.7 for n in range(2_000)]}  # fmt: skip
    run.send(requests.frame(9, START + 10, {Gpu: many}))
    wanted = Wanted("gpu", None, None, "")
    pieces = list(Export(run.store.parts, wanted).pieces())
    assert len(pieces) > 20
    assert len(watts(b"".join(pieces))) == 2_004


@pytest.mark.slow
def test_what_is_merged_away_meanwhile_is_not_missed(run: Opened) -> None:
    pieces = Export(run.store.parts, Wanted("gpu", None, None, "")).pieces()
    begun = next(pieces)
    run.send(body(5, START + 2 * HOUR + 2))
    run.flush()
    run.store.merge((START + 48 * HOUR) * 1_000)
    run.store.expire((START + 48 * HOUR) * 1_000, grace=-1)
    assert watts(begun + b"".join(pieces)) == [1, 2, 3, 4, 5]


@pytest.mark.slow
def test_who_is_in_it_is_counted_by_container(run: Opened) -> None:
    found = Export(run.store.parts, Wanted("gpu", None, None, "")).containers()
    assert found == {requests.CONTAINER: 3, "other/c": 1}


def test_a_table_that_is_not_there_is_refused(run: Opened) -> None:
    with pytest.raises(QueryError, match="gpus"):
        Export(run.store.parts, Wanted("gpus", None, None, ""))


def test_every_column_of_every_table_says_what_it_is() -> None:
    tables = ["events", *(f"{m.name}{end}" for m in MEASUREMENTS for end in ("", "_1m", "_1h"))]
    tables += [over.table(m, end) for m in over.MANY for end in RESOLUTIONS]
    for table in tables:
        for column in words.described(table):
            assert column.doc, f"{table}.{column.name}"
    units = {c.name: c.unit for c in words.described("power_1h")}
    assert units["power_watts_max"] == "W"
    assert units["power_watts_integral"] == "W.s"
    assert units["power_watts_covered"] == "s"
