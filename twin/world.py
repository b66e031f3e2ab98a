"""All that the twin plays of a network: one player a simulated container."""

from collections.abc import Sequence

from twin.build import Build, build
from twin.container import Model
from twin.facility import (
    CoolingTeller,
    EnvironmentTeller,
    GridTeller,
    HeatTeller,
    PowerTeller,
    QueueTeller,
    Teller,
    WaterTeller,
    usual_meters,
)
from twin.faults import Scenario
from twin.faults import scenario as named
from twin.hosts import GpuTeller, HostTeller, Names
from twin.meters import Register, points
from twin.player import ContainerPlayer
from twin.power import Supply
from twin.turn import Player
from twin.workload import Demand
from vigie.network.network import Network
from vigie.network.operators import Tenant
from vigie.network.places import Container, Site, inside

NOBODY = "none"
HOME_SHARE = 3.0
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
    chosen = [
        c for c in network.containers
        if network.simulated(c.path) and (not scopes or any(inside(c.path, s) for s in scopes))
    ]  # fmt: skip
    return tuple(_player(network, c, seed, played, full=full) for c in chosen)


def _player(
    network: Network, container: Container, seed: int, played: Scenario, *, full: bool
) -> ContainerPlayer:
    made = build(network, container, full=full)
    faults = played.at(container.path)
    declared = [m for m in network.meters if m.container == container.path]
    roles = {m.role for m in declared}
    usual = usual_meters(made)
    registers = {
        medium: Register(seed, made.path, medium, points(declared, medium, usual[medium]))
        for medium in ("electricity", "water", "heat")
    }
    supply = Supply(
        made.it_watts, made.rated_watts, generator="generator" in roles, solar="solar" in roles
    )
    water = any(m.medium == "water" for m in declared)
    demands = _demands(network, made)
    model = Model(made, demands, faults, seed, supply=supply, water=water)
    if "heat_pump" in roles:
        model.upgrade_heat()
    names = Names(made, seed)
    tellers = _tellers(model, registers, names, made.site, seed)
    return ContainerPlayer(model, tellers, registers, names, seed)


def _tellers(
    model: Model, registers: dict[str, Register], names: Names, site: Site, seed: int
) -> tuple[Teller, ...]:
    return (
        PowerTeller(model, registers["electricity"]),
        WaterTeller(model, registers["water"]),
        HeatTeller(model, registers["heat"]),
        CoolingTeller(model),
        EnvironmentTeller(model),
        GridTeller(site, seed),
        QueueTeller(model),
        HostTeller(model, names, seed),
        GpuTeller(model, names),
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
