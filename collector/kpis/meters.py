"""Power and energy of a path: which meters count, and what they add up to.

A meter stands for the container that reports it, or for one host of it. Roles that stand for a
whole (`WHOLE_ROLES`) are nested, site ⊃ ups ⊃ pdu ⊃ it, and are never added to each other: the
widest role that every measured container has is taken, and where there is none in common, each
container's widest. A role that only some of the metered hosts have is passed over for one that all
of them have. Several meters of one role add. All other roles are parts (a supply, a processor, a
GPU, cooling): they lie within a whole, and neither stand for one nor are added to one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from collector.kpis.reasons import Reason
from vigie.catalogue import NO_HOST, WHOLE_ROLES
from vigie.shape import Quality

METHODS: Final = ("meter", "counter", "gauge", "model")
"""Most trusted first."""
ALL_PHASES: Final = "all"
MODEL: Final = "model"


@dataclass(frozen=True, slots=True)
class Meter:
    """The keys of one series of the measurement `power`, with its container."""

    container: str
    host: str
    meter: str
    role: str
    phase: str
    method: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Meter":
        """The meter of a row; of water and heat there is one phase, and a meter is a meter."""
        said = {"phase": ALL_PHASES, "method": METHODS[0], **row}
        return cls(*(str(said[name]) for name in cls.__slots__))

    @property
    def path(self) -> str:
        """`site/container/host/meter`, without a host that is none."""
        parts = (self.container, "" if self.host == NO_HOST else self.host, self.meter)
        return "/".join(filter(None, parts))


class Reading(Protocol):
    """What a meter says, in whatever form."""

    @property
    def meter(self) -> Meter:
        """Which meter."""

    @property
    def value(self) -> float | None:
        """None where it says nothing."""


R = TypeVar("R", bound=Reading)
Tree = Mapping[tuple[str, str], str]
"""By container and meter, the meter of that container in front of it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What one meter says: W or J, or None; `covered` is the share of the period it knows."""

    meter: Meter
    value: float | None
    covered: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class Place:
    """A container in service, and its hosts as far as they are known."""

    container: str
    simulated: bool = False
    hosts: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over meters; None with a reason. `parts` is by container.

    `covered` is the share of the period and of the places that the sum knows.
    """

    value: float | None
    reason: Reason | None
    covered: float
    quality: Quality | None
    simulated_share: float
    roles: tuple[str, ...]
    used: tuple[Known, ...]
    parts: Mapping[str, float]


def total(
    known: Iterable[Known], places: Sequence[Place], *, unread: Reason, tree: Tree | None = None
) -> Total:
    """Add up the meters that count; `unread` is the reason where these say nothing."""
    expected = {place.container for place in places}
    chosen = choose((k for k in known if k.meter.container in expected), tree)
    used = [k for k in chosen if k.value is not None]
    roles = tuple(role for role in WHOLE_ROLES if any(k.meter.role == role for k in chosen))
    if not used:
        reason = (unread if chosen else Reason.NO_METER) if places else Reason.NO_PLACE
        simulated = sum(place.simulated for place in places) / max(1, len(places))
        return Total(None, reason, 0.0, None, simulated, roles, (), {})
    parts: dict[str, float] = {}
    for k in used:
        parts[k.meter.container] = parts.get(k.meter.container, 0.0) + (k.value or 0.0)
    return Total(
        value=sum(parts.values()),
        reason=None,
        covered=sum(_covered(place, chosen) for place in places) / len(places),
        quality=max((k.quality for k in used), key=lambda quality: quality.code),
        simulated_share=_simulated(parts, places),
        roles=roles,
        used=tuple(used),
        parts=parts,
    )


def choose(known: Iterable[R], tree: Tree | None = None) -> list[R]:
    """The meters to add: of one boundary, each point once, as its most trusted method says."""
    found = points((k for k in known if k.meter.role in WHOLE_ROLES), tree)
    roles = wanted(standing(found))
    return [k for k in found if k.meter.role == roles[k.meter.container]]


