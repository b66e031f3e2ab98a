from pathlib import Path
from typing import Any

import pytest

from alerts.incidents.book import TABLES, Book
from alerts.incidents.incident import Act, Stage, Step
from vigie.database import Database
from vigie.errors import Refused


def act(step: Step, time: float, **more: Any) -> Act:
    return Act(step, time, "Alice", "p-1", **more)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(Database(tmp_path / "state.db", TABLES))


def test_an_incident_is_the_sum_of_its_acts(book: Book, tmp_path: Path) -> None:
    opened = act(Step.OPENED, 10.0, alerts=("a", "b"), at=5.0)
    name = book.open(" Hall dark ", "paris/a", opened).id
    added = act(Step.ADDED, 11.0, alerts=("c",), outage=True, words="the feeder")
    book.add(name, added, "paris")
    filed = act(Step.FILED, 12.0, stage=Stage.EARLY_WARNING, words="receipt 7")
    book.add(name, filed)
    found = Book(Database(tmp_path / "state.db", TABLES)).incident(name)
    assert (found.title, found.scope, found.acts) == ("Hall dark", "paris", (opened, added, filed))


def test_the_newest_comes_first(book: Book) -> None:
    first = book.open("one", "", act(Step.OPENED, 1.0))
    second = book.open("two", "", act(Step.OPENED, 2.0))
    assert book.all() == [second, first]


@pytest.mark.parametrize("title", ["", "  ", "x" * 201, "two\nlines"])
def test_a_title_is_one_line(book: Book, title: str) -> None:
    with pytest.raises(Refused, match="title: 1 to 200"):
        book.open(title, "", act(Step.OPENED, 1.0))


def test_an_act_that_is_refused_leaves_no_trace(book: Book) -> None:
    known = book.open("one", "", act(Step.OPENED, 1.0))
    with pytest.raises(Refused):
        book.add(known.id, act(Step.NOTED, 2.0), "elsewhere")
    assert book.incident(known.id) == known
    with pytest.raises(Refused, match="no incident 'inc-none'"):
        book.add("inc-none", act(Step.NOTED, 2.0, words="x"))
