"""A question answered: checked, read, brought together; begun again when a file went meanwhile."""

from collections.abc import Callable
from datetime import timedelta

from collector.store.questions import aggregate, growth, instant, readings, space
from collector.store.questions.budget import Budget
from collector.store.questions.footers import Footers
from collector.store.questions.kept import Kept
from collector.store.questions.levels import Levels
from collector.store.questions.question import (
    GROWTH,
    ROWS,
    Answer,
    Question,
    Shelf,
    checked,
    grouped,
)
from collector.store.questions.reading import TRIES, Changed, Reading
from collector.store.questions.runs import Known
from vigie.errors import StoreError


class Questions:
    """What can be asked of a store; safe to use from any thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._footers, self._known, self._kept = Footers(), Known(), Kept()

    def ask(
        self, question: Question, levels: Levels | None = None, budget: Budget | None = None
    ) -> Answer:
        """What is asked; `levels` are those of the network, without which none is known.

        Raises:
            QueryError: a name, an aggregate or a span makes no sense, or asks too much.
            Unavailable: it took too long, or was cancelled.
            StoreError: the files cannot be read.
        """
        measurement, _ = checked(question)
        by = grouped(measurement, question)
        return self._read(question, levels, budget, lambda reading: _answer(reading, by))

    def at(
        self, question: Question, age: timedelta, levels: Levels | None = None,
        budget: Budget | None = None,
    ) -> Answer:  # fmt: skip
        """The last row of every series up to the end of a question, not older than `age`.

        Raises: as `ask`.
        """
        return self._read(
            question, levels, budget, lambda reading: instant.answer(reading, question.end, age)
        )

    def _read(
        self, question: Question, levels: Levels | None, budget: Budget | None,
        answer: Callable[[Reading], Answer],
    ) -> Answer:  # fmt: skip
        """An answer; when a file went meanwhile, the next try reads what is there now."""
        measurement, fields = checked(question)
        levels, budget = levels or Levels(), budget or Budget()
        for _ in range(TRIES):
            reading = Reading(
                self._shelf,
                question,
                measurement,
                fields,
                levels,
                budget,
                self._footers,
                self._known,
                self._kept,
            )
            try:
                return answer(reading)
            except Changed:
                continue
        raise StoreError(f"{measurement.name}: its files cannot be read")


def _answer(reading: Reading, by: list[str]) -> Answer:
    if reading.aggs[0] == ROWS:
        return readings.answer(reading)
    if reading.aggs[0] in GROWTH:
        return growth.answer(reading, by)
    return space.answer(reading, by) or aggregate.answer(reading, by)
