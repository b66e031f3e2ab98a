"""The newest rows found by container are those of the whole table."""

from typing import Any

import pytest

from collector.store import chunk, schema
from collector.store.live import Live
from collector.store.questions.current import Current
from collector.store.questions.question import Rank
from collector.store.questions.selection import Selection
from tests.build.shelves import Reading, table
from vigie.catalogue import Gpu, Host

KEYS = schema.series_columns(Gpu)
PATHS = ("a/1", "a/2", "b/1")
NAMES = [*KEYS, "power_watts"]


@pytest.fixture
def live() -> Live:
    """Groups of frames of some containers at a time, one board later than the others."""
    made = Live()
    newest = made.newest(Gpu)
    for second in range(6):
        for path in PATHS[second % 3 :]:
            boards = ("g0", "g1") if second < 4 else ("g0",)
            rows = [Reading(second, path, g, 10.0 * second, suspect=path == "b/1") for g in boards]
            made.update([(newest, chunk.known(newest.series, table(rows)))])
    return made


def rows(live: Live, *scopes: str, **where: Any) -> list[dict[str, Any]]:
    found = Current(live).rows(Gpu, Selection(KEYS, scopes or ("",), where), NAMES)
    return sorted(found.to_pylist(), key=repr)


@pytest.mark.parametrize("scope", ["", "a", "a/2", "b/1/h", "b/1/other", "c"])
def test_as_in_the_whole_table(live: Live, scope: str) -> None:
    whole = live.table("gpu").select(NAMES).to_pylist()
    parts = scope.split("/")
    wanted = [r for r in whole if f"{r['container']}/{r['host']}".split("/")[: len(parts)] == parts]
    assert rows(live, scope) == sorted(wanted if scope else whole, key=repr)


def test_by_keys_and_containers(live: Live) -> None:
    assert [r["container"] for r in rows(live, container=["a/2", "b/1"], gpu=["g1"])] == [
        "a/2", "b/1",
    ]  # fmt: skip
    assert rows(live, "a", container=["b/1"]) == []
    silent = Current(live).rows(Host, Selection(schema.series_columns(Host)), ["time", "load1"])
    assert (silent.num_rows, silent.column_names) == (0, ["time", "load1"])


def test_series_that_come_later_are_found(live: Live) -> None:
    current, wanted = Current(live), Selection(KEYS, ("a/3",))
    assert current.rows(Gpu, wanted, NAMES).num_rows == 0
    newest = live.newest(Gpu)
    more = table([Reading(9, "a/3", "g0", 1.0)])
    live.update([(newest, chunk.known(newest.series, more))])
    assert current.rows(Gpu, wanted, NAMES)["power_watts"].to_pylist() == [1.0]


def test_what_is_suspect_never_stands_out(live: Live) -> None:
    top = Current(live).rows(Gpu, Selection(KEYS), NAMES, Rank(1)).to_pylist()
    assert [(r["container"], r["gpu"], r["power_watts"]) for r in top] == [("a/2", "g0", 40.0)]
    apart = Current(live).rows(Gpu, Selection(KEYS), NAMES, Rank(9, "deviation", "container"))
    assert set(apart["container"].to_pylist()) == {"a/1", "a/2"}
    assert apart.column_names == [*NAMES, "deviation"]
