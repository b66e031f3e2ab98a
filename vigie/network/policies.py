"""What may lie and run where; who publishes for which sites; what was proven."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from vigie.document import Misfit, Within
from vigie.network.operators import Amount, Country, Identifier, Ratio, Stated


@dataclass(frozen=True, slots=True)
class Placement(Stated):
    """Where the fragments of a store may lie: any `k` of `n` rebuild an object.

    `within` are the countries that they must not leave (EU stands for its members), `home` the
    jurisdiction that must be able to rebuild them alone, `domain` what is taken to fail as one and
    holds at most `most` of an object's fragments. `containers` are path prefixes; empty is all.
    `keys` are the countries in which a key to read the objects is held: None is unknown.
    """

    id: Identifier
    store: str
    k: Annotated[int, Within(1, 255)]
    n: Annotated[int, Within(1, 255)]
    tenant: str | None = None
    within: tuple[Country, ...] = ()
    home: Country | None = None
    domain: Literal["container", "site", "operator"] = "container"
    most: Annotated[int, Within(1, 255)] = 1
    containers: tuple[str, ...] = ()
    keys: tuple[Country, ...] | None = None
    catalogue: tuple[Country, ...] | None = None

    def __post_init__(self) -> None:
        if self.k > self.n:
            raise Misfit("k", f"{self.k}-of-{self.n} is no erasure code: k is n at most")


@dataclass(frozen=True, slots=True)
class Tenancy(Stated):
    """Where the jobs of tenants may run: countries, and kinds of tenant by site."""

    id: Identifier
    tenants: tuple[Identifier, ...]
    within: tuple[Country, ...] = ()
    sites: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Perimeter(Stated):
    """A named list of sites with a publisher and a legal basis."""

    id: Identifier
    name: str
    publisher: str
    sites: tuple[Identifier, ...]
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Partner:
    """Who takes part in a pilot: which operator, and what it offers."""

    operator: Identifier
    container: str
    offers_bytes: Amount | None = None


@dataclass(frozen=True, slots=True)
class Pilot(Stated):
    """A trial of so many months by several partners, of stores that they share."""

    id: Identifier
    name: str
    stores: tuple[str, ...]
    partners: tuple[Partner, ...]
    begins: date | None = None
    months: Annotated[int, Within(1, 120)] = 12
    supplier: str | None = None


@dataclass(frozen=True, slots=True)
class Qualification(Stated):
    """A certificate of an organisation or a site (`subject`): its scheme, level and end."""

    subject: str
    scheme: str
    level: str = ""
    issued: date | None = None
    expires: date | None = None

    def __post_init__(self) -> None:
        if self.issued and self.expires and self.issued >= self.expires:
            raise Misfit("expires", f"is {self.expires}, not after it was issued, {self.issued}")


@dataclass(frozen=True, slots=True)
class Evidence(Stated):
    """Something measured outside Vigie that a sovereignty indicator needs, of one path.

    `kind`: a drill of disconnecting or of leaving (with the hours survived or the days taken as
    `value`, and whether it was `passed`), the share of privileged sessions opened by people of the
    home jurisdiction, of deletions with a receipt, of stored bytes with an open manifest, of
    components with an open licence, or of firmware signed in the home jurisdiction.
    """

    path: str
    kind: Literal[
        "disconnect_drill",
        "exit_drill",
        "home_sessions",
        "deletion_receipts",
        "open_manifests",
        "open_licence",
        "home_firmware",
    ]
    day: date
    value: float | None = None
    passed: bool | None = None
    share: Ratio | None = None
