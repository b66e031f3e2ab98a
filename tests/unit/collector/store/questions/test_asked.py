"""Levels, ranks, bounds, growth and damage, over files and tail as they lie."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from collector.store import parquet
from collector.store.questions import budget, cells
from collector.store.questions.answer import Questions
from collector.store.questions.budget import Budget
from collector.store.questions.levels import Levels
from collector.store.questions.question import Question, Rank
from tests.build.shelves import Reading, Shelf, moment
from vigie.errors import QueryError, Unavailable
from vigie.network.network import Network
from vigie.network.operators import Operator, Tenant
from vigie.network.places import Container, Site
from vigie.network.policies import Tenancy

NETWORK = Network(
    "n",
    operators=(Operator("o", "O"),),
    sites=(
        Site("a", "A", "o", country="FR", zone="FR", region="Sud"),
        Site("b", "B", "o", country="DE"),
        Site("c", "C", "o", country="FR"),
    ),
    containers=(Container("1", "1", "a", role="compute"), Container("1", "1", "b")),
    tenants=(Tenant("t", "T"),),
    tenancies=(Tenancy("p", ("t",), sites=("a",)),),
)
PATHS = ("a/1", "b/1", "c/1", "d/1")
ASKED = Question("gpu", ("power_watts",), moment(0), moment(120), by=())


def readings() -> Iterator[Reading]:
    """Two boards a container; those of the n-th draw 100 n W, and of each the second 1 W more."""
    for second in range(0, 120, 10):
        for number, path in enumerate(PATHS, 1):
            for board in (0, 1):
                power = 100.0 * number + board
                yield Reading(second, path, f"g{board}", power, place=second // 40)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, list(readings()), {})


def asked(shelf: Shelf, **more: object) -> dict[str, list[object]]:
    question = replace(ASKED, **more)  # type: ignore[arg-type]
    found: dict[str, list[object]] = (
        Questions(shelf).ask(question, Levels(NETWORK)).rows.to_pydict()
    )
    return found


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        ("site", {"a": 201, "b": 401, "c": 601, "d": 801}),
        ("country", {"FR": 802, "DE": 401, None: 801}),
        ("tenant", {"t": 201, None: 1803}), ("role", {"compute": 201, "mixed": 401, None: 1402}),
    ],
)  # fmt: skip
def test_levels_are_told_apart_and_the_undeclared_is_unknown(
    shelf: Shelf, level: str, wanted: dict[str, float]
) -> None:
    rows = asked(shelf, agg="sum", by=(level,))
    assert dict(zip(rows[level], rows["power_watts"], strict=True)) == wanted


def test_levels_and_keys_can_be_asked_for(shelf: Shelf) -> None:
    assert asked(shelf, agg="sum", where={"country": ["FR"]})["power_watts"] == [802]
    both = {"country": ["FR"], "gpu": ["g1"]}
    assert asked(shelf, agg="sum", where=both)["power_watts"] == [402]
    assert asked(shelf, agg="rows", where=both, by=None)["gpu"] == ["g1"] * 24
    assert asked(shelf, where={"container": ["nowhere/1"]})["power_watts"] == []


@pytest.mark.parametrize(
    ("scopes", "wanted"),
    [(("a",), 201), (("a/1", "b"), 602), (("a/1/h",), 201), (("a/1/x",), None), (("",), 2004)],
)
def test_a_scope_hides_what_is_outside(
    shelf: Shelf, scopes: tuple[str, ...], wanted: float | None
) -> None:
    for more in ({"agg": "sum"}, {"agg": "sum", "rank": Rank(5)}):
        found = asked(shelf, scopes=scopes, **more)["power_watts"]
        assert found == ([] if wanted is None else [wanted])
    state = Questions(shelf).at(replace(ASKED, scopes=scopes), timedelta(seconds=120)).rows
    assert sum(state["power_watts"].to_pylist()) == (wanted or 0)


def test_what_stands_out(shelf: Shelf) -> None:
    keys = ("container", "gpu")
    high = asked(shelf, by=keys, rank=Rank(2))
    assert list(zip(high["container"], high["gpu"], strict=True)) == [("d/1", "g1"), ("d/1", "g0")]
    low = asked(shelf, by=("site",), rank=Rank(1, "lowest"))
    assert low["site"] == ["a"]
    apart = asked(shelf, by=keys, rank=Rank(8, "deviation", "site"))
    assert {abs(d) for d in apart["deviation"] if isinstance(d, float)} == {0.5}


def test_the_aggregates_of_several_fields_are_read_at_once(shelf: Shelf) -> None:
    rows = asked(shelf, fields=("power_watts", "temperature_celsius"), agg="sum,max", step=60)
    assert rows["power_watts"] == [2004, 2004]
    assert rows["temperature_celsius"] == pytest.approx([40.1, 40.1])
    with pytest.raises(QueryError, match="goes with no other"):
        asked(shelf, fields=("power_watts", "energy_joules_total"), agg="mean,increase")


def test_energy_between_two_instants(tmp_path: Path) -> None:
    """A gauge adds up over time to what the counter of the same board grows by."""
    steady = [Reading(s, "a/1", "g", 700.0, place=s % 3) for s in range(0, 7201, 10)]
    shelf = Shelf(tmp_path, steady, {"1m": 6000, "1h": 3600})
    for start, end in ((100, 7000), (5, 3605), (17, 6555)):
        span = {"start": moment(start), "end": moment(end)}
        energy = asked(shelf, fields=("energy_joules_total",), agg="increase", **span)
        assert energy["energy_joules_total"] == pytest.approx([700 * (end - start)], rel=1e-6)
        integral = asked(shelf, agg="integral", by=("site",), **span)
        assert integral["power_watts"] == pytest.approx([700 * (end - start)], rel=1e-6)
    rate = asked(shelf, fields=("energy_joules_total",), agg="rate", end=moment(7000))
    assert rate["energy_joules_total"] == pytest.approx([700])


def test_the_state_at_an_instant_is_the_last_row_of_each_series(shelf: Shelf) -> None:
    question = replace(ASKED, fields=("power_watts", "energy_joules_total"), end=moment(65))
    rows = Questions(shelf).at(question, timedelta(seconds=60)).rows
    assert rows.num_rows == 8
    assert set(rows["time"].to_pylist()) == {moment(60)}
    assert set(rows["energy_joules_total"].to_pylist()) == {700.0 * 60}
    later = replace(question, end=moment(500))
    assert Questions(shelf).at(later, timedelta(seconds=60)).rows.num_rows == 0
    assert Questions(shelf).at(later, timedelta(seconds=400)).rows.num_rows == 8


def test_a_damaged_file_is_looked_at_and_the_rest_answers(
    shelf: Shelf,
) -> None:
    questions = Questions(shelf)
    whole = questions.ask(ASKED).containers
    broken = shelf.view("gpu").files[0].path
    data = bytearray(broken.read_bytes())
    data[: len(data) // 2] = bytes(byte ^ 1 for byte in data[: len(data) // 2])
    broken.write_bytes(data)
    left = questions.ask(ASKED).containers
    assert shelf.looked == 1
    assert sum(left.values()) == sum(whole.values()) * 2 // 3


def test_row_groups_that_hold_nothing_wanted_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 8)
    shelf = Shelf(tmp_path, [r._replace(place=1) for r in readings()], {})
    monkeypatch.setattr(budget, "MAX_ROWS", 32)
    assert asked(shelf, agg="count", where={"container": ["c/1"]})["power_watts"] == [24]
    with pytest.raises(QueryError, match="shorter span"):
        asked(shelf, agg="count")


def test_too_much_is_refused_with_what_to_ask_instead(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "MAX_BYTES", 100)
    with pytest.raises(QueryError, match="longer steps"):
        asked(shelf, agg="p95", step=10)
    monkeypatch.setattr(budget, "MAX_CELLS", 10)
    with pytest.raises(QueryError, match="shorter span"):
        asked(shelf, agg="rows", by=None)


def test_a_cancelled_question_ends(shelf: Shelf) -> None:
    allowed = Budget()
    allowed.cancel()
    for agg in ("mean", "rows", "integral"):
        with pytest.raises(Unavailable, match="gone"):
            Questions(shelf).ask(replace(ASKED, agg=agg), budget=allowed)
    with pytest.raises(Unavailable, match="gone"):
        Questions(shelf).at(ASKED, timedelta(seconds=60), budget=allowed)
