"""What no step may break, before, during and after: who may take a fragment of which object.

Of an object that breaks a limit already, a step may not break it further. During a move the
fragment lies at both ends; as it is one index it counts once in a domain, and in a jurisdiction as
soon as either end is reached. Whoever rebuilds holds k fragments for that time.
Source: the indicators S4, S5, S8 and S11 of the KPIs' definitions, and their note on transit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from collector.plans.place import Place, Places
from collector.plans.why import Why
from vigie.fragments import Scheme
from vigie.network.places import inside
from vigie.network.policies import Placement
from vigie.network.reach import foreign, reached_by, within

STALE_SECONDS: Final = 600.0

_DOMAIN: Final[Mapping[str, Callable[[Place], str]]] = {
    "container": lambda place: place.path,
    "site": lambda place: place.site,
    "operator": lambda place: place.operator,
}


class Limits:
    """The limits of one store's policy over some containers."""

    def __init__(
        self, policy: Placement | None, scheme: Scheme, places: Places, now: float
    ) -> None:
        self.k: Final = scheme.k
        self.most: Final = 1 if policy is None else max(1, min(policy.most, scheme.n - scheme.k))
        domain = _DOMAIN["container" if policy is None else policy.domain]
        numbers: dict[str, int] = {}
        self.domain: Final = [0] + [
            numbers.setdefault(domain(place), len(numbers) + 1) for place in places
        ]
        """By number of a container."""
        self.closed: Final[list[Why | None]] = [
            Why.NO_POLICY,
            *(closed(place, policy, now) for place in places),
        ]
        """By number of a container, why it takes nothing whatever the object."""
        self.foreign = _foreign(policy, places)
        self.home = _home(policy, places)
        self.bits = [1 << bit for bit in range(max(self.foreign, default=0).bit_length())]

    def standing(self, holders: Sequence[int], source: int = 0) -> "Standing":
        """How an object stands before one of its fragments is put somewhere.

        `holders` is a number or 0 for each index; `source` is where the fragment is taken away
        afterwards, 0 where it is made anew.
        """
        return Standing(self, holders, source)

    def rebuilds(self, place: int) -> Why | None:
        """Why a container may not hold k fragments of an object for a while, None where it may."""
        if self.closed[place] in {Why.NO_POLICY, Why.OUTSIDE, Why.NOT_LISTED, Why.REACH_UNKNOWN}:
            return self.closed[place]
        return Why.RECONSTRUCT if self.foreign[place] else None

    def margin(self, holders: Sequence[int]) -> int:
        """Fragments to spare over failure domains: one domain counts for `most` at most."""
        counts: dict[int, int] = {}
        for holder in holders:
            if holder:
                domain = self.domain[holder]
                counts[domain] = min(counts.get(domain, 0) + 1, self.most)
        return sum(counts.values()) - self.k


class Standing:
    """One object, and what a step would break for it."""

    __slots__ = ("_barred", "_crowded", "_held", "_homebound", "_limits", "_whys")

    def __init__(self, limits: Limits, holders: Sequence[int], source: int) -> None:
        others = [h for h in holders if h and h != source]
        self._limits, self._held = limits, frozenset(holders)
        counts: dict[int, int] = {}
        for holder in others:
            domain = limits.domain[holder]
            counts[domain] = counts.get(domain, 0) + 1
        own = limits.domain[source]
        self._crowded = {d for d, count in counts.items() if count >= limits.most and d != own}
        self._homebound = limits.home[source] and (
            1 + sum(limits.home[h] for h in others) <= limits.k
        )
        self._whys = _exposed(limits, others, source)
        self._barred = sum(self._whys)

    def refuses(self, target: int) -> Why | None:
        """Why the fragment may not be put there, None where it may."""
        limits = self._limits
        why = limits.closed[target]
        if why is not None:
            return why
        if target in self._held:
            return Why.HOLDS
        if limits.domain[target] in self._crowded:
            return Why.DOMAIN
        barred = limits.foreign[target] & self._barred
        if barred:
            return self._whys[barred & -barred]
        if self._homebound and not limits.home[target]:
            return Why.HOME
        return None


def _exposed(limits: Limits, others: Sequence[int], source: int) -> dict[int, Why]:
    """By bit of a foreign law, why it may not come to reach one fragment more of an object."""
    reach = limits.foreign
    live = len(others) + 1  # after the step, and before it unless the fragment is made anew
    found = {}
    counts = {bit: sum(reach[h] & bit != 0 for h in others) for bit in limits.bits}
    worst = max((n + (reach[source] & bit != 0) for bit, n in counts.items()), default=0)
    for bit, count in counts.items():
        if reach[source] & bit:
            continue  # it has this very fragment already
        if count + 1 >= limits.k:
            found[bit] = Why.RECONSTRUCT
        elif count + 1 >= live - limits.k + 1:
            found[bit] = Why.DENY
        elif source and count + 1 > worst:
            found[bit] = Why.THINNER
    return found


def closed(place: Place, policy: Placement | None, now: float) -> Why | None:
    """Why a container takes nothing of a store, whatever the object; None where it may."""
    if policy is None:
        return Why.NO_POLICY
    if policy.containers and not any(inside(place.path, scope) for scope in policy.containers):
        return Why.NOT_LISTED
    if policy.within and not within(policy.within, place.country):
        return Why.OUTSIDE
    if policy.home is not None and place.reached is None:
        return Why.REACH_UNKNOWN
    checks = (
        (not place.in_service, Why.NOT_IN_SERVICE),
        (place.leaves is not None, Why.LEAVING),
        (place.failing, Why.FAILING),
        (place.hot is None, Why.HEAT_UNKNOWN),
        (bool(place.hot), Why.HOT),
        (place.told is None or now - place.told > STALE_SECONDS, Why.STALE),
        (place.fullness is None, Why.ROOM_UNKNOWN),
    )
    return next((why for wrong, why in checks if wrong), None)


def _foreign(policy: Placement | None, places: Places) -> list[int]:
    """By number of a container, a bit for each foreign law that reaches it."""
    home = policy.home if policy else None
    if home is None:
        return [0] * len(places)
    laws = [law for law in places.jurisdictions if foreign(law, home)]
    return [0] + [
        sum(
            1 << bit for bit, law in enumerate(laws)
            if reached_by(law, place.reached or {place.country})
        )
        for place in places
    ]  # fmt: skip


def _home(policy: Placement | None, places: Places) -> list[bool]:
    """By number of a container, whether it stands at home."""
    home = policy.home if policy else None
    return [False] + [home is not None and within((home,), place.country) for place in places]
