"""Who runs sites, and how far along anything declared is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final


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


@dataclass(frozen=True, slots=True)
class Operator:
    """A company or body that runs sites; `seat` is its country, None when nobody declared it.

    `status_source` says who claims the status, and `status_since` from when it holds.
    """

    id: Identifier
    name: str
    seat: Country | None = None
    status: Status = Status.OPERATING
    status_since: date | None = None
    status_source: str = ""
