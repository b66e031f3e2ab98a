"""Sites and the containers on them; a path `site/container/host` names every place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vigie.document import Size, Within
from vigie.network.operators import Amount, Country, Identifier, Ratio, Stated, TenantKind


class Lifecycle(StrEnum):
    """Where a container is in its life; only one in service is expected to report."""

    DECLARED = "declared"
    COMMISSIONING = "commissioning"
    IN_SERVICE = "in_service"
    MAINTENANCE = "maintenance"
    RETIRED = "retired"

    def label(self, language: str) -> str:
        """The words people see."""
        return _LIFECYCLE_FR[self] if language == "fr" else self.value.replace("_", " ")


_LIFECYCLE_FR: Final[Mapping[Lifecycle, str]] = {
    Lifecycle.DECLARED: "déclaré",
    Lifecycle.COMMISSIONING: "en recette",
    Lifecycle.IN_SERVICE: "en service",
    Lifecycle.MAINTENANCE: "en maintenance",
    Lifecycle.RETIRED: "retiré",
}


def timezone(value: object) -> str:
    """The name of a time zone, as Europe/Paris.

    Raises:
        ValueError: it is none.
    """
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"a time zone like Europe/Paris is wanted, got {value!r:.80}") from error


TimeZone = Annotated[str, timezone]


@dataclass(frozen=True, slots=True)
class Cooling(Stated):
    """A way in which a site gives away its heat; a variant under study has that status."""

    kind: Literal["free_air", "chiller", "dry_cooler", "river", "immersion", "rear_door"]
    share: Ratio = 1.0
    supply_celsius: Annotated[float, Within(-30, 100)] | None = None
    fluid: str = ""


@dataclass(frozen=True, slots=True)
class Permit(Stated):
    """What an authority allows a site to take from a river and to give back; None is no limit.

    `low_flow_cubic_meters_per_second` is the discharge of the river below which nothing is taken.
    """

    id: Identifier
    authority: str
    water: str
    withdrawal_cubic_meters_per_second: Amount | None = None
    withdrawal_cubic_meters_per_year: Amount | None = None
    discharge_celsius: Annotated[float, Within(0, 60)] | None = None
    warming_celsius: Annotated[float, Within(0, 30)] | None = None
    low_flow_cubic_meters_per_second: Amount | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class HeatHandover(Stated):
    """Where heat is given to others: to whom, and how much of it at most."""

    to: str
    capacity_watts: Amount | None = None


@dataclass(frozen=True, slots=True)
class Phase(Stated):
    """A step of building: what stands once it is done, and when that was announced for."""

    name: str
    due: str = ""
    gpus: Annotated[int, Within(0, 10_000_000)] | None = None
    power_watts: Amount | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call, for what."""

    role: str
    name: str
    reach: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a site says of itself once a year to the authorities (Regulation (EU) 2024/1364, I, II).

    None and empty are unknown, and go into a report as such, with the reason. Areas in m2.
    Redundancies are written N, N+1, 2N.
    """

    lau: str = ""
    siret: str = ""
    type: Literal["enterprise", "colocation", "co-hosting"] | None = None
    structure: Literal["structure", "group of structures"] | None = None
    started: str = ""
    floor_square_meters: Amount | None = None
    computer_room_square_meters: Amount | None = None
    redundancy_high_voltage: str = ""
    redundancy_low_voltage: str = ""
    redundancy_rack: str = ""
    redundancy_cooling_room: str = ""
    redundancy_cooling_rack: str = ""
    refrigerants: tuple[str, ...] | None = None
    grid_functions: str | None = None
    battery_offered_watts: Amount | None = None
    intake_setpoint_celsius: Annotated[float, Within(0, 60)] | None = None
    cooling_degree_days: Amount | None = None
    server_capacity: Amount | None = None
    server_room_ratio: Ratio | None = None
    storage_room_ratio: Ratio | None = None


@dataclass(frozen=True, slots=True)
class Site(Stated):
    """A place with one operator, one grid connection and one legal time.

    `zone` is the grid's zone (zones.toml), or None when nobody declared one: carbon is
    then unknown. `simulated` says that the twin stands in for it. `owner` and `landlord` are of
    organisations. `serves` names the only kinds of tenant that may use it; empty is all.
    """

    id: Identifier
    name: str
    operator: str
    country: Country | None = None
    region: str = ""
    zone: str | None = None
    latitude: Annotated[float, Within(-90, 90)] | None = None
    longitude: Annotated[float, Within(-180, 180)] | None = None
    timezone: TimeZone = "UTC"
    simulated: bool = False
    commune: str = ""
    owner: str | None = None
    landlord: str | None = None
    serves: tuple[TenantKind, ...] = ()
    cooling: tuple[Cooling, ...] = ()
    permits: tuple[Permit, ...] = ()
    heat: tuple[HeatHandover, ...] = ()
    phases: tuple[Phase, ...] = ()
    contacts: tuple[Contact, ...] = ()
    registration: Registration = Registration()


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a container was built for; None is unknown."""

    power_watts: Annotated[float, Within(0, 1e10)] | None = None
    gpus: Annotated[int, Within(0, 1_000_000)] | None = None
    storage_bytes: Size | None = None


@dataclass(frozen=True, slots=True)
class Equipment:
    """How many of one thing a container holds, what making one emitted, and how long it serves.

    `item` is a row of the packaged table of embodied carbon, else `embodied_grams` is given.
    `origin` is the country whose law its maker obeys; `euros` what one cost.
    """

    item: str
    count: Annotated[int, Within(1, 10_000_000)]
    lifetime_years: Annotated[float, Within(1, 50)] = 5.0
    embodied_grams: Amount | None = None
    origin: Country | None = None
    euros: Amount | None = None
    use: Literal["compute", "storage", "shared"] = "compute"


@dataclass(frozen=True, slots=True)
class Container(Stated):
    """The unit of deployment, and what fails as one.

    `scale` is the share of it that the twin plays, 1 all of it. `management` and `technology` name
    the suppliers that can reach into it from afar and those without whose parts it does not run:
    None is undeclared and unknown, empty is nobody. `gpu` is the model of its GPUs.
    """

    id: Identifier
    name: str
    site: str
    lifecycle: Lifecycle = Lifecycle.IN_SERVICE
    role: Literal["compute", "storage", "mixed"] = "mixed"
    capacity: Capacity = Capacity()
    simulated: bool = False
    lifecycle_since: date | None = None
    scale: Annotated[float, Within(1e-6, 1)] = 1.0
    gpu: str = ""
    hosts: Annotated[int, Within(1, 1_000_000)] | None = None
    equipment: tuple[Equipment, ...] = ()
    management: tuple[Identifier, ...] | None = None
    technology: tuple[Identifier, ...] | None = None
    sources: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """`site/container`."""
        return f"{self.site}/{self.id}"


_PERIMETER: Final = "perimeter:"


def inside(path: str, scope: str) -> bool:
    """Whether a path lies in a scope: the same, or below it; the scope "" holds everything.

    A perimeter is for `Network.within` to look up: no path lies in its scope.
    """
    return not scope or path == scope or path.startswith(f"{scope}/")


def perimeter_of(scope: str) -> str | None:
    """The id of the perimeter that a scope names (`perimeter:id`), or None: it is a path."""
    return scope.removeprefix(_PERIMETER) if scope.startswith(_PERIMETER) else None


def scope_of(perimeter: str) -> str:
    """The scope that is a perimeter."""
    return _PERIMETER + perimeter
