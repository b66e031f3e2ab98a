"""Rings filled from a store are the rings of who looked all along."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from alerts.language.evaluate import Over, numbers
from alerts.language.functions import OVER
from alerts.language.past import Window
from collector.counters import Counters
from collector.duties.recall import FAILURES, Recall
from collector.duties.rows import ArrowRows, Seen
from collector.store.questions.answer import Questions
from collector.store.questions.question import Answer, Question
from tests.build import requests
from tests.build.requests import SECOND
from tests.build.stores import Opened
from vigie.catalogue import Gpu
from vigie.errors import StoreError

START = 1_700_006_400
WINDOWS = frozenset({
    Window("temperature_celsius", 300.0), Window("temperature_celsius", 300.0, "most"),
    Window("energy_joules_total", 300.0, "growth"), Window("temperature_celsius", 600.0, "least"),
})  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    with Opened(tmp_path) as opened:
        opened.now = START * SECOND
        yield opened


def reads(run: Opened, second: int) -> None:
    """Two boards are read; the one warms, the other counts on and starts again once."""
    time = (START + second) * SECOND
    run.now = time
    energy = [1000.0 * second, 500.0 * (second - (400 if second >= 400 else 0))]
    frame = {
        "time": [time] * 2, "host": ["h"] * 2, "gpu": ["a", "b"],
        "temperature_celsius": [40.0 + second / 20, 50.0 + (30 if second == 130 else 0)],
        "energy_joules_total": energy,
    }  # fmt: skip
    run.send(requests.frame(second // 10 + 1, time, {Gpu: frame}))


def looks(run: Opened, seen: Seen, second: int) -> tuple[ArrowRows, frozenset[Window]]:
    rows = ArrowRows(Gpu, run.store.live.table("gpu"), seen, START + second)
    return rows, rows.remember(WINDOWS)


def said(rows: ArrowRows, window: Window, *functions: str) -> list[list[float]]:
    return [
        numbers(Over(function, window), rows).tolist()
        for function in functions or [f for f, over in OVER.items() if over.fold == window.fold]
        if function != "time_to"
    ]


@pytest.mark.parametrize("flushed", [False, True])
def test_a_collector_that_starts_again_knows_what_it_knew(run: Opened, flushed: bool) -> None:
    always = Seen()
    reads(run, 0)
    before, _ = looks(run, always, 1)
    for second in range(10, 700, 10):
        reads(run, second)
        before, _ = looks(run, always, second + 1)
    if flushed:
        run.flush()
    again, fresh = looks(run, Seen(), 691)
    assert fresh == WINDOWS
    Recall(Questions(run.store), Counters()).fill(Gpu, again, fresh)
    for window in WINDOWS:
        for one, other in zip(said(before, window), said(again, window), strict=True):
            assert other == pytest.approx(one, rel=0.02), window
            assert not np.isnan(other).any()


def test_only_what_is_new_is_asked_for(run: Opened) -> None:
    reads(run, 0)
    seen = Seen()
    assert looks(run, seen, 1)[1] == WINDOWS
    assert looks(run, seen, 2)[1] == frozenset()
    rows = ArrowRows(Gpu, run.store.live.table("gpu"), seen, START + 3)
    more = Window("power_watts", 60.0)
    assert rows.remember(WINDOWS | {more}) == {more}


class Broken:
    """A store that cannot be read."""

    def ask(self, question: Question, levels: object = None, budget: object = None) -> Answer:
        raise StoreError(f"{question.measurement}: its files cannot be read")


def test_what_cannot_be_read_is_counted_and_stops_nothing(run: Opened) -> None:
    reads(run, 0)
    counters, seen = Counters(), Seen()
    rows, fresh = looks(run, seen, 1)
    Recall(Broken(), counters).fill(Gpu, rows, fresh)
    assert counters.value(FAILURES) == len(WINDOWS)
    window = Window("temperature_celsius", 300.0)
    assert np.nanmax(rows.past(window).values) == 50.0


def test_series_find_their_rows(run: Opened) -> None:
    reads(run, 0)
    rows, _ = looks(run, Seen(), 1)
    live = run.store.live.table("gpu")
    assert rows.places(live).tolist() == [0, 1]
    assert rows.places(live.slice(1)).tolist() == [1]
    strange = live.set_column(live.schema.get_field_index("gpu"), "gpu", [["a", "z"]])
    assert rows.places(strange).tolist() == [0, -1]
