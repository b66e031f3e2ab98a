"""Sites and the containers on them; a path `site/container/host` names every place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vigie.document import Size, Within
from vigie.network.operators import Country, Identifier, Status


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
class Site:
    """A place with one operator, one grid connection and one legal time.

    `zone` is the grid's zone (reference/zones.toml), or None when nobody declared one: carbon is
    then unknown. `simulated` says that the twin stands in for it.
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
    status: Status = Status.OPERATING
    status_since: date | None = None
    status_source: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a container was built for; None is unknown."""

    power_watts: Annotated[float, Within(0, 1e10)] | None = None
    gpus: Annotated[int, Within(0, 1_000_000)] | None = None
    storage_bytes: Size | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """The unit of deployment, and what fails as one."""

    id: Identifier
    name: str
    site: str
    lifecycle: Lifecycle = Lifecycle.IN_SERVICE
    role: Literal["compute", "storage", "mixed"] = "mixed"
    capacity: Capacity = Capacity()
    simulated: bool = False

    @property
    def path(self) -> str:
        """`site/container`."""
        return f"{self.site}/{self.id}"


def inside(path: str, scope: str) -> bool:
    """Whether a path lies in a scope: the same, or below it; the scope "" holds everything."""
    return not scope or path == scope or path.startswith(f"{scope}/")
