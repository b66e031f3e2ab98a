from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.rollups.roll import merge, roll
from collector.store.questions.answer import Questions
from collector.store.questions.budget import Budget
from collector.store.questions.question import Answer, Question
from collector.store.upkeep import ROLLED_UNTIL
from tests.build import requests
from tests.build.requests import SECOND
from tests.build.stores import Opened, moment
from vigie.catalogue import Gpu, Host, Power, Source
from vigie.errors import QueryError, Unavailable
from vigie.shape import Measurement

DAY = 1_700_006_400 * SECOND  # a whole hour
MINUTE = 60 * SECOND
KEYS = {"role": "it", "phase": "all", "method": "meter", "host": "h"}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    with Opened(tmp_path) as opened:
        opened.now = DAY
        yield opened


def send(
    run: Opened, measurement: type[Measurement], times: list[int], **columns: list[Any]
) -> None:
    """One frame; a single word stands for all rows."""
    sequence = (
        sum(
            b - a + 1 for a, b in run.store.held(f"{requests.CONTAINER}\tagent-1").get("boot-1", [])
        )
        + 1
    )
    whole = {name: v if len(v) == len(times) else v * len(times) for name, v in columns.items()}
    run.send(requests.frame(sequence, DAY, {measurement: {"time": times, **whole}}))


def ask(run: Opened, measurement: str, field: str, seconds: float, **more: Any) -> Answer:
    start = more.pop("start", moment(DAY))
    question = Question(measurement, (field,), start, start + timedelta(seconds=seconds), **more)
    return Questions(run.store).ask(question)


def gpus(run: Opened) -> None:
    """Two boards at 100 and 300 W, read each second of a minute; one reading is implausible."""
    for second in range(60):
        time = DAY + second * SECOND
        second_board = 5e6 if second == 30 else 300.0
        send(run, Gpu, [time] * 2, host=["h"], gpu=["a", "b"],
             power_watts=[100.0, second_board])  # fmt: skip


@pytest.mark.parametrize(
    ("agg", "wanted"),
    [
        ("min", 100), ("max", 300), ("sum", 400), ("count", 119), ("p50", 200), ("p99", 298),
        ("mean", (60 * 100 + 59 * 300) / 119),
    ],
)  # fmt: skip
def test_aggregates_over_devices(run: Opened, agg: str, wanted: float) -> None:
    gpus(run)
    answer = ask(run, "gpu", "power_watts", 60, agg=agg, by=())
    assert answer.rows["power_watts"].to_pylist() == pytest.approx([wanted])
    assert answer.tier == "raw"
    assert answer.suspect == pytest.approx(1 / 120)
    assert answer.containers == {requests.CONTAINER: 120}


def test_each_series_by_itself_in_steps(run: Opened) -> None:
    gpus(run)
    rows = ask(run, "gpu", "power_watts", 60, step=20).rows
    assert rows.num_rows == 6
    assert rows["time"].to_pylist() == [moment(DAY + s * SECOND) for s in (0, 0, 20, 20, 40, 40)]
    assert set(rows["gpu"].to_pylist()) == {"a", "b"}


def test_coverage_is_the_share_of_steps_with_a_value(run: Opened) -> None:
    gpus(run)
    assert ask(run, "gpu", "power_watts", 120, step=20).coverage == pytest.approx(0.5)
    silent = ask(run, "gpu", "power_watts", 60, start=moment(DAY - 10 * MINUTE), step=20)
    assert (silent.coverage, silent.quality, silent.rows.num_rows) == (0.0, None, 0)


def test_pages_go_on_where_the_last_ended(run: Opened) -> None:
    gpus(run)
    pages: list[int] = []
    cursor = None
    while not pages or cursor:
        page = ask(run, "gpu", "power_watts", 60, agg="rows", limit=50, cursor=cursor)
        pages.append(page.rows.num_rows)
        cursor = page.cursor
    assert pages == [50, 50, 20]


