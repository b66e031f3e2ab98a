"""The tail in the order of table files: as if all its rows had been sorted by their words."""

import numpy as np
import pyarrow as pa
import pytest

from collector.store import order
from collector.store.chunk import Chunk, integers
from collector.store.order import Order
from collector.store.schema import TIME_TYPE
from collector.store.series import Series
from vigie.catalogue import Gpu

KEYS = ("container", "host", "gpu")


def tail() -> tuple[Series, list[Chunk]]:
    """Chunks of 9 GPUs in 3 containers, seen in no order, at times in no order."""
    series = Series(Gpu)
    names = [("b", "h2", "g7"), ("a", "h9", "g1"), ("c", "h1", "g3"), ("a", "h10", "g2")]
    names += [("b", "h1", "g8"), ("c", "h1", "g2"), ("a", "h9", "g0"), ("b", "h2", "g1")]
    words = pa.table({k: [n[at] for n in names] for at, k in enumerate(KEYS)})
    numbers = series.numbered(words)
    noise = np.random.default_rng(3)
    chunks = []
    for tick in (5, 2, 9):
        picked = noise.permutation(len(numbers)).astype(np.int32)
        times = np.full(len(picked), tick * 1_000)
        rows = pa.table(
            {
                "time": pa.array(times).view(TIME_TYPE),
                "power_watts": pa.array(picked * 10.0 + tick),
            }
        )
        chunks.append(Chunk(series, numbers[picked], times, rows, 1, 1))
    return series, chunks


def rows_of(parts: list[pa.Table]) -> list[tuple[object, ...]]:
    return [
        (*(row[k] for k in KEYS), integers(pa.chunked_array([[row["time"]]], TIME_TYPE))[0])
        for part in parts
        for row in part.select([*KEYS, "time"]).to_pylist()
    ]


def test_rows_come_by_container_keys_and_time() -> None:
    series, chunks = tail()
    found = rows_of(list(Order(series).of(chunks).parts))
    assert found == sorted(found)
    assert len(found) == 24


def test_parts_hold_whole_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "SLICE_BYTES", 1)
    series, chunks = tail()
    parts = list(Order(series).of(chunks).parts)
    assert [set(p["container"].to_pylist()) for p in parts] == [{"a"}, {"b"}, {"c"}]


def test_values_stay_with_their_series_and_what_nobody_sent_is_sound_and_measured() -> None:
    series, chunks = tail()
    (part,) = Order(series).of(chunks).parts
    by_series = {
        (row["gpu"], row["power_watts"] % 10): row["power_watts"] for row in part.to_pylist()
    }
    assert by_series["g7", 5.0] == 5.0
    assert by_series["g1", 2.0] in {12.0, 72.0}
    assert part["quality"].to_pylist() == part["suspect"].to_pylist() == [0] * 24


def test_only_the_time_that_is_asked_for_comes() -> None:
    series, chunks = tail()
    (part,) = Order(series).of(chunks, 2_000, 5_000).parts
    assert set(integers(part["time"]).tolist()) == {2_000}
    assert not list(Order(series).of(chunks, 10_000, 11_000).parts)
