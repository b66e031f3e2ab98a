"""The ledger of a pilot of shared storage: what each partner gives to the others, and gets. Pure.

A store is a partner's where its placement names a tenant whose home is the partner's site.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.kpis.energy.loads import site_energy
from collector.kpis.facts import Facts, Plant
from vigie.network.network import Network
from vigie.network.policies import Partner, Pilot

STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Line:
    """One partner in the period: bytes, J, fragments; None is unknown.

    `used` are bytes of its own data wherever they lie, `hosted` those of others that lie with it,
    `spent` the energy of its storage, as far as that is for others; `repaired` are fragments
    written anew at its place.
    """

    operator: str
    container: str
    offered: float | None
    used: float
    hosted: float
    spent: float | None
    repaired: int | None
    simulated: bool

    @property
    def balance(self) -> float:
        """Bytes that it hosts for others, less those of its own that others host."""
        return self.hosted - self.used


def ledger(facts: Facts, pilot: Pilot) -> list[Line]:
    """A line for each partner, in the order of the pilot."""
    homes = _homes(facts.network, pilot)
    by_path = {plant.container.path: plant for plant in facts.plants}
    return [_line(facts, partner, homes, by_path) for partner in pilot.partners]


def _homes(network: Network, pilot: Pilot) -> Mapping[str, str]:
    """The site whose data a store holds, by store of the pilot."""
    found: dict[str, str] = {}
    for store in pilot.stores:
        placement = network.placement(store)
        tenant = network.tenant(placement.tenant) if placement and placement.tenant else None
        if tenant is not None and tenant.home is not None:
            found[store] = tenant.home
    return found


def _line(
    facts: Facts, partner: Partner, homes: Mapping[str, str], plants: Mapping[str, Plant]
) -> Line:
    site = partner.container.partition("/")[0]
    plant = plants.get(partner.container)
    here = () if plant is None else plant.stored
    hosted = sum(s.bytes for s in here if s.store in homes and homes[s.store] != site)
    elsewhere = (p for path, p in plants.items() if path != partner.container)
    used = sum(s.bytes for p in elsewhere for s in p.stored if homes.get(s.store) == site)
    repaired = [s.repaired for s in here if s.store in homes]
    scale = 1.0 if plant is None else plant.container.scale
    return Line(
        partner.operator, partner.container,
        None if partner.offers_bytes is None else partner.offers_bytes * scale,
        used, hosted, _spent(plant, hosted), _sum(repaired),
        facts.network.simulated(partner.container),
    )  # fmt: skip


def _spent(plant: Plant | None, hosted: float) -> float | None:
    """The energy of storage times the share of stored bytes that are others'."""
    if plant is None:
        return None
    metered = plant.energy.get(STORAGE)
    if metered is None and plant.container.role == STORAGE:
        metered = site_energy(plant)
    joules = None if metered is None else metered.total
    every = sum(s.bytes for s in plant.stored)
    return None if joules is None or not every else joules * hosted / every


def _sum(values: Iterable[int | None]) -> int | None:
    told = list(values)
    return None if not told or None in told else sum(value or 0 for value in told)