def wanted(standing: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The one role to add of each container, of those that stand for it: one in common at best."""
    common = set(WHOLE_ROLES).intersection(*standing.values())
    return {
        container: next(role for role in WHOLE_ROLES if role in (common or have))
        for container, have in standing.items()
    }


def standing(points: Iterable[Reading]) -> dict[str, set[str]]:
    """The roles that stand for each container: what has no host, or has all hosts that any has.

    One host's own UPS says nothing of the others. Where no role has them all, each one stands.
    """
    hosts: dict[str, dict[str, set[str]]] = {}
    for k in points:
        m = k.meter
        if m.role in WHOLE_ROLES:
            hosts.setdefault(m.container, {}).setdefault(m.role, set()).add(m.host)
    found = {}
    for container, by_role in hosts.items():
        every = set().union(*by_role.values()) - {NO_HOST}
        whole = {role for role, own in by_role.items() if NO_HOST in own or own >= every}
        found[container] = whole or set(by_role)
    return found


def points(known: Iterable[R], tree: Tree | None = None) -> list[R]:
    """Each metering point once; a model only where nothing else says what its host draws.

    What lies behind another meter of its role is left out: the hosts behind a container's own, and
    what the network declares as behind it.
    """
    found: dict[tuple[str, ...], R] = {}
    for k in sorted(known, key=_trust):
        m = k.meter
        found.setdefault((m.container, m.host, m.role, m.meter, m.phase), k)
    whole = {key[:-1] for key in found if key[-1] == ALL_PHASES}
    real = {key[:3] for key, k in found.items() if k.meter.method != MODEL}
    once = [
        k
        for key, k in found.items()
        if (key[-1] == ALL_PHASES or key[:-1] not in whole)
        and (k.meter.method != MODEL or key[:3] not in real)
    ]
    own = {(k.meter.container, k.meter.role) for k in once if k.meter.host == NO_HOST}
    named = {(k.meter.container, k.meter.role, k.meter.meter) for k in once}
    return [
        k
        for k in once
        if (k.meter.host == NO_HOST or (k.meter.container, k.meter.role) not in own)
        and not _behind(k.meter, named, tree or {})
    ]


def _behind(meter: Meter, named: Collection[tuple[str, str, str]], tree: Tree) -> bool:
    """Whether a meter of the same role is in front of this one."""
    at, seen = meter.meter, {meter.meter}
    while (above := tree.get((meter.container, at))) is not None and above not in seen:
        if (meter.container, meter.role, above) in named:
            return True
        seen.add(above)
        at = above
    return False


def _trust(known: Reading) -> tuple[bool, int]:
    method = known.meter.method
    return known.value is None, METHODS.index(method) if method in METHODS else len(METHODS)


def _covered(place: Place, chosen: Sequence[Known]) -> float:
    """The share that is known of a container: the mean of its meters.

    Where each meter is of one host, a host that has none is a meter that says nothing.
    """
    own = [k for k in chosen if k.meter.container == place.container]
    if not own:
        return 0.0
    metered = {k.meter.host for k in own}
    bare = set() if NO_HOST in metered else set(place.hosts) - metered
    return sum(k.covered for k in own) / (len(own) + len(bare))


def _simulated(parts: Mapping[str, float], places: Sequence[Place]) -> float:
    weights = {container: abs(value) for container, value in parts.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1.0)
    twins = {place.container for place in places if place.simulated}
    return sum(w for c, w in weights.items() if c in twins) / sum(weights.values())


def quality_of(meter: Meter, code: int, *, integrated: bool) -> Quality:
    """What a meter's value is at best: `code` is the worst of its rows."""
    least = Quality.DERIVED if integrated else Quality.MEASURED
    if meter.method == MODEL:
        least = Quality.ESTIMATED
    return list(Quality)[max(code, least.code)]
