"""What a provider says of a zone's electricity at one time, and what a provider is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, Protocol

from vigie.errors import VigieError
from vigie.shape import Quality

MOST_GRAMS_PER_KWH: Final = 2_000.0
"""More than any plant emits: whoever says so is not believed."""


class Vintage(IntEnum):
    """How final a value is; a later one replaces an earlier, and both are kept."""

    FORECAST = 0
    REAL_TIME = 1
    CONSOLIDATED = 2
    DEFINITIVE = 3


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a zone: from `start` (UTC) for `seconds`; g/kWh, and shares of 1.

    None is unknown. The whole point is left out where nothing is known.
    """

    zone: str
    start: datetime
    seconds: int
    grams_per_kwh: float | None
    renewable: float | None = None
    nuclear: float | None = None
    vintage: Vintage = Vintage.REAL_TIME
    quality: Quality = Quality.DERIVED


class ProviderFailed(VigieError):
    """A provider did not answer, or not with what was asked for."""


class Provider(Protocol):
    """One source of such values."""

    @property
    def name(self) -> str:
        """As settings call it."""

    @property
    def method(self) -> str:
        """`<id>@<version>`: values of one method may stand in one series, of two never."""

    @property
    def source(self) -> str:
        """Who it is, to be shown."""

    @property
    def licence(self) -> str:
        """Under which terms, to be shown."""

    def knows(self, zone: str) -> bool:
        """Whether it has anything to say of a zone."""

    def points(self, zone: str, start: datetime, end: datetime) -> Sequence[Point]:
        """What it says from `start` until `end`.

        Raises:
            ProviderFailed: it does not answer, or not with what was asked for.
        """


def plausible(value: object, low: float, high: float) -> float | None:
    """A number within bounds; None for what is none, as `null`, `"ND"` or a code."""
    try:
        number = float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None
    if number is None or isinstance(value, bool) or not low <= number <= high:
        return None
    return number
