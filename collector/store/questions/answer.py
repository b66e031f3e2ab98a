"""A question answered: checked, read, brought together; begun again when a file went meanwhile."""

from collector.store.questions import aggregate, growth, readings
from collector.store.questions.budget import Budget
from collector.store.questions.footers import Footers
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
from vigie.errors import StoreError


class Questions:
    """What can be asked of a store; safe to use from any thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._footers = Footers()

    def ask(
        self, question: Question, levels: Levels | None = None, budget: Budget | None = None
    ) -> Answer:
        """What is asked; `levels` are those of the network, without which none is known.

        Raises:
            QueryError: a name, an aggregate or a span makes no sense, or asks too much.
            Unavailable: it took too long, or was cancelled.
            StoreError: the files cannot be read.
        """
        measurement, fields = checked(question)
        by = grouped(measurement, question)
        levels, budget = levels or Levels(), budget or Budget()
        for _ in range(TRIES):
            reading = Reading(
                self._shelf, question, measurement, fields, levels, budget, self._footers
            )
            try:
                return _answer(reading, by)
            except Changed:
                continue
        raise StoreError(f"{measurement.name}: its files cannot be read")


def _answer(reading: Reading, by: list[str]) -> Answer:
    if reading.question.agg == ROWS:
        return readings.answer(reading)
    if reading.question.agg in GROWTH:
        return growth.answer(reading, by)
    return aggregate.answer(reading, by)
