"""What readings were before we looked: the store fills the rings of rules that look back.

So a collector that starts again, or is given another rule, judges as if it had looked all along.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Protocol

import numpy as np

from alerts.language.past import Fold, Numbers, Window
from alerts.language.rings import Rings
from collector.counters import Counters
from collector.duties.rows import ArrowRows
from collector.store.questions.budget import Budget
from collector.store.questions.question import Answer, Question
from vigie.errors import VigieError
from vigie.frame import TIME_COLUMN
from vigie.shape import Measurement

log = logging.getLogger(__name__)

SECONDS: Final = 20.0
"""How long all windows of a measurement may take: rules wait meanwhile, and go on without."""
MOST_ROWS: Final = 50_000_000
FAILURES: Final = "alert_recall_failures_total"
_AGGREGATES: Final[dict[Fold, str]] = {
    "last": "last", "growth": "last", "least": "min", "most": "max",
}  # fmt: skip


class Asked(Protocol):
    """The part of the store's questions that is used here."""

    def ask(self, question: Question, levels: None = None, budget: Budget | None = None) -> Answer:
        """What is asked."""


class Recall:
    """Reads of the store what rules ask of the past."""

    def __init__(self, questions: Asked, counters: Counters) -> None:
        self._questions, self._counters = questions, counters
        counters.add(FAILURES, 0)

    def fill(
        self, measurement: type[Measurement], rows: ArrowRows, windows: Iterable[Window]
    ) -> None:
        """Put what was read before into windows that are new, the shortest first.

        What cannot be read leaves a window as it is: it knows what it sees from now on.
        """
        if not rows.rows:
            return
        budget = Budget(SECONDS)
        for window in sorted(windows, key=lambda w: (w.seconds, w.name, w.fold)):
            try:
                self._window(measurement, rows, window, budget)
            except VigieError as error:
                log.warning(
                    "what was before is not known to a rule; it judges by what comes",
                    extra={"field": f"{measurement.name}.{window.name}", "fault": str(error)},
                )
                self._counters.add(FAILURES)

    def _window(
        self, measurement: type[Measurement], rows: ArrowRows, window: Window, budget: Budget
    ) -> None:
        rings = rows.kept(window)
        found = self._questions.ask(_question(measurement, window, rings), None, budget).rows
        places = rows.places(found)
        times = found.column(TIME_COLUMN).cast("int64").to_numpy() / 1e6
        values: Numbers = found.column(window.name).cast("double").to_numpy(zero_copy_only=False)
        there = np.flatnonzero((places >= 0) & ~np.isnan(values))
        rings.fill(window, places[there], times[there], values[there],
                   measurement.period_seconds / 2)  # fmt: skip


def _question(measurement: type[Measurement], window: Window, rings: Rings) -> Question:
    """Each tenth of a window, of every series; for growth also the one before."""
    first, last = rings.tenths()
    if window.fold == "growth":
        first -= rings.step
    start, end = (datetime.fromtimestamp(time, UTC) for time in (first, last))
    return Question(
        measurement.name, (window.name,), start, end, agg=_AGGREGATES[window.fold],
        step=rings.step, limit=MOST_ROWS,
    )  # fmt: skip
