"""Objects by margin: as the collector's own metrics, for others to watch, and as rows for rules."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from collector.counters import Counters
from collector.duties import own
from collector.inventory.margins import Margins, Placement
from collector.reports.commitments import place_of
from vigie.catalogue import Margin

MOST: Final = 10
"""Objects with a larger margin are counted with those of this one."""


class Count:
    """Sets `fragments_objects` by store, code and margin; margin -1 is all that are lost."""

    def __init__(self, margins: Margins, counters: Counters) -> None:
        self._margins, self._counters = margins, counters

    def run(self, _: datetime) -> None:
        """One turn."""
        for placement in self._margins.placements():
            scheme, counts = placement.scheme, self._margins.counts(placement)
            most = min(MOST, scheme.n - scheme.k)
            by_margin = {-1: counts[: scheme.k].sum()}
            by_margin |= {margin: counts[scheme.k + margin] for margin in range(most)}
            by_margin[most] = counts[scheme.k + most :].sum()
            for margin, objects in by_margin.items():
                self._counters.set(
                    "fragments_objects", int(objects), store=placement.store,
                    scheme=scheme.word, margin=str(margin),
                )  # fmt: skip


class Holdings(Protocol):
    """What is known of who holds what."""

    @property
    def margins(self) -> Margins:
        """The objects of every store."""

    def complete(self, store: str) -> bool:
        """Whether nothing that is told of a store is still to be read, or sent."""


class Nearing:
    """Tells rules how many objects of every store and code are how far from being lost.

    Of a store of which not all is known here, nothing is told: its alerts stay, blind.
    """

    def __init__(
        self, shelf: own.Shelf, holdings: Holdings, simulated: Callable[[str], bool]
    ) -> None:
        """`simulated` says whether the twin plays what is at a path."""
        self._shelf, self._holdings, self._simulated = shelf, holdings, simulated

    def run(self, now: datetime) -> None:
        """One turn."""
        margins = self._holdings.margins
        told = [p for p in margins.placements() if self._holdings.complete(p.store)]
        self._shelf.tell(Margin, [self._row(margins, placement) for placement in told], now)

    def _row(self, margins: Margins, placement: Placement) -> own.Row:
        scheme, hurt = placement.scheme, margins.hurt(placement)
        spare = scheme.n - scheme.k
        left = [live for live, count in enumerate(hurt.tolist()) if count and live]
        return own.Row(place_of(margins.containers(placement), self._simulated), {
            Margin.store: placement.store, Margin.scheme: scheme.word,
            Margin.objects_count: int(margins.counts(placement).sum()),
            Margin.lost_count: int(hurt[1 : scheme.k].sum()),
            Margin.bare_count: int(hurt[scheme.k]) if spare else 0,
            Margin.thin_count: int(hurt[scheme.k + 1]) if spare > 1 else 0,
            Margin.vanished_count: int(hurt[0]),
            Margin.least_margin: min(left, default=scheme.n) - scheme.k,
            Margin.spare_count: spare,
        })  # fmt: skip
