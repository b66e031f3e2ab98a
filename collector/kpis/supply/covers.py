"""What energy contracts cover of a site's electricity, hour by hour. Pure.

A contract counts from the day it begins until before the day it ends, in the site's legal time, if
it is in force, and if its certificates were retired for this use: without that it counts as
nothing, and is named. What several contracts cover is at most the whole.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from collector.kpis.facts import Facts, Floats, Plant
from vigie.network.contracts import EnergyContract
from vigie.network.operators import Stated, Status
from vigie.network.places import Site

RENEWABLE: Final = ("wind", "solar", "hydro", "biomass")
NUCLEAR: Final = ("nuclear",)
CARBON_FREE: Final = (*RENEWABLE, *NUCLEAR)


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """One contract, and the share of each hour's bought electricity that it covers."""

    contract: EnergyContract
    share: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Covers:
    """Of one site: contracts that count, claims that count as nothing, and supply without a claim.

    The shares of `counted` add up to 1 at most in every hour. What is made on site is metered, and
    not counted by contract.
    """

    counted: tuple[Cover, ...]
    void: tuple[EnergyContract, ...]
    supply: tuple[Cover, ...]

    def share(self, of: Callable[[EnergyContract], bool], hours: int) -> Floats:
        """The share of each hour that contracts of a kind cover."""
        shares = [cover.share for cover in self.counted if of(cover.contract)]
        return np.sum(shares, axis=0) if shares else np.zeros(hours)

    def ids(self, of: Callable[[EnergyContract], bool] | None = None) -> tuple[str, ...]:
        """The contracts that count in some hour of the period, as `energy contract <id>`."""
        return tuple(
            named(cover.contract)
            for cover in self.counted
            if (of is None or of(cover.contract)) and cover.share.any()
        )


def named(contract: EnergyContract) -> str:
    """`energy contract x`, as terms and inputs name it."""
    return f"energy contract {contract.id}"


def listed(contracts: Iterable[EnergyContract]) -> str:
    """Contracts, each once."""
    return ", ".join(dict.fromkeys(map(named, contracts)))


def in_force(stated: Stated, plant: Plant) -> bool:
    """Whether something declared counts: it operates, or the twin plays it and it is no study."""
    if plant.simulated:
        return stated.status is not Status.STUDIED
    return stated.status is Status.OPERATING


def certified(contract: EnergyContract) -> bool:
    """Whether it names certificates that were retired for this use."""
    return contract.retired and bool(contract.certificates)


def covers(facts: Facts, plant: Plant) -> Covers:
    """What is bought for a container's site."""
    days, hour = _days(facts, plant.site)
    own = [
        Cover(contract, np.array([contract.covers(day) for day in days])[hour] * contract.share)
        for contract in facts.network.energy
        if plant.site.id in contract.sites and in_force(contract, plant)
    ]
    live = [cover for cover in own if cover.share.any()]
    free = np.ones(facts.hours)
    counted = []
    for cover in live:
        if certified(cover.contract) and cover.contract.kind != "on_site":
            share = np.minimum(cover.share, free)
            free = free - share
            counted.append(Cover(cover.contract, share))
    bare = [cover for cover in live if not certified(cover.contract)]
    return Covers(
        tuple(counted),
        tuple(cover.contract for cover in bare if _claims(cover.contract)),
        tuple(cover for cover in bare if cover.contract.kind == "supply"),
    )


def technology(among: Collection[str]) -> Callable[[EnergyContract], bool]:
    """Whether a contract is of one of these technologies; what is mixed is of none."""
    return lambda contract: contract.technology in among


def _claims(contract: EnergyContract) -> bool:
    """Whether it says where its electricity comes from; plain supply says nothing."""
    if contract.kind == "supply":
        return contract.technology != "mixed"
    return contract.kind != "on_site"


def _days(facts: Facts, site: Site) -> tuple[list[date], NDArray[np.intp]]:
    """The legal days of the period, and which of them each hour lies in."""
    zone = ZoneInfo(site.timezone)
    first, last = (edge.astimezone(zone).toordinal() for edge in (facts.edges[0], facts.edges[-1]))
    days = [date.fromordinal(day) for day in range(first, last + 1)]
    midnights = [datetime.combine(day, time(), zone).timestamp() for day in days]
    begun = [edge.timestamp() for edge in facts.edges[:-1]]
    return days, np.searchsorted(midnights, begun, "right") - 1
