"""Objects by margin as the collector's own metrics, so that others can watch them too."""

from datetime import datetime
from typing import Final

from collector.counters import Counters
from collector.inventory.margins import Margins

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
