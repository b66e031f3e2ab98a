"""How near sites are to the power from which they must report. Pure.

The Union and France count 500 kW of installed IT power, France by establishment (SIRET), Germany
300 kW of connected load by site. What is not declared is unknown, and nobody is told to be below.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.places import Container, Lifecycle, Site

EU_WATTS: Final = 500e3
DE_WATTS: Final = 300e3
NEAR: Final = 0.8
"""From this share on somebody is to be told."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One establishment or site: rated power over the threshold, and who is in it.

    `ratio` is None where the power of one of its containers is not declared, unless the others
    alone are over it.
    """

    subject: str
    law: str
    threshold_watts: float
    watts: float
    unknown: tuple[str, ...]
    sites: tuple[str, ...]
    simulated: bool

    @property
    def ratio(self) -> float | None:
        """Power over the threshold."""
        known = self.watts / self.threshold_watts
        return known if known >= 1 or not self.unknown else None

    @property
    def state(self) -> str:
        """over, near, below or unknown."""
        if self.ratio is None:
            return "unknown"
        return "over" if self.ratio >= 1 else "near" if self.ratio >= NEAR else "below"


def watches(network: Network) -> list[Watch]:
    """Every establishment that runs or is about to, those nearest first."""
    groups: defaultdict[tuple[str, str, float], list[Site]] = defaultdict(list)
    for site in network.sites:
        if site.country == "DE":
            groups[site.id, "EnEfG s.3 no. 24", DE_WATTS].append(site)
        else:
            subject = site.registration.siret or site.id
            law = "code de l'énergie L.236-1" if site.country == "FR" else "(EU) 2024/1364"
            groups[subject, law, EU_WATTS].append(site)
    made = [_watch(network, *key, sites) for key, sites in groups.items()]
    return sorted(made, key=lambda w: (-w.watts / w.threshold_watts, w.subject))


def _watch(network: Network, subject: str, law: str, threshold: float, sites: list[Site]) -> Watch:
    own = [c for site in sites for c in network.within(site.id) if _counts(c, site)]
    watts = sum(c.capacity.power_watts or 0.0 for c in own)
    return Watch(
        subject, law, threshold, watts,
        tuple(c.path for c in own if c.capacity.power_watts is None),
        tuple(site.id for site in sites), _simulated(network, own),
    )  # fmt: skip


def _counts(container: Container, site: Site) -> bool:
    """What stands or is being set up; a study or an announcement has no load yet."""
    real = {Status.OPERATING, Status.COMMISSIONING, Status.CONTRACTED}
    there = {Lifecycle.COMMISSIONING, Lifecycle.IN_SERVICE, Lifecycle.MAINTENANCE}
    stands = container.status in real and site.status in real
    return container.lifecycle in there and (stands or site.simulated or container.simulated)


def _simulated(network: Network, own: Iterable[Container]) -> bool:
    return any(network.simulated(c.path) for c in own)
