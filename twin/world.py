"""All that the twin plays of a network: one player a simulated container."""

from collections.abc import Mapping, Sequence
from typing import Final

from twin.around.clock import Clock
from twin.faults import Faults
from twin.faults import scenario as named
from twin.hall.build import Build, build
from twin.hall.container import Model
from twin.hall.power import Supply
from twin.hall.workload import Demand
from twin.player import ContainerPlayer
from twin.stores.shelf import Shelf
from twin.stores.shelves import Shelves
from twin.stores.spread import Spread, spreads
from twin.tellers.disks import Disks
from twin.tellers.facility import (
    CoolingTeller,
    EnvironmentTeller,
    GridTeller,
    HeatTeller,
    PowerTeller,
    QueueTeller,
    WaterTeller,
    usual_meters,
)
from twin.tellers.hosts import GpuTeller, HostTeller, SourceTeller
from twin.tellers.incidents import Incidents
from twin.tellers.inventory import devices
from twin.tellers.links import LinkTeller, lines
from twin.tellers.meters import MEDIA, Register, points
from twin.tellers.names import Names
from twin.tellers.pools import Pools
from twin.tellers.teller import Teller
from twin.tellers.volumes import VolumeTeller
from twin.turn import Player
from vigie.network.network import Network
from vigie.network.operators import Tenant
from vigie.network.places import Site, inside

NOBODY: Final = "none"
HOME_SHARE: Final = 3.0
"""How much more a tenant asks of the site whose public it is of."""


def players(
    network: Network, *, scopes: Sequence[str] = (), seed: int = 1, scenario: str = "",
    full: bool = False, key: bytes = bytes(32),
) -> tuple[Player, ...]:  # fmt: skip
    """One player for each simulated container of the network, whatever its status.

    `scopes` are paths, empty is all; `scenario` names a packaged one or a file; `full` plays every
    container whole, whatever its `scale`; `key` is the 32 bytes that objects are named with.

    Raises:
        SettingsError: the scenario is unknown or faulty.
    """
    played = named(scenario)
    stores = spreads(network, seed=seed, full=full, key=key)
    chosen = [
        c
        for c in network.containers
        if network.simulated(c.path) and (not scopes or any(inside(c.path, s) for s in scopes))
    ]
    return tuple(
        _player(network, build(network, c, full=full), seed, played.at(c.path), stores)
        for c in chosen
    )


def _player(
    network: Network, made: Build, seed: int, faults: Faults, spreads: Sequence[Spread]
) -> ContainerPlayer:
    path = made.path
    declared = [m for m in network.meters if m.container == path]
    roles, usual = {m.role for m in declared}, usual_meters(made)
    registers: dict[str, Register] = {
        medium: Register(seed, path, medium, points(declared, medium, usual[medium]))
        for medium in MEDIA
    }
    supply = Supply(
        made.it_watts, made.rated_watts, generator="generator" in roles, solar="solar" in roles
    )
    water = any(m.medium == "water" for m in declared)
    model = Model(made, _demands(network, made), faults, seed, supply=supply, water=water)
    if "heat_pump" in roles:
        model.upgrade_heat()
    names = Names(made, seed)
    incidents = Incidents(model, names, seed)
    disks = Disks(made, names, faults, seed)
    pools = Pools(disks, incidents, faults, seed)
    of_disks = list(names.hosts[made.first_disk_host :])
    shelves = [
        Shelf(spread, path, of_disks, faults)
        for spread in spreads
        if any(c.path == path for c in spread.containers)
    ]
    tellers = (
        *_facility(model, registers, made.site, seed),
        HostTeller(model, names, seed, incidents),
        GpuTeller(model, names, incidents),
        SourceTeller(model, names, seed, incidents),
        VolumeTeller(model, names, seed, incidents),
    )
    return ContainerPlayer(
        model, tellers, registers, incidents=incidents, disks=disks, pools=pools,
        links=LinkTeller(lines(network, made), faults, seed, path), shelves=Shelves(shelves),
        devices=devices(made, names, disks), clock=Clock(seed, path),
    )  # fmt: skip


def _facility(
    model: Model, registers: Mapping[str, Register], site: Site, seed: int
) -> tuple[Teller, ...]:
    return (
        PowerTeller(model, registers["electricity"]),
        WaterTeller(model, registers["water"]),
        HeatTeller(model, registers["heat"]),
        CoolingTeller(model),
        EnvironmentTeller(model),
        GridTeller(site, model.faults, seed),
        QueueTeller(model),
    )


def _demands(network: Network, made: Build) -> tuple[Demand, ...]:
    """Who asks for the GPUs of a container, and how much each may hold."""
    site = made.site
    who = [t for t in network.tenants if _welcome(network, t, site)]
    whole = made.gpus
    if not who:
        return (Demand(NOBODY, 1.0, whole),)
    gpus = made.container.capacity.gpus or whole
    scale = whole / gpus if gpus else 1.0
    return tuple(
        Demand(
            t.id,
            HOME_SHARE if t.home == site.id else 1.0,
            whole if t.quota_gpus is None else max(round(t.quota_gpus * scale), 1),
        )
        for t in who
    )


def _welcome(network: Network, tenant: Tenant, site: Site) -> bool:
    """Whether a tenant may run jobs on a site, by the site's own word and by its tenancies."""
    if tenant.home is not None and tenant.home != site.id:
        return False
    bound = next((t for t in network.tenants if t.id == tenant.acting_for), None)
    kinds = {tenant.kind} | ({bound.kind} if bound else set())
    if site.serves and not kinds & set(site.serves):
        return False
    rules = [t for t in network.tenancies if tenant.id in t.tenants]
    return all(
        (not r.sites or site.id in r.sites)
        and (not r.within or site.country in r.within or "EU" in r.within)
        for r in rules
    )
