"""One question being answered: what is read of which tables, and what is learned on the way."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from collector.rollups.columns import RESOLUTIONS
from collector.store import schema, tiers
from collector.store.questions import stored, waiting
from collector.store.questions.budget import Budget
from collector.store.questions.footers import Footers
from collector.store.questions.kept import Kept
from collector.store.questions.levels import Levels
from collector.store.questions.partial import Learned, Partial, Wanted
from collector.store.questions.question import Question, Shelf, aggregates
from collector.store.questions.runs import Known
from collector.store.questions.selection import Selection
from collector.store.scan import View
from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN
from collector.store.scope import condition
from collector.store.tiers import RAW, Part
from vigie.frame import QUALITY_COLUMN
from vigie.shape import Field, Measurement, Quality

log = logging.getLogger(__name__)

STRETCH: Final = 8
"""Row groups that one thread reads in one go: about a million rows."""
TRIES: Final = 10


class Changed(Exception):
    """A file could not be read, and was looked at: what was read so far counts no more."""


@dataclass(slots=True)
class Reading:
    """Everything that the kinds of question have in common."""

    shelf: Shelf
    question: Question
    measurement: type[Measurement]
    fields: list[Field]
    levels: Levels
    budget: Budget
    footers: Footers
    known: Known = field(default_factory=Known)
    kept: Kept = field(default_factory=Kept)
    learned: Learned = field(default_factory=Learned)

    @property
    def series(self) -> list[str]:
        """The columns that name a series."""
        return schema.series_columns(self.measurement)

    @property
    def aggs(self) -> list[str]:
        """The aggregate of each field."""
        return aggregates(self.question)

    @property
    def selection(self) -> Selection:
        """Which rows are asked for."""
        question = self.question
        return Selection(self.series, question.scopes, question.where, self.levels)

    @property
    def edges(self) -> tuple[datetime, datetime]:
        """From when until when is read: whole steps."""
        cuts = tiers.edges(self.question.start, self.question.end, self.question.step)
        return cuts[0], cuts[-1]

    def table(self, suffix: str) -> str:
        """The table of a tier."""
        name = self.measurement.name
        return name if suffix == RAW else f"{name}_{suffix}"

    def parts(self, tier: str, margin: float = 0.0) -> list[Part]:
        """What to read of which table, `margin` seconds more at both ends."""
        start, end = self.edges
        more = timedelta(seconds=margin)
        until = {s: self.shelf.rolled_until(self.table(s)) for s in RESOLUTIONS}
        since = {s: self._since(s) for s in tiers.ORDER} if tier != RAW else {}
        return tiers.parts(tier, start - more, end + more, until, since)

    def _since(self, suffix: str) -> datetime | None:
        view = self.shelf.view(self.table(suffix))
        times = [f.start for f in view.files]
        times += [int(c.times.min()) for c in view.chunks if len(c.times)]
        return datetime.fromtimestamp(min(times) / 1e6, UTC) if times else None

    def view(self, part: Part) -> View:
        """The files and chunks that may have rows of a part."""
        found = self.shelf.view(self.table(part.suffix))
        return found.within(microseconds(part.start), microseconds(part.end))

    def partials(self, part: Part, wanted: Wanted, view: View | None = None) -> Iterator[Partial]:
        """What the rows of a part say of units; `view` where that was looked up already.

        Raises:
            Changed: a file went; begin again.
            QueryError: there are too many rows.
        """
        self.budget.check()
        table = self.table(part.suffix)
        view = view or self.view(part)
        try:
            stretches = list(self._stretches(view, wanted))
            waits = sum(len(c.times) for c in view.chunks)
            self.budget.rows(sum(s.rows for s in stretches) + waits)
            for chunks in waiting.batches(view.chunks):
                found = waiting.partial(chunks, wanted)
                if found is not None:
                    yield found
                self.budget.check()
            for some in self.budget.each(lambda s: list(stored.partials(s, wanted)), stretches):
                yield from some
        except (OSError, pa.ArrowException) as error:
            self.lost(table, view, error)

    def lost(self, table: str, view: View, error: Exception) -> NoReturn:
        """Have damaged files put away, and begin again."""
        log.warning("a table file cannot be read", extra={"table": table}, exc_info=error)
        for file in view.files:
            self.footers.forget(file.path)
        self.shelf.check(table, view)
        raise Changed(str(error)) from error

    def rows(self, part: Part, names: list[str]) -> pa.Table:
        """Whole rows of a part, for what cannot be brought down piece by piece.

        Raises:
            Changed: a file went; begin again.
            QueryError: they are too many.
        """
        table = self.table(part.suffix)
        view = self.view(part)
        if not self.selection.narrow:
            count = sum(f.rows for f in view.files) + sum(len(c.times) for c in view.chunks)
            self.budget.cells(count * len(names))
        question = self.question
        where = {k: v for k, v in question.where.items() if k in self.series}
        chosen = condition(
            view.schema, microseconds(part.start), microseconds(part.end), question.scopes, where
        )
        try:
            rows = view.read(names, chosen)
        except (OSError, pa.ArrowException) as error:
            self.lost(table, view, error)
        rows = self._at_levels(rows)
        self.budget.cells(rows.num_rows * len(names))
        self.budget.check()
        self._learn(rows)
        return rows

    def _at_levels(self, rows: pa.Table) -> pa.Table:
        if all(name in self.series for name in self.question.where):
            return rows
        held = [p for p in pc.unique(rows[CONTAINER_COLUMN]).to_pylist() if self.selection.holds(p)]
        return rows.filter(pc.is_in(rows[CONTAINER_COLUMN], pa.array(held, pa.string())))

    def _learn(self, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        bits = sum(1 << f.number for f in self.fields)
        marked = pc.not_equal(pc.bit_wise_and(rows[SUSPECT_COLUMN], bits), 0)
        counts = pc.value_counts(rows[CONTAINER_COLUMN]).to_pylist()
        quality = pc.max(rows[QUALITY_COLUMN]).as_py()
        containers = {c["values"]: c["counts"] for c in counts}
        self.learned.add(Learned(rows.num_rows, pc.sum(marked).as_py(), quality, containers))

    def _stretches(self, view: View, wanted: Wanted) -> Iterator[stored.Stretch]:
        for file in view.files:
            footer = self.footers.of(file.path)
            groups = stored.chosen(footer, wanted)
            for at in range(0, len(groups), STRETCH):
                yield stored.Stretch(
                    file.path, footer, tuple(groups[at : at + STRETCH]), self.known
                )

    @property
    def quality(self) -> Quality | None:
        """The worst of the rows."""
        return None if self.learned.quality is None else list(Quality)[self.learned.quality]

    @property
    def suspect(self) -> float:
        """The share of rows of which an asked field is suspect."""
        return self.learned.suspect / self.learned.rows if self.learned.rows else 0.0


def microseconds(time: datetime) -> int:
    """Since the epoch."""
    return round(time.timestamp() * 1e6)
