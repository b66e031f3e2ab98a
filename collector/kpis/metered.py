"""What meters counted, hour by hour: read twice, checked, and added up by role. Pure.

A meter has a counter, a gauge (power, flow), or both. The counter is believed, unless it went back
or jumped beyond what the gauge, or the size of the place, allows: then that hour is the integral of
the gauge, or unknown where there is none. Nothing is put in the place of what nobody measured.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.kpis import meters
from collector.kpis.facts import Floats, Hourly
from collector.kpis.meters import Meter, Tree
from vigie.catalogue import NO_HOST, SUPPLY_ROLES, WHOLE_ROLES
from vigie.shape import Quality
from vigie.units import JOULES_PER_KWH

WHOLE: Final = 0.99
"""An hour of which less is known is known in part."""
GAUGED: Final = 0.5
"""Share of an hour that a gauge must know to judge the counter of its meter."""
FASTER: Final = 4.0
"""A counter that grew so much faster than its gauge allows has jumped."""
LARGER: Final = 2.0
"""Likewise than all that the place was built for."""
MORE: Final = 1.02
"""What lies behind a meter may count so much more than it before they are at odds."""
LEAST_JOULES: Final = float(JOULES_PER_KWH)
LEAST_CUBIC_METERS: Final = 0.1
"""A jump is more than this."""


class Doubt(Enum):
    """What is wrong with a meter, in French and English; `{}` is the meter."""

    BACK = "{} : compteur revenu en arrière", "{}: counter went back"
    JUMP = "{} : saut du compteur", "{}: counter jumped"
    SUSPECT = "{} : valeurs invraisemblables écartées", "{}: implausible readings left out"
    CHILDREN = (
        "{} : les compteurs situés derrière comptent davantage",
        "{}: the meters behind it count more",
    )

    def words(self, meter: str) -> tuple[str, str]:
        """The sentence in both languages."""
        french, english = self.value
        return french.format(meter), english.format(meter)


Doubts = tuple[tuple[Doubt, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """A field of one meter by interval: NaN is unknown; seconds covered, and lost in gaps."""

    total: Floats
    covered: Floats
    gap: Floats
    touched: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Metered:
    """One meter hour by hour; `covered` in seconds, `whole` as in `facts.Hourly`."""

    meter: Meter
    amount: Floats
    covered: Floats
    whole: NDArray[np.bool_]
    quality: Quality
    doubts: Doubts = ()

    @property
    def value(self) -> float | None:
        """What it counted in all."""
        known = ~np.isnan(self.amount)
        return float(self.amount[known].sum()) if known.any() else None

    def within(self, cells: slice) -> "Metered":
        """The same of some hours only."""
        return replace(
            self, amount=self.amount[cells], covered=self.covered[cells], whole=self.whole[cells]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """How long each interval is, in seconds, and how much of each may be missing unseen."""

    seconds: Floats
    slack: Floats

    @classmethod
    def of(cls, seconds: Floats, *, tail: float = 0.0) -> "Clock":
        """`tail`: what the last interval may lack because its newest readings are yet to come."""
        slack = (1 - WHOLE) * seconds
        if len(slack):
            slack[-1] = max(slack[-1], tail)
        return cls(seconds, slack)


def metered(
    meter: Meter,
    counter: Counted | None,
    gauge: Counted | None,
    clock: Clock,
    code: int = 0,
    *,
    most: float | None = None,
    least: float = LEAST_JOULES,
    suspect: bool = False,
) -> Metered:
    """One meter out of its two fields.

    `code` is the worst quality of its rows. A growth of more than `least` is a jump where the gauge
    does not account for it, nor `most`, what its place may take per second.
    """
    nothing = np.full(len(clock.seconds), np.nan)
    none = np.zeros(len(clock.seconds))
    count = counter or Counted(nothing, none, none, none > 0)
    read = gauge or Counted(nothing, none, none, none > 0)
    told = count.covered + count.gap
    jumped = _judge(count, read, clock, most) & (count.total > least)
    bad = (count.touched | jumped) & ~np.isnan(count.total)
    poor = bad | np.isnan(count.total) | (read.covered > told + clock.slack)
    amount = np.where(poor, read.total, count.total)
    covered = np.where(poor, read.covered, count.covered)
    reach = np.where(poor, read.covered, told)
    whole = ~np.isnan(amount) & (reach >= clock.seconds - clock.slack)
    doubts = [
        *([(Doubt.BACK, meter.path)] if count.touched.any() else []),
        *([(Doubt.JUMP, meter.path)] if (jumped & ~count.touched).any() else []),
        *([(Doubt.SUSPECT, meter.path)] if suspect else []),
    ]
    integrated = bool((poor & ~np.isnan(amount)).any()) or bool(doubts)
    quality = meters.quality_of(meter, code, integrated=integrated)
    return Metered(meter, amount, np.nan_to_num(covered), whole, quality, tuple(doubts))


def _judge(count: Counted, read: Counted, clock: Clock, most: float | None) -> NDArray[np.bool_]:
    """Where a counter grew faster than can be."""
    told = count.covered + count.gap
    judged = read.covered > GAUGED * clock.seconds
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(judged, read.total / read.covered, np.nan)
        jumped = count.total > FASTER * np.abs(mean) * told
        if most:
            jumped |= ~judged & (count.total > LARGER * most * told)
    found: NDArray[np.bool_] = jumped
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Every role of one container, added up, and what is doubtful about its meters."""

    roles: Mapping[str, Hourly]
    doubts: Doubts = field(default=())


