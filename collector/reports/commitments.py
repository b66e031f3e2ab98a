"""What places are held to by contracts, permits, policies and laws, and how far it is used. Pure.

What nobody reads or declares is None: then nothing is known of that commitment, and it is neither
kept nor broken.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import Final

from collector.kpis.sovereignty.rules import DENIAL, RESIDENCY, Judged, Rule
from collector.reports.threshold import Watch
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Stated, Status
from vigie.network.places import Permit, Site

EVERYWHERE: Final = ""
"""The path of what is of the network as a whole."""
OVER_SECONDS: Final = 30 * 86_400.0
"""What ended longer ago is history, and no commitment any more."""
GRID: Final = "site"
"""The role of the meters at delivery points."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """One row of `catalogue.Commitment`, of the place at a path; temperatures in °C."""

    path: str
    kind: str
    item: str
    broken: bool | None = None
    used: float | None = None
    watts: float | None = None
    limit_watts: float | None = None
    celsius: float | None = None
    limit_celsius: float | None = None
    left: float | None = None


@dataclass(frozen=True, slots=True)
class River:
    """What is read now where a container takes water from a river and gives it back."""

    withdrawn: float | None = None
    discharge: float | None = None
    upstream: float | None = None
    downstream: float | None = None
    flow: float | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What is read now: W by container and meter, and rivers by container."""

    watts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    rivers: Mapping[str, River] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds stores: paths of containers by store, and whether the twin plays a path."""

    paths: Mapping[str, Collection[str]]
    simulated: Callable[[str], bool]


def ending(network: Network, now: datetime) -> Iterator[Commitment]:
    """Permits, energy contracts and qualifications, each until when; a successor stands for it."""
    for site in network.sites:
        last: dict[str, date] = {}
        for permit in site.permits:
            if permit.ends is not None and _holds(network, permit, site.id):
                last[permit.id] = max(permit.ends, last.get(permit.id, date.min))
        yield from (_until(site.id, "permit", name, day, now) for name, day in last.items())
        yield from _contracts(network, site, now)
    proofs: dict[tuple[str, str], date] = {}
    for one in network.qualifications:
        if one.expires is not None and _holds(network, one, one.subject):
            key = (one.subject, f"{one.scheme} {one.level}".strip())
            proofs[key] = max(one.expires, proofs.get(key, date.min))
    sites = {site.id for site in network.sites}
    for (subject, name), day in proofs.items():
        if subject in sites:
            yield _until(subject, "qualification", name, day, now)
        else:
            yield _until(EVERYWHERE, "qualification", f"{subject} {name}", day, now)


def _contracts(network: Network, site: Site, now: datetime) -> Iterator[Commitment]:
    """Those that no other of the same kind goes on from."""
    own = [c for c in network.energy if site.id in c.sites and _holds(network, c, site.id)]
    for contract in own:
        day = contract.ends
        if day is not None and not any(o.kind == contract.kind and o.covers(day) for o in own):
            yield _until(site.id, "contract", contract.id, day, now)


def current(found: Iterable[Commitment]) -> list[Commitment]:
    """Those that did not end long ago."""
    return [c for c in found if c.left is None or c.left > -OVER_SECONDS]


def thresholds(watches: Iterable[Watch]) -> Iterator[Commitment]:
    """The powers from which somebody must report."""
    for watch in watches:
        path = watch.sites[0] if len(watch.sites) == 1 else EVERYWHERE
        yield Commitment(
            path, "threshold", f"{watch.law} ({watch.subject})", used=watch.ratio,
            watts=watch.watts, limit_watts=watch.threshold_watts,
        )  # fmt: skip


def deliveries(network: Network, read: Read) -> Iterator[Commitment]:
    """What each delivery point draws of the power that is subscribed for it.

    Of a container that the twin plays in part, its readings are of that part.
    """
    points: dict[tuple[str, str], list[Meter]] = {}
    for meter in network.meters:
        if meter.delivery_point and meter.medium == "electricity" and meter.role == GRID:
            site = meter.container.partition("/")[0]
            points.setdefault((site, meter.delivery_point), []).append(meter)
    for (site, name), meters in points.items():
        limit = max((m.subscribed_watts or 0.0 for m in meters), default=0.0)
        if limit:
            drawn = _sum(
                _scaled(network, m.container, read.watts.get((m.container, m.name)))
                for m in meters if m.parent is None
            )  # fmt: skip
            used = None if drawn is None else max(drawn, 0.0) / limit
            yield Commitment(
                site, "delivery", name, None if used is None else used > 1, used,
                drawn, limit,
            )  # fmt: skip


def rivers(network: Network, read: Read) -> Iterator[Commitment]:
    """What is made of each permit to take from a river and to give back warmer."""
    for site in network.sites:
        paths = [c.path for c in network.containers if c.site == site.id]
        found = {path: read.rivers[path] for path in paths if path in read.rivers}
        for permit in site.permits:
            if _holds(network, permit, site.id):
                yield from _river(network, site.id, permit, found)


def _river(
    network: Network, site: str, permit: Permit, found: Mapping[str, River]
) -> Iterator[Commitment]:
    taken = _sum(_scaled(network, path, river.withdrawn) for path, river in found.items())
    if permit.withdrawal_cubic_meters_per_second:
        used = None if taken is None else taken / permit.withdrawal_cubic_meters_per_second
        yield Commitment(site, "withdrawal", permit.id, None if used is None else used > 1, used)
    if permit.low_flow_cubic_meters_per_second:
        flow = _least(river.flow for river in found.values())
        used = permit.low_flow_cubic_meters_per_second / flow if flow else None
        broken = None if used is None or taken is None else used > 1 and taken > 0
        yield Commitment(site, "low_flow", permit.id, broken, used)
    if permit.discharge_celsius is not None:
        yield _warmth(site, "discharge", permit, permit.discharge_celsius,
                      _most(river.discharge for river in found.values()))  # fmt: skip
    if permit.warming_celsius is not None:
        yield _warmth(site, "warming", permit, permit.warming_celsius, _most(
            river.downstream - river.upstream
            for river in found.values()
            if river.upstream is not None and river.downstream is not None
        ))  # fmt: skip


def _warmth(
    site: str, kind: str, permit: Permit, limit: float, celsius: float | None
) -> Commitment:  # fmt: skip
    broken = None if celsius is None else celsius > limit
    return Commitment(site, kind, permit.id, broken, celsius=celsius, limit_celsius=limit)


def policies(
    network: Network, judged: Judged | None, holders: Holders
) -> Iterator[Commitment]:  # fmt: skip
    """Both rules of every placement policy in force: broken, kept, or not to be judged."""
    for policy in network.placements:
        if policy.status is Status.STUDIED or policy.store not in holders.paths:
            continue
        tenant = policy.tenant or ""
        path = place_of(holders.paths[policy.store], holders.simulated)
        wanted = ((RESIDENCY, bool(policy.within)), (DENIAL, policy.home is not None))
        for kind in (kind for kind, asked in wanted if asked):
            rule = Rule(tenant, policy.store, kind)
            broken = None
            if judged is not None and rule not in judged.unclear:
                broken = rule in judged.broken
            yield Commitment(path, kind, "/".join(filter(None, (tenant, policy.store))), broken)


def released(before: Commitment) -> Commitment:
    """What is no longer declared binds nobody: kept, unused and without an end."""
    return Commitment(
        before.path, before.kind, before.item, broken=False, used=0.0, watts=0.0,
        limit_watts=before.limit_watts, limit_celsius=before.limit_celsius,
        celsius=None if before.limit_celsius is None else before.limit_celsius - 20.0, left=1e10,
    )  # fmt: skip


def place_of(paths: Collection[str], simulated: Callable[[str], bool]) -> str:
    """Where a store lies: one container or site, else everywhere; a simulated one if any is."""
    played = sorted(path for path in paths if simulated(path))
    if played or len(paths) == 1:
        return (played or sorted(paths))[0]
    sites = {path.partition("/")[0] for path in paths}
    return sites.pop() if len(sites) == 1 else EVERYWHERE


def _until(path: str, kind: str, name: str, day: date, now: datetime) -> Commitment:
    left = (datetime.combine(day, time(), UTC) - now).total_seconds()
    return Commitment(path, kind, name, left=left)


def _holds(network: Network, declared: Stated, path: str) -> bool:
    """Whether it binds: what operates does; where the twin stands in, all but studies."""
    real = declared.status is Status.OPERATING
    return real or (network.simulated(path) and declared.status is not Status.STUDIED)


def _scaled(network: Network, path: str, value: float | None) -> float | None:
    return None if value is None else value / network.scale(path)


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum; unknown where nothing is there or one of them is unknown."""
    found = list(values)
    known = [v for v in found if v is not None]
    return sum(known) if known and len(known) == len(found) else None


def _most(values: Iterable[float | None]) -> float | None:
    return max((v for v in values if v is not None), default=None)


def _least(values: Iterable[float | None]) -> float | None:
    return min((v for v in values if v is not None), default=None)


def every(
    network: Network, read: Read, watches: Sequence[Watch], policed: Iterable[Commitment],
    now: datetime,
) -> list[Commitment]:  # fmt: skip
    """All commitments of a network now."""
    return [
        *current(ending(network, now)), *thresholds(watches),
        *chain(deliveries(network, read), rivers(network, read)), *policed,
    ]  # fmt: skip
