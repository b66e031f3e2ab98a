"""Whether a placement policy can be kept, before and after one failure domain is lost."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

from vigie.network.countries import expanded
from vigie.network.network import Network
from vigie.network.places import Container, Lifecycle, inside
from vigie.network.policies import Placement


@dataclass(frozen=True, slots=True)
class Proof:
    """The numbers of one policy.

    `domains` are what may hold fragments and fails as one, each at most `placement.most` of an
    object; `home` are those in the jurisdiction that is to rebuild alone, None where none is asked.
    `excluded` counts, by reason, the containers that may hold none.
    """

    placement: Placement
    domains: tuple[str, ...]
    home: tuple[str, ...] | None
    excluded: tuple[tuple[str, int], ...] = ()

    @property
    def room(self) -> int:
        """Fragments of one object that all domains take together."""
        return len(self.domains) * self.placement.most

    @property
    def left(self) -> int:
        """Fragments of one object that the rest takes once one domain is lost."""
        return max(len(self.domains) - 1, 0) * self.placement.most

    @property
    def lost(self) -> int:
        """Fragments of one object that are lost with one domain, at worst."""
        return min(self.placement.most, self.placement.n)

    @property
    def spare(self) -> int:
        """Fragments that an object can lose and still be read: n - k."""
        return self.placement.n - self.placement.k

    @property
    def fits(self) -> bool:
        """Whether n fragments find room, k of them at home."""
        policy = self.placement
        at_home = self.home is None or len(self.home) * policy.most >= policy.k
        return self.room >= policy.n and at_home

    @property
    def survives(self) -> bool:
        """The loss of any one domain leaves every object readable."""
        return self.lost <= self.spare

    @property
    def repairable(self) -> bool:
        """And what is left takes all n fragments again, k of them at home."""
        policy = self.placement
        at_home = self.home is None or (len(self.home) - 1) * policy.most >= policy.k
        return self.left >= policy.n and at_home

    @property
    def holds(self) -> bool:
        """Whether the policy can be kept, and still after a loss."""
        return self.fits and self.survives and self.repairable

    @property
    def shortfall(self) -> str | None:
        """Which number falls short, and what would do; None where none does."""
        if self.holds:
            return None
        if not self.domains:
            reasons = ", ".join(f"{count} {reason}" for reason, count in self.excluded)
            return f"no container may hold its fragments ({reasons or 'there is none'}); allow some"
        return f"{self._short()}: {self._remedy()}"

    def _short(self) -> str:
        policy, word = self.placement, self.placement.domain
        if self.room < policy.n:
            return f"{_sum(len(self.domains), word, policy.most)} < n = {policy.n}"
        if not self.survives:
            return f"losing one {word} loses {self.lost} fragments > n - k = {self.spare}"
        if self.left < policy.n:
            rest = _sum(len(self.domains) - 1, word, policy.most)
            return f"after the loss of one {word}, {rest} < n = {policy.n}"
        home = len(self.home or ())
        if home * policy.most < policy.k:
            return f"in {policy.home}, {_sum(home, word, policy.most)} < k = {policy.k}"
        rest = _sum(home - 1, word, policy.most)
        return f"in {policy.home}, after the loss of one {word}, {rest} < k = {policy.k}"

    def _remedy(self) -> str:
        """What makes every number suffice, not only the one that was told."""
        policy, word = self.placement, self.placement.domain
        if not self.spare:
            return "k = n leaves no fragment to lose; lower k or raise n"
        ways = []
        needed = self._most_needed()
        if needed is not None and needed <= self.spare:
            verb = "raise" if needed > policy.most else "lower"
            ways.append(f"{verb} most to {needed if verb == 'raise' else self.spare}")
        most = min(policy.most, self.spare)
        more = ceil(policy.n / most) + 1 - len(self.domains)
        at_home = 0 if self.home is None else ceil(policy.k / most) + 1 - len(self.home)
        lower = "" if most == policy.most else f"lower most to {most} and "
        if at_home > 0:
            more = max(more, at_home)
            where = f", {at_home} in {policy.home}"
            ways.append(f"{lower}allow {_count(more, f'more {word}')}{where}")
        elif more > 0:
            ways.append(f"{lower}allow {_count(more, f'more {word}')}")
        return " or ".join(ways)

    def _most_needed(self) -> int | None:
        """The least `most` with which the domains that there are suffice; None if none does."""
        wants = [(self.placement.n, len(self.domains) - 1)]
        if self.home is not None:
            wants.append((self.placement.k, len(self.home) - 1))
        if any(rest < 1 for _, rest in wants):
            return None
        return max(ceil(fragments / rest) for fragments, rest in wants)


def prove(policy: Placement, network: Network) -> Proof:
    """The proof of a policy on everything declared and not retired, however real it is yet."""
    countries = expanded(policy.within)
    home = expanded((policy.home,)) if policy.home else frozenset()
    excluded: Counter[str] = Counter()
    domains: dict[str, bool] = {}
    for container in network.containers:
        site = network.site(container.site)
        country = site.country if site else None
        reason = _excluded(policy, container, country, countries)
        if reason:
            excluded[reason] += 1
            continue
        domain = {
            "container": container.path,
            "site": container.site,
            "operator": site.operator if site else "",
        }[policy.domain]
        domains[domain] = domains.get(domain, False) or country in home
    at_home = tuple(sorted(d for d, is_home in domains.items() if is_home))
    return Proof(
        policy,
        tuple(sorted(domains)),
        at_home if policy.home else None,
        tuple(sorted(excluded.items())),
    )


def _excluded(
    policy: Placement, container: Container, country: str | None, countries: Collection[str | None]
) -> str | None:
    """Why a container may hold no fragment; unknown storage may be some, an unknown country not."""
    if policy.containers and not any(inside(container.path, p) for p in policy.containers):
        return "not among its containers"
    if policy.within and country not in countries:
        return f"outside {' '.join(policy.within)}"
    if container.role == "compute" or container.capacity.storage_bytes == 0:
        return "without storage"
    return "retired" if container.lifecycle is Lifecycle.RETIRED else None


def _sum(count: int, word: str, most: int) -> str:
    return f"{_count(count, word)} x {most} = {count * most}"


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
