"""What rows over devices answer is what the devices' windows answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from collector.duties.roll import Roll
from collector.rollups.sketch import ERROR
from collector.store.questions import aggregate, space
from collector.store.questions.answer import Questions
from collector.store.questions.budget import Budget
from collector.store.questions.footers import Footers
from collector.store.questions.levels import Levels
from collector.store.questions.question import Question, checked, grouped
from collector.store.questions.reading import Reading
from collector.store.upkeep import ROLLED_SINCE
from tests.build import requests
from tests.build.requests import SECOND
from tests.build.stores import Opened, moment
from vigie.catalogue import Gpu
from vigie.shape import Quality

HOUR = 1_700_006_400 * SECOND
MINUTE = 60 * SECOND
BOARDS = 12


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Two containers of many boards for 23 minutes; the last two are not rolled up yet."""
    with Opened(Path(tmp_path_factory.mktemp("space"))) as opened:
        opened.now = HOUR + 25 * MINUTE
        times = [HOUR + step * 20 * SECOND for step in range(69)]
        for number, container in enumerate(("a/1", "b/2"), 1):
            rows = [(t, n) for n in range(BOARDS) for t in times]
            columns = {
                "time": [t for t, _ in rows],
                "host": ["h"] * len(rows),
                "gpu": [f"g{n:02}" for _, n in rows],
                "power_watts": [100.0 * number + 7 * n + t // SECOND % 50 for t, n in rows],
                "temperature_celsius": [20.0 * number + n for _, n in rows],
            }
            frame = requests.frame(1, HOUR, {Gpu: columns}, agent=container, container=container)
            opened.send(frame)
        Roll(opened.store, measurements=[Gpu]).run(moment(HOUR + 21 * MINUTE + 40 * SECOND))
        yield opened


def reading(run: Opened, agg: str, by: tuple[str, ...], step: float | None) -> Reading:
    fields = ("power_watts", "temperature_celsius")
    start, end = moment(HOUR), moment(HOUR + 23 * MINUTE)
    question = Question("gpu", fields, start, end, agg=agg, by=by, step=step)
    measurement, known = checked(question)
    return Reading(run.store, question, measurement, known, Levels(), Budget(), Footers())


@pytest.mark.parametrize(
    ("agg", "step", "by"),
    [
        ("mean", 60, ("container",)), ("mean", 600, ("container",)), ("mean", None, ()),
        ("min", 300, ()), ("max", 60, ("container",)), ("count", 120, ("container",)),
        ("sum", 60, ("container",)), ("sum", 60, ()), ("p95", 60, ("container",)),
    ],
)  # fmt: skip
def test_it_is_what_the_devices_say(
    run: Opened, agg: str, step: float | None, by: tuple[str, ...]
) -> None:
    found = space.answer(reading(run, agg, by, step), by)
    wanted = aggregate.answer(reading(run, agg, by, step), by)
    assert found is not None
    assert found.tier == "1m"
    assert found.rows.column_names == wanted.rows.column_names
    assert found.rows.num_rows == wanted.rows.num_rows > 0
    for name in ("time", *by):
        assert found.rows[name].to_pylist() == wanted.rows[name].to_pylist()
    for name in ("power_watts", "temperature_celsius"):
        assert found.rows[name].to_pylist() == pytest.approx(wanted.rows[name].to_pylist()), name


def test_a_percentile_over_containers_is_near_and_called_estimated(run: Opened) -> None:
    found = space.answer(reading(run, "p95", (), 60), ())
    assert found is not None
    assert found.quality is Quality.ESTIMATED
    wanted = aggregate.answer(reading(run, "p95", (), 60), ())
    for name in ("power_watts", "temperature_celsius"):
        near = pytest.approx(wanted.rows[name].to_pylist(), rel=ERROR)
        assert found.rows[name].to_pylist() == near


@pytest.mark.parametrize(
    ("agg", "step", "by"),
    [("mean", 60, ("container", "gpu")), ("sum", 120, ()), ("p95", 600, ()), ("last", 60, ())],
)
def test_of_one_device_or_of_longer_steps_it_says_nothing(
    run: Opened, agg: str, step: float, by: tuple[str, ...]
) -> None:
    assert space.answer(reading(run, agg, by, step), by) is None


def test_before_the_table_begins_it_says_nothing(
    run: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = moment(HOUR) + timedelta(minutes=5)
    real = run.store.rolled_until

    def later(table: str, *said: str) -> object:
        return since if said == (ROLLED_SINCE,) else real(table, *said)

    monkeypatch.setattr(run.store, "rolled_until", later)
    assert space.answer(reading(run, "mean", (), 60), ()) is None


def test_of_the_hosts_of_a_scope_it_says_nothing(run: Opened) -> None:
    whole = reading(run, "mean", ("container",), 60)
    whole.question = replace(whole.question, scopes=("a/1/h",))
    assert space.answer(whole, ("container",)) is None
    found = Questions(run.store).ask(whole.question).rows
    assert set(found["container"].to_pylist()) == {"a/1"}
    assert found.num_rows == 23


def test_a_question_of_containers_is_answered_by_it(run: Opened) -> None:
    question = reading(run, "mean", ("container",), 600).question
    answer = Questions(run.store).ask(question)
    assert sum(answer.containers.values()) < 24 * 69 / 2  # rows over devices, and two minutes
    assert grouped(Gpu, question) == ["container"]
