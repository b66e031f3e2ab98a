"""Who owns, runs and supplies what; and how real anything declared is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal

from vigie.document import Within


class Status(StrEnum):
    """How real a declared thing is; only what operates counts in KPIs."""

    OPERATING = "operating"
    COMMISSIONING = "commissioning"
    CONTRACTED = "contracted"
    ANNOUNCED = "announced"
    STUDIED = "studied"

    def label(self, language: str) -> str:
        """The word people see."""
        return _STATUS_FR[self] if language == "fr" else self.value


_STATUS_FR: Final[Mapping[Status, str]] = {
    Status.OPERATING: "en service",
    Status.COMMISSIONING: "en recette",
    Status.CONTRACTED: "contractualisé",
    Status.ANNOUNCED: "annoncé",
    Status.STUDIED: "à l'étude",
}


def identifier(value: object) -> str:
    """A text that can be one component of a path: small letters, digits, dashes.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?", value):
        raise ValueError(f"small letters, digits and dashes are wanted, got {value!r:.80}")
    return value


def country(value: object) -> str:
    """A two-letter country code in capitals (ISO 3166-1).

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError(f"a country code like FR is wanted, got {value!r:.80}")
    return value


Identifier = Annotated[str, identifier]
Country = Annotated[str, country]
Ratio = Annotated[float, Within(0, 1)]
Amount = Annotated[float, Within(0, 1e15)]
TenantKind = Literal["public", "association", "company", "research", "inhabitants"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What everything declared carries: how real it is, since when, and who says so.

    `assumed` names the fields whose value nobody has stated: they are ours. `status_source` is a
    public address where there is one.
    """

    status: Status = Status.OPERATING
    status_since: date | None = None
    status_source: str = ""
    assumed: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of an organisation: `ratio` of the votes; `control` where that is more than votes."""

    owner: Identifier
    ratio: Ratio
    control: bool = False


@dataclass(frozen=True, slots=True)
class Operator(Stated):
    """An organisation: `[[operators]]` run sites, `[[owners]]` hold shares, `[[suppliers]]` supply.

    `seat` is its country; `reach` the countries outside it whose law compels it by its own
    declaration. None is undeclared, and stays unknown; for a public body (`kind`) the owner is its
    country. `supplies` says what a supplier gives.
    """

    id: Identifier
    name: str
    seat: Country | None = None
    kind: Literal["company", "public", "association"] = "company"
    owners: tuple[Share, ...] | None = None
    reach: tuple[Country, ...] | None = None
    supplies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenant(Stated):
    """Whose jobs and data; `home` is the site whose local public it is of.

    A company that acts for a public body names it in `acting_for`.
    """

    id: Identifier
    name: str
    kind: TenantKind = "company"
    seat: Country | None = None
    acting_for: Identifier | None = None
    home: Identifier | None = None
    quota_gpus: Annotated[int, Within(0, 1_000_000)] | None = None
