"""Who holds what, for indicators and what-ifs: read of the inventories, and of what they weigh."""

import threading
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any, Final, Protocol

from collector.inventory.fragments import Fragments
from collector.inventory.holdings import Asked, held
from collector.inventory.margins import Margins
from collector.kpis.facts import Held
from vigie.catalogue import Fragments as Told
from vigie.errors import Unavailable
from vigie.fragments import Scheme
from vigie.network.network import Network
from vigie.network.places import inside
from vigie.network.reach import Reaches

KEPT: Final = 4
"""Answers kept until an inventory changes."""


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> Any:
        """One row per series."""


class Holdings:
    """Answers who holds what; the same answer until an inventory or the network changes."""

    def __init__(
        self, kept: Fragments, margins: Margins, live: Newest,
        twins: Callable[[], Collection[str]] = tuple,
    ) -> None:  # fmt: skip
        """`twins` gives the scopes of simulated senders, beside what the network says."""
        self._kept, self.margins, self._live, self._twins = kept, margins, live, twins
        self._lock = threading.Lock()
        self._answers: dict[Hashable, tuple[Held, ...]] = {}

    def __call__(
        self, network: Network, paths: Sequence[str] = ("",), *, parties: bool = False
    ) -> tuple[Held, ...] | None:
        """Every store that has fragments in these paths, wherever its fragments lie.

        Containers of equal law are one class; with `parties` those that the same organisations
        reach too. None while inventories are read, or lack something.
        """
        try:
            inventories = self._kept.inventories("")
        except Unavailable:
            return None
        stores = {
            i.store for i in inventories
            if any(inside(f"{i.container}/{i.host}", path) for path in paths)
        }  # fmt: skip
        if not self._kept.complete(stores, ""):
            return None
        key = (self.margins.version, network.version, tuple(sorted(stores)), parties)
        with self._lock:
            if key not in self._answers:
                while len(self._answers) >= KEPT:
                    self._answers.pop(next(iter(self._answers)))
                self._answers[key] = self._held(network, stores, parties=parties)
            return self._answers[key]

    def places(self) -> dict[str, set[str]]:
        """Paths of the containers that hold each store; empty while inventories are read."""
        found: dict[str, set[str]] = {}
        try:
            for one in self._kept.inventories(""):
                found.setdefault(one.store, set()).add(one.container)
        except Unavailable:
            return {}
        return found

    def complete(self, store: str) -> bool:
        """Whether nothing that is told of a store is still to be read, or sent."""
        try:
            self._kept.inventories("")
        except Unavailable:
            return False
        return self._kept.complete({store}, "")

    def _held(
        self, network: Network, stores: Collection[str], *, parties: bool
    ) -> tuple[Held, ...]:
        reaches, twins = Reaches(network), self._twins()

        def alike(path: str) -> Hashable:
            reach = reaches.of(path)
            return reach if parties else reach.law

        def simulated(path: str) -> bool:
            return network.simulated(path) or any(inside(path, twin) for twin in twins)

        return held(self.margins, Asked(stores, alike, simulated, self._sizes()))

    def _sizes(self) -> dict[tuple[str, Scheme], float]:
        """The mean size of a fragment of each store and code, by what hosts told last."""
        sums: dict[tuple[str, Scheme], list[float]] = {}
        for row in self._live.table(Told.name).to_pylist():
            count, size = row[Told.fragments_count.name], row[Told.size_bytes.name]
            code = Scheme.spelled(row[Told.scheme.name])
            if count and size is not None and code is not None:
                mine = sums.setdefault((row[Told.store.name], code), [0.0, 0.0])
                mine[0] += size
                mine[1] += count
        return {which: size / count for which, (size, count) in sums.items()}
