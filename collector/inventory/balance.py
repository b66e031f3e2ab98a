"""Whether electricity adds up: no meter counts less than what is behind it. Pure.

A difference within the meters' own classes is none: EN 50470 (MID) and IEC 62053-22 state them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vigie.catalogue import SUPPLY_ROLES
from vigie.network.meters import Meter

ERRORS: Final[Mapping[str, float]] = {
    "A": 0.02, "B": 0.01, "C": 0.005,
    "0.2": 0.002, "0.2S": 0.002, "0.5": 0.005, "0.5S": 0.005, "1": 0.01, "2": 0.02, "3": 0.03,
}  # fmt: skip
"""Class of a meter → the share by which what it counts may be wrong."""
UNSTATED: Final = 0.02
"""The same of a meter whose class nobody states."""
WHOLE: Final = 0.99
"""A meter that knows less of the hour says nothing of the balance."""
BEHIND_SITE: Final = ("ups", "pdu", "it")


@dataclass(frozen=True, slots=True)
class Counted:
    """What one meter counted over the hour, in J, None unknown; `covered` is the share known."""

    name: str
    role: str
    joules: float | None
    covered: float


@dataclass(frozen=True, slots=True)
class Balance:
    """One meter, or all of a role, and those behind it; joules.

    `slack` is by how much these may count more; `unknown` names the meters that say too little.
    """

    parent: str
    children: tuple[str, ...]
    before: float
    behind: float
    slack: float
    unknown: tuple[str, ...] = ()

    @property
    def closes(self) -> bool | None:
        """Whether what is behind counts no more; None where that is not known."""
        return None if self.unknown else self.behind <= self.before + self.slack

    @property
    def excess(self) -> float:
        """By how many joules what is behind counts more."""
        return self.behind - self.before


def balances(declared: Iterable[Meter], counted: Sequence[Counted]) -> list[Balance]:
    """The balance of every declared meter with others behind it.

    Where no meter is declared as behind another: of the site's meters with each of the roles
    behind them, that are nested and never added to each other.
    """
    meters = {m.name: m for m in declared if m.medium == "electricity"}
    behind: dict[str, list[str]] = {}
    for meter in meters.values():
        if meter.parent is not None:
            behind.setdefault(meter.parent, []).append(meter.name)
    by_name = {c.name: c for c in counted}
    if behind:
        return [
            _balance([parent, *_supplies(parent, meters)], children, by_name, meters)
            for parent, children in behind.items()
        ]
    by_role: dict[str, list[str]] = {}
    for c in counted:
        by_role.setdefault(c.role, []).append(c.name)
    fed = [name for role in ("site", *SUPPLY_ROLES) for name in by_role.get(role, ())]
    if "site" not in by_role:
        return []
    return [
        _balance(fed, by_role[role], by_name, meters) for role in BEHIND_SITE if role in by_role
    ]


def _supplies(parent: str, meters: Mapping[str, Meter]) -> list[str]:
    """What feeds a place beside its grid meter, where nothing says that it is behind that."""
    if parent not in meters or meters[parent].role != "site":
        return []
    return [m.name for m in meters.values() if m.role in SUPPLY_ROLES and m.parent is None]


def _balance(
    parents: Sequence[str], children: Sequence[str],
    counted: Mapping[str, Counted], meters: Mapping[str, Meter],
) -> Balance:  # fmt: skip
    before, behind = (
        [_joules(counted.get(name)) for name in names] for names in (parents, children)
    )
    unknown = [
        name
        for name, joules in zip((*parents, *children), (*before, *behind), strict=True)
        if joules is None
    ]
    slack = sum(
        (joules or 0.0) * error(meters.get(name))
        for name, joules in zip((*parents, *children), (*before, *behind), strict=True)
    )
    return Balance(
        " + ".join(parents), tuple(children), sum(j or 0.0 for j in before),
        sum(j or 0.0 for j in behind), slack, tuple(unknown),
    )  # fmt: skip


def _joules(found: Counted | None) -> float | None:
    return found.joules if found is not None and found.covered >= WHOLE else None


def error(meter: Meter | None) -> float:
    """The share by which what a meter counts may be wrong, by its class."""
    name = (
        meter.accuracy.upper().removeprefix("CLASS").removeprefix("CL").strip(" .") if meter else ""
    )
    return ERRORS.get(name, UNSTATED)
