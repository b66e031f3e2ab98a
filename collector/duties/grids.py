"""Asks the providers for the electricity of every zone that the network has."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from collector.counters import Counters
from collector.grid.point import Provider, ProviderFailed
from collector.grid.vintages import Vintages
from vigie.network.load import Network

log = logging.getLogger(__name__)


class Grids:
    """Fills the vintages; a provider that fails stops no other, is counted and named."""

    def __init__(
        self, providers: Sequence[Provider], vintages: Vintages, network: Callable[[], Network],
        counters: Counters, *, back: float,
    ) -> None:  # fmt: skip
        """`back` is how far back is asked each time, in seconds."""
        self._providers, self._vintages = tuple(providers), vintages
        self._network, self._counters = network, counters
        self._back = timedelta(seconds=back)

    def run(self, now: datetime) -> None:
        """One turn over providers and zones."""
        zones = sorted({site.zone for site in self._network().sites if site.zone})
        for provider in self._providers:
            for zone in filter(provider.knows, zones):
                self._ask(provider, zone, now)

    def _ask(self, provider: Provider, zone: str, now: datetime) -> None:
        try:
            points = provider.points(zone, now - self._back, now)
        except ProviderFailed as error:
            self._counters.add("grid_failures_total", provider=provider.name, zone=zone)
            log.warning(
                "grid provider failed",
                extra={"provider": provider.name, "zone": zone, "reason": str(error)},
            )
            return
        added = self._vintages.learn(provider.method, points, now)
        self._counters.add("grid_points_total", added, provider=provider.name, zone=zone)
        if points:
            newest = max(p.start for p in points)
            self._counters.set(
                "grid_newest_seconds", newest.timestamp(), provider=provider.name, zone=zone
            )
