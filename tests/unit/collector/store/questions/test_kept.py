"""What was made counts while it would be made of the same, and memory is bounded."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from collector.store.chunk import Chunk
from collector.store.parquet import TableFile
from collector.store.questions.kept import Kept, Made, Sources, sources
from collector.store.questions.partial import Learned
from collector.store.scan import View

SCHEMA = pa.schema([("time", pa.int64())])


def of(files: list[str], chunks: list[tuple[int, int, int]]) -> Sources:
    """The sources of files with these names, and chunks of such positions and rows."""
    tail = [
        Chunk(None, np.zeros(rows, np.int32), np.zeros(rows, np.int64), SCHEMA.empty_table(), *span)
        for *span, rows in chunks
    ]
    return sources(View(SCHEMA, [_file(name) for name in files], tail))


def _file(name: str) -> TableFile:
    found: TableFile = SimpleNamespace(path=Path(name))  # type: ignore[assignment]
    return found


def made(of: Sources, rows: int = 1) -> Made:
    return Made(of, pa.table({"x": np.zeros(rows)}), Learned())


def test_it_counts_only_while_the_same_would_be_read() -> None:
    kept, here = Kept(), of(["f1"], [(1, 2, 10), (3, 3, 5)])
    kept.put("minute", made(here))
    assert kept.get("minute", of(["f1"], [(1, 2, 10), (3, 3, 5)])) is not None
    assert kept.get("other", here) is None
    others = (
        of(["f1"], [(1, 2, 10), (3, 3, 5), (4, 4, 1)]), of(["f1", "f2"], [(3, 3, 5)]),
        of(["f3"], [(1, 2, 10), (3, 3, 5)]), of([], [(1, 2, 10), (3, 3, 5)]),
    )  # fmt: skip
    assert [kept.get("minute", other) for other in others] == [None] * 4


def test_the_newest_takes_the_place_of_what_was_made_before() -> None:
    kept = Kept()
    for number in range(100):
        kept.put("minute", made(of([], [(number, number, 1)])))
    assert kept.get("minute", of([], [(0, 0, 1)])) is None
    assert kept.get("minute", of([], [(99, 99, 1)])) is not None


def test_memory_is_bounded_and_what_is_asked_for_stays() -> None:
    here = of(["f"], [])
    kept = Kept(most=3 * made(here, 100).bytes)
    for name in ("one", "two", "three", "one"):
        if kept.get(name, here) is None:
            kept.put(name, made(here, 100))
    kept.put("four", made(here, 100))
    found = {n for n in ("one", "two", "three", "four") if kept.get(n, here)}
    assert found == {"one", "three", "four"}
    kept.put("huge", made(here, 10_000))
    assert kept.get("huge", here) is None
