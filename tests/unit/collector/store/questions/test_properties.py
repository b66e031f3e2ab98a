"""Answers equal what plain Python makes of the same rows, however these lie in files and tail."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store import parquet
from collector.store.questions import reading
from collector.store.questions.answer import Questions
from collector.store.questions.question import Question
from tests.build.shelves import Reading, Shelf, moment

Key = tuple[str | int, ...]

SECONDS = 300


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterable[None]:
    """Row groups and stretches so small that the few rows of a test fill many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "ROW_GROUP_ROWS", 7)
        patch.setattr(reading, "STRETCH", 2)
        yield


readings = st.lists(
    st.builds(
        Reading,
        second=st.integers(0, SECONDS - 1),
        container=st.sampled_from(["a/1", "a/2", "b/1"]),
        gpu=st.sampled_from(["g0", "g1", "g2", "g3"]),
        power=st.none() | st.integers(0, 1000).map(float),
        suspect=st.integers(0, 9).map(lambda n: n == 0),
        place=st.integers(0, 3),
        host=st.sampled_from(["h", "i"]),
    ),
    min_size=1, max_size=60, unique_by=lambda r: (r.second, r.container, r.host, r.gpu),
)  # fmt: skip


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def means(by_series: Mapping[Key, list[Reading]]) -> list[float]:
    return [statistics.fmean(r.power or 0 for r in some) for some in by_series.values()]


def every(by_series: Mapping[Key, list[Reading]]) -> list[float]:
    return [r.power or 0.0 for some in by_series.values() for r in some]


AGGREGATES: Mapping[str, Callable[[Mapping[Key, list[Reading]]], float]] = {
    "mean": lambda s: statistics.fmean(every(s)),
    "min": lambda s: min(every(s)),
    "max": lambda s: max(every(s)),
    "count": lambda s: len(every(s)),
    "sum": lambda s: sum(means(s)),
    "p50": lambda s: quantile(means(s), 0.5),
    "p95": lambda s: quantile(means(s), 0.95),
}


def expected(
    rows: Sequence[Reading], by: Sequence[str], step: int | None, agg: str
) -> dict[Key, float]:
    """The value of each step and group that knows one."""
    groups: dict[Key, dict[Key, list[Reading]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.power is not None and not row.suspect:
            place = row.second // step * step if step else 0
            key = (place, *(row.container.partition("/")[0] if n == "site" else getattr(row, n)
                            for n in by))  # fmt: skip
            groups[key][row.container, row.host, row.gpu].append(row)
    return {key: AGGREGATES[agg](series) for key, series in groups.items()}


def answered(
    rows: Sequence[Reading], by: Sequence[str], step: int | None, agg: str
) -> dict[Key, float]:
    question = Question(
        "gpu", ("power_watts",), moment(0), moment(SECONDS), agg, step, tuple(by), limit=10**6
    )
    with TemporaryDirectory() as directory:
        questions = Questions(Shelf(Path(directory), rows, {}))
        answer = questions.ask(question)
        again = questions.ask(question)  # what was learned of the files is known by now
    assert again.rows.equals(answer.rows)
    assert again.containers == answer.containers
    assert sum(answer.containers.values()) == len(rows)
    assert answer.suspect == pytest.approx(sum(r.suspect for r in rows) / len(rows))
    times = [(t - moment(0)).total_seconds() for t in answer.rows["time"].to_pylist()]
    assert times == sorted(times)
    words = [answer.rows[name].to_pylist() for name in by]
    values = answer.rows["power_watts"].to_pylist()
    pairs = zip(zip(times, *words, strict=True), values, strict=True)
    return {key: value for key, value in pairs if value is not None}


@settings(max_examples=30, deadline=None)
@given(
    readings,
    st.sampled_from([(), ("container",), ("gpu",), ("container", "gpu"), ("site",), ("gpu", "site"),
                     ("container", "host", "gpu")]),
    st.sampled_from([None, 5, 60, 100]),
    st.sampled_from(sorted(AGGREGATES)),
)  # fmt: skip
def test_as_in_plain_python(
    rows: list[Reading], by: tuple[str, ...], step: int | None, agg: str
) -> None:
    wanted = {k: pytest.approx(v) for k, v in expected(rows, by, step, agg).items()}
    assert answered(rows, by, step, agg) == wanted


@settings(max_examples=10, deadline=None)
@given(readings)
def test_the_last_of_each_board(rows: list[Reading]) -> None:
    wanted: dict[Key, float] = {}
    for row in sorted(rows, key=lambda r: r.second):
        if row.power is not None and not row.suspect:
            wanted[0, row.container, row.host, row.gpu] = row.power
    assert answered(rows, ("container", "host", "gpu"), None, "last") == wanted


@settings(max_examples=10, deadline=None)
@given(
    st.lists(readings, min_size=1, max_size=1), st.sampled_from(["mean", "min", "max", "count"]),
    st.integers(0, SECONDS // 60), st.sampled_from(["sum", "p95"]),
)  # fmt: skip
def test_rollups_and_readings_agree(
    some: list[list[Reading]], agg: str, minutes: int, other: str
) -> None:
    (rows,) = some
    with TemporaryDirectory() as directory:
        asked = Questions(Shelf(Path(directory), rows, {"1m": 60 * minutes}))
        for one in (agg, other):
            raw, rolled = (
                asked.ask(
                    Question(
                        "gpu", ("power_watts",), moment(0), moment(SECONDS), one, 60, (), tier=tier
                    )
                ).rows.to_pydict()
                for tier in ("raw", "1m")
            )
            known = [n for n, v in enumerate(raw["power_watts"]) if v is not None]
            assert [rolled["power_watts"][n] for n in known] == pytest.approx(
                [raw["power_watts"][n] for n in known]
            )
            assert rolled["time"] == raw["time"]
