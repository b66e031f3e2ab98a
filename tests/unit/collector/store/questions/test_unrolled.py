"""Minutes that are not rolled up yet are read once, and again whenever their rows are others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.duties.roll import Roll
from collector.store.questions import aggregate, budget, waiting
from collector.store.questions.answer import Questions
from collector.store.questions.budget import Budget
from collector.store.questions.footers import Footers
from collector.store.questions.levels import Levels
from collector.store.questions.question import Answer, Question, checked
from collector.store.questions.reading import Reading
from collector.store.questions.unrolled import pieces
from collector.store.tiers import RAW, Part
from tests.build import requests
from tests.build.requests import SECOND
from tests.build.stores import Opened, moment
from vigie.catalogue import Gpu

HOUR = 1_700_006_400 * SECOND
MINUTE = 60 * SECOND
MINUTES, ROLLED = 9, 6
CONTAINERS = ("a/1", "b/2")
BOTH = ("power_watts", "memory_used_bytes")
BY_CONTAINER = Question("gpu", BOTH, moment(HOUR), moment(HOUR + MINUTES * MINUTE),
                        by=("container",))  # fmt: skip
EACH_MINUTE = replace(BY_CONTAINER, agg="sum,p95", step=60)
OF_ALL = replace(EACH_MINUTE, by=())
QUESTIONS = (BY_CONTAINER, EACH_MINUTE, OF_ALL)
LEAST_AND_MOST = replace(BY_CONTAINER, agg="min,max")


class Site:
    """A store with two containers of boards that are read every 20 s, and its duty."""

    def __init__(self, opened: Opened) -> None:
        self.opened, self._sequence = opened, 0
        self.opened.now = HOUR + (MINUTES + 1) * MINUTE
        self._roll = Roll(opened.store, measurements=[Gpu])

    def send(self, times: Sequence[int], boards: int = 12, more: float = 0.0) -> None:
        """Readings of those times."""
        self._sequence += 1
        for number, container in enumerate(CONTAINERS, 1):
            rows = [(t, n) for t in times for n in range(boards)]
            columns: dict[str, Any] = {
                "time": [t for t, _ in rows],
                "host": ["h"] * len(rows),
                "gpu": [f"g{n:02}" for _, n in rows],
                "power_watts": [
                    None if n == 3 else 100.1 * number + n / 7 + t // SECOND % 50 / 3 + more
                    for t, n in rows
                ],
                "memory_used_bytes": [10**9 * n + t // SECOND % 97 for t, n in rows],
            }
            frame = requests.frame(
                self._sequence, HOUR, {Gpu: columns}, agent=container, container=container
            )
            self.opened.send(frame)

    def roll(self, until: int) -> None:
        """Roll up so many minutes."""
        self._roll.run(moment(HOUR + until * MINUTE + 40 * SECOND))

    def fresh(self, question: Question) -> dict[str, Any]:
        """The rows that one answers who has never been asked before."""
        found: dict[str, Any] = Questions(self.opened.store).ask(question).rows.to_pydict()
        return found

    def each(self, question: Question) -> Answer:
        """The answer out of every device's readings and windows."""
        measurement, fields = checked(question)
        reading = Reading(
            self.opened.store, question, measurement, fields, Levels(), Budget(), Footers()
        )
        return aggregate.answer(reading, list(question.by or ()))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Opened(tmp_path) as opened:
        made = Site(opened)
        made.send([HOUR + step * 20 * SECOND for step in range(MINUTES * 3)])
        made.roll(ROLLED)
        yield made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each look at rows of the tail."""
    seen: list[int] = []
    real = waiting.partial

    def counted(chunks: Any, wanted: Any) -> Any:
        seen.append(len(chunks))
        return real(chunks, wanted)

    monkeypatch.setattr(waiting, "partial", counted)
    return seen


def test_it_is_to_the_bit_what_the_table_says_later(site: Site) -> None:
    questions = (BY_CONTAINER, EACH_MINUTE, OF_ALL, LEAST_AND_MOST)
    asked = Questions(site.opened.store)
    before = [asked.ask(question) for question in questions]
    for minute in range(ROLLED, MINUTES):
        site.roll(minute + 1)
    after = [asked.ask(question) for question in questions]
    for one, other in zip(before, after, strict=True):
        assert one.tier == other.tier == "1m"
        assert sum(one.containers.values()) > sum(other.containers.values())
        assert one.rows.to_pydict() == other.rows.to_pydict()
        assert (one.quality, one.coverage) == (other.quality, other.coverage)


def test_the_same_rows_are_read_once(site: Site, reads: list[int]) -> None:
    asked = Questions(site.opened.store)
    first = asked.ask(EACH_MINUTE)
    assert len(reads) == MINUTES - ROLLED
    again = asked.ask(replace(EACH_MINUTE, end=moment(HOUR + (MINUTES - 1) * MINUTE)))
    assert again.rows.num_rows == (MINUTES - 1) * len(CONTAINERS)
    second = asked.ask(EACH_MINUTE)
    assert len(reads) == MINUTES - ROLLED
    assert second.rows.to_pydict() == first.rows.to_pydict()
    assert second.containers == first.containers
    assert (second.quality, second.suspect) == (first.quality, first.suspect)


def test_a_late_row_changes_the_answer(site: Site, reads: list[int]) -> None:
    asked = Questions(site.opened.store)
    before = [asked.ask(question).rows.to_pydict() for question in QUESTIONS]
    reads.clear()
    site.send([HOUR + (ROLLED + 1) * MINUTE + 5 * SECOND], boards=1, more=300)
    after = [asked.ask(question).rows.to_pydict() for question in QUESTIONS]
    # Its minute alone is read: once for the mean, and once for both that want the same columns.
    assert len(reads) == 2
    assert after == [site.fresh(question) for question in QUESTIONS]
    for one, other in zip(before, after, strict=True):
        assert one["power_watts"] != other["power_watts"]


def test_a_flush_changes_nothing_and_hides_nothing(site: Site) -> None:
    asked = Questions(site.opened.store)

    def answers() -> list[dict[str, Any]]:
        return [asked.ask(question).rows.to_pydict() for question in QUESTIONS]

    before = answers()
    site.opened.flush()
    assert answers() == before
    site.send([HOUR + (MINUTES - 1) * MINUTE + 5 * SECOND], boards=1, more=300)
    late = answers()
    site.opened.flush()
    site.opened.store.merge((HOUR + 3 * 60 * MINUTE) * 1_000)
    merged = answers()
    for number, question in enumerate(QUESTIONS):
        assert late[number]["power_watts"] != before[number]["power_watts"]
        wanted = site.each(question).rows.to_pydict()
        for name in BOTH:
            found = merged[number][name]
            assert found == pytest.approx(late[number][name], rel=1e-12)
            if question is not OF_ALL:  # which is of sketches
                assert found == pytest.approx(wanted[name], rel=1e-12)


def test_what_is_kept_for_one_scope_is_not_told_in_another(site: Site) -> None:
    asked = Questions(site.opened.store)
    for scopes in (("a",), ("",), ("b/2",), ("c",), ("a",)):
        question = replace(BY_CONTAINER, scopes=scopes)
        assert asked.ask(question).rows.to_pydict() == site.fresh(question)
    chosen = replace(BY_CONTAINER, where={"container": ["b/2"]})
    assert asked.ask(chosen).rows["container"].to_pylist() == ["b/2"]


def test_of_other_fields_or_aggregates_nothing_is_taken_for_the_same(site: Site) -> None:
    asked = Questions(site.opened.store)
    for question in (BY_CONTAINER, LEAST_AND_MOST, EACH_MINUTE):
        for fields in (BOTH, BOTH[::-1]):
            other = replace(question, fields=fields)
            assert asked.ask(other).rows.to_pydict() == site.fresh(other)


def test_many_rows_at_the_edge_are_not_too_much(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [site.fresh(question) for question in QUESTIONS]
    monkeypatch.setattr(budget, "MAX_CELLS", 500)  # three minutes have 1,512
    monkeypatch.setattr(waiting, "MOST_ROWS", 30)
    for one, question in zip(wanted, QUESTIONS, strict=True):
        found = site.fresh(replace(question, tier="1m"))
        for name in BOTH:
            assert found[name] == pytest.approx(one[name], rel=1e-12)


def test_a_question_may_begin_before_the_first_minute_rolled_up(site: Site) -> None:
    asked = Questions(site.opened.store)
    for question in QUESTIONS:
        found = asked.ask(replace(question, start=moment(HOUR - 20 * MINUTE), tier="1m"))
        assert found.tier == "1m"
        assert {**found.rows.to_pydict(), "time": 0} == {**site.fresh(question), "time": 0}
        # It reads no device's windows: of six minutes there are two rows over devices each.
        assert sum(found.containers.values()) == ROLLED * 2 + (MINUTES - ROLLED) * 2 * 12 * 3
    site.send([HOUR - 10 * MINUTE], boards=2)
    site.roll(ROLLED)  # of a late row a rollup knows from the duty's next turn on
    early = replace(BY_CONTAINER, start=moment(HOUR - 20 * MINUTE), agg="count", tier="1m")
    assert asked.ask(early).rows["memory_used_bytes"].to_pylist()[0] == 12 * 27 + 2


def test_a_part_is_cut_where_windows_begin() -> None:
    def cut(start: int, end: int) -> list[tuple[int, int]]:
        part = Part(RAW, moment(HOUR + start * SECOND), moment(HOUR + end * SECOND))
        origin = HOUR // SECOND
        return [
            (round(p.start.timestamp()) - origin, round(p.end.timestamp()) - origin)
            for p in pieces(part, 60)
        ]

    assert cut(0, 120) == [(0, 60), (60, 120)]
    assert cut(50, 130) == [(50, 60), (60, 120), (120, 130)]
    assert cut(61, 70) == [(61, 70)]