def sums(
    found: Iterable[Metered], clock: Clock, hosts: Collection[str] = (), tree: Tree | None = None
) -> Sums:
    """The meters of one container by role, each point once; of wholes only those that stand for it.

    `hosts` are those known of the container: where each meter is of one host, a host without one
    is a meter that says nothing.
    """
    every = list(found)
    points = meters.points(every, tree)
    stand = set().union(*meters.standing(points).values())
    by_role: dict[str, list[Metered]] = {}
    for k in points:
        if k.meter.role not in WHOLE_ROLES or k.meter.role in stand:
            by_role.setdefault(k.meter.role, []).append(k)
    roles = {role: _sum(own, clock, hosts) for role, own in by_role.items()}
    odd = [*(o for o in _behind(every, tree or {}) if o[0] in roles), *_nested(roles)]
    for role, _ in odd:
        roles[role] = replace(roles[role], quality=_worse(roles[role].quality, Quality.ESTIMATED))
    doubts = dict.fromkeys(doubt for k in points for doubt in k.doubts)
    return Sums(roles, (*doubts, *dict.fromkeys((Doubt.CHILDREN, path) for _, path in odd)))


def _sum(own: Sequence[Metered], clock: Clock, hosts: Collection[str]) -> Hourly:
    """Meters of one role as one quantity."""
    metered = {k.meter.host for k in own}
    role = own[0].meter.role
    bare = set() if NO_HOST in metered or role not in WHOLE_ROLES else set(hosts) - metered
    amounts = np.array([k.amount for k in own])
    unknown = np.isnan(amounts)
    amount = np.where(unknown.all(axis=0), np.nan, np.nansum(amounts, axis=0))
    seconds = np.sum([k.covered for k in own], axis=0) / (len(own) + len(bare))
    covered = np.minimum(1.0, seconds / np.where(clock.seconds > 0, clock.seconds, 1))
    used = [k for k in own if k.value is not None]
    return Hourly(
        amount,
        covered,
        max((k.quality for k in used), key=lambda q: q.code, default=Quality.MEASURED),
        tuple(f"{k.meter.path} ({k.meter.method}, {k.quality.value})" for k in used),
        np.all([k.whole for k in own], axis=0) & (not bare),
        tuple(k.value for k in used),
    )


def _nested(roles: Mapping[str, Hourly]) -> list[tuple[str, str]]:
    """Roles that count less than the role behind them, over the hours that know both."""
    found = []
    have = [role for role in WHOLE_ROLES if role in roles]
    for above, below in pairwise(have):
        supplies = [roles[r] for r in SUPPLY_ROLES if above == "site" and r in roles]
        front = [roles[above], *supplies]
        both = roles[below].known & np.all([h.known for h in front], axis=0)
        more = sum(float(h.amount[both].sum()) for h in front)
        if both.any() and float(roles[below].amount[both].sum()) > MORE * max(more, 0.0):
            found.append((above, "; ".join(_named(roles[above].sources))))
    return found


def _named(sources: Sequence[str]) -> list[str]:
    return [source.partition(" ")[0] for source in sources]


def _behind(found: Sequence[Metered], tree: Tree) -> list[tuple[str, str]]:
    """Meters that count less than those which the network declares behind them."""
    by_name: dict[tuple[str, str], Metered] = {}
    behind: dict[tuple[str, str], list[Metered]] = {}
    for k in meters.points(found):  # a point once, also where it is behind another of its role
        by_name.setdefault((k.meter.container, k.meter.meter), k)
    for (container, name), k in by_name.items():
        if (above := tree.get((container, name))) is not None:
            behind.setdefault((container, above), []).append(k)
    odd = []
    for key, children in behind.items():
        if (parent := by_name.get(key)) is None:
            continue
        both = parent.whole & np.all([k.whole for k in children], axis=0)
        below = sum(float(k.amount[both].sum()) for k in children)
        if both.any() and below > MORE * max(float(parent.amount[both].sum()), 0.0):
            odd.append((parent.meter.role, parent.meter.path))
    return odd


def _worse(one: Quality, other: Quality) -> Quality:
    return max(one, other, key=lambda quality: quality.code)


def together(
    counts: Sequence[Counted], clock: Clock, quality: Quality, sources: Sequence[str] = ()
) -> Hourly:
    """Several series of one quantity, added up; unknown all through where there is none."""
    if not counts:
        nothing = np.full(len(clock.seconds), np.nan)
        return Hourly(nothing, np.zeros(len(clock.seconds)), quality)
    totals = np.array([count.total for count in counts])
    unknown = np.isnan(totals)
    covered = np.mean([count.covered for count in counts], axis=0)
    reach = np.min([count.covered + count.gap for count in counts], axis=0)
    return Hourly(
        np.where(unknown.all(axis=0), np.nan, np.nansum(totals, axis=0)),
        np.minimum(1.0, covered / np.where(clock.seconds > 0, clock.seconds, 1)),
        quality,
        tuple(sources),
        ~unknown.any(axis=0) & (reach >= clock.seconds - clock.slack),
        tuple(None if np.isnan(t).all() else float(np.nansum(t)) for t in totals),
    )


def counted(spread: Any, row: int, cells: slice = slice(None)) -> Counted:
    """One row of a `rollups.increase.Spread`."""
    return Counted(
        spread.total[row, cells],
        spread.covered[row, cells],
        spread.gap[row, cells],
        spread.touched[row, cells],
    )