def test_nothing_of_a_counter_is_lost_between_steps_nor_at_a_reset(run: Opened) -> None:
    """A constant 700 W, read each 10 s at no round time; the counter starts again twice."""
    total, times, values = 0.0, [], []
    for tick in range(-3, 66):
        total = 0.0 if tick in {20, 43} else total + 7_000
        times.append(DAY + tick * 10 * SECOND + 3_700_000)
        values.append(total)
    send(run, Power, times, meter=["m"], energy_joules_total=values,
         **{name: [word] for name, word in KEYS.items()})  # fmt: skip
    run.flush()
    minutes = ask(run, "power", "energy_joules_total", 600, agg="increase", step=60)
    energies = minutes.rows["energy_joules_total"].to_pylist()
    # What a meter counted between its last reading and its reset, nobody knows.
    lost = 2 * 7_000
    assert len(energies) == 10
    assert sum(energies) == pytest.approx(700 * 600 - lost, rel=1e-3)
    whole = ask(run, "power", "energy_joules_total", 600, agg="increase")
    assert whole.rows["energy_joules_total"].to_pylist() == pytest.approx([sum(energies)])
    for step in (7, 20, 300):
        rows = ask(run, "power", "energy_joules_total", 600, agg="increase", step=step).rows
        assert sum(rows["energy_joules_total"].to_pylist()[: 600 // step]) <= 700 * 600
    rates = ask(run, "power", "energy_joules_total", 120, agg="rate", step=60).rows
    assert rates["energy_joules_total"].to_pylist() == pytest.approx([700, 700])


def rolled(run: Opened, until: datetime) -> None:
    """Roll up what there is before `until`, as the duty does."""
    rows = run.store.scan("power", None, None, until, [""], {})
    minutes = roll(Power, rows, 60)
    said = {ROLLED_UNTIL: str(round(until.timestamp() * 1e6))}
    run.store.write_rollup("power_1m", minutes, said)
    run.store.write_rollup("power_1h", merge(Power, minutes, 3600), said)


def day(run: Opened) -> None:
    """26 h of a meter at 700 W, read each 30 s."""
    ticks = range(26 * 120)
    send(run, Power, [DAY + t * 30 * SECOND for t in ticks], meter=["m"],
         power_watts=[700.0 + t % 2 for t in ticks],
         energy_joules_total=[t * 21_000.0 for t in ticks],
         **{name: [word] for name, word in KEYS.items()})  # fmt: skip


def test_tiers_say_the_same(run: Opened) -> None:
    day(run)
    asked = [
        ("power_watts", "mean"), ("power_watts", "max"), ("power_watts", "last"),
        ("power_watts", "count"), ("energy_joules_total", "increase"),
        ("energy_joules_total", "rate"),
    ]  # fmt: skip
    before = {
        (f, agg): ask(run, "power", f, 86_400, agg=agg, step=step).rows[f].to_pylist()
        for f, agg in asked
        for step in (3600,)
    }
    rolled(run, moment(DAY + 20 * 3600 * SECOND))
    for (f, agg), values in before.items():
        after = ask(run, "power", f, 86_400, agg=agg, step=3600)
        assert after.tier == "1h"
        assert after.rows[f].to_pylist() == pytest.approx(values)
        assert sum(after.rows[f].to_pylist()[:10]) == pytest.approx(
            sum(ask(run, "power", f, 36_000, agg=agg, step=3600).rows[f].to_pylist())
        )


def test_a_short_span_reads_minutes_and_a_short_step_readings(run: Opened) -> None:
    day(run)
    rolled(run, moment(DAY + 20 * 3600 * SECOND))
    assert ask(run, "power", "power_watts", 7200, step=60).tier == "1m"
    assert ask(run, "power", "power_watts", 7200, step=30).tier == "raw"
    assert ask(run, "power", "power_watts", 600, step=60).tier == "raw"


def test_a_scope_hides_what_is_outside(run: Opened) -> None:
    gpus(run)
    assert ask(run, "gpu", "power_watts", 60, by=(), scopes=("other",)).rows.num_rows == 0
    assert ask(run, "gpu", "power_watts", 60, by=(), scopes=("local",)).rows.num_rows == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"measurement": "gpus"}, {"field": "power"}, {"agg": "median"}, {"by": ("gpu", "colour")},
        {"seconds": 0}, {"step": 0.5}, {"seconds": 10**9, "step": 1}, {"cursor": "x"},
        {"limit": 0}, {"agg": "increase"}, {"where": {"colour": ["red"]}},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_reason(run: Opened, wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"measurement": "gpu", "field": "power_watts", "seconds": 60} | wrong
    with pytest.raises(QueryError):
        ask(run, asked.pop("measurement"), asked.pop("field"), asked.pop("seconds"), **asked)


def test_states_and_flags(run: Opened) -> None:
    send(run, Source, [DAY, DAY + 5 * SECOND], host=["h"], source=["gpu"], status=[0, 2])
    assert ask(run, "source", "status", 60, agg="last").rows["status"].to_pylist() == [2]
    with pytest.raises(QueryError, match="state"):
        ask(run, "source", "status", 60, agg="mean")


def test_an_answer_that_takes_too_long_is_given_up(run: Opened) -> None:
    send(run, Host, [DAY + t for t in range(3_000)], host=["h"], load1=[0.5])
    question = Question("host", ("load1",), moment(DAY), moment(DAY + SECOND), by=())
    with pytest.raises(Unavailable):
        Questions(run.store).ask(question, budget=Budget(0))
    assert Questions(run.store).ask(question).rows["load1"].to_pylist() == [0.5]
