"""Readings as they are stored, in order of time and series."""

import pyarrow.compute as pc

from collector.store.questions.question import Answer
from collector.store.questions.reading import Reading
from collector.store.schema import SUSPECT_COLUMN
from collector.store.tiers import RAW, Part
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN


def answer(reading: Reading) -> Answer:
    """A page of them."""
    question = reading.question
    names = [TIME_COLUMN, *reading.series, *question.fields]
    part = Part(RAW, question.start, question.end)
    rows = reading.rows(part, [*names, QUALITY_COLUMN, SUSPECT_COLUMN]).select(names)
    at = int(question.cursor or 0)
    more = rows.num_rows > at + question.limit
    keys = [(name, "ascending") for name in (TIME_COLUMN, *reading.series)]
    if more:
        order = pc.select_k_unstable(rows, k=at + question.limit, sort_keys=keys)
    else:
        order = pc.sort_indices(rows, sort_keys=keys)
    return Answer(
        rows.take(order.slice(at)), RAW, None, reading.quality, reading.suspect,
        reading.learned.containers, str(at + question.limit) if more else None,
    )  # fmt: skip
