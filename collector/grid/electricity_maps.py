"""Electricity Maps: hourly, flow-traced, life cycle; with a token of one's own.

Without a zone it would answer for where the caller is: the zone is always given, and what comes
back must name it. https://app.electricitymaps.com/developer-hub/api/reference
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from collector.grid import web
from collector.grid.point import MOST_GRAMS_PER_KWH, Point, ProviderFailed, plausible
from vigie.network.load import zones
from vigie.shape import Quality

STEP_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class ElectricityMaps:
    """The world, of the last day."""

    root: str
    token: Path | None
    name: str = "electricity-maps"
    method: str = "electricity-maps-lifecycle@1"
    source: str = "Electricity Maps"
    licence: str = "under its own terms: not to be passed on"

    def knows(self, zone: str) -> bool:
        """Any zone, as far as the token's plan goes."""
        return zone in zones()

    def points(self, zone: str, start: datetime, end: datetime) -> Sequence[Point]:
        """The hours of the last day. Raises ProviderFailed."""
        query = {
            "zone": zone, "emissionFactorType": "lifecycle", "flowTraced": "true",
            "disableCallerLookup": "true",
        }  # fmt: skip
        path = "/v4/carbon-intensity/history"
        answer = web.ask(self.root, path, query, {"auth-token": self._token()})
        if not isinstance(answer, dict) or answer.get("zone", zone) != zone:
            raise ProviderFailed(f"{self.root}: answers for another zone than {zone}")
        rows = answer.get("data", answer.get("history"))
        if not isinstance(rows, list):
            raise ProviderFailed(f"{self.root}: has neither `data` nor `history`")
        made = [_point(zone, row) for row in rows]
        return [p for p in made if p is not None and start <= p.start < end]

    def _token(self) -> str:
        if self.token is None:
            raise ProviderFailed("electricity-maps: set collector.grid.electricity_maps_token")
        try:
            return self.token.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ProviderFailed(f"{self.token}: cannot be read: {error.strerror}") from error


def _point(zone: str, row: Any) -> Point | None:
    if not isinstance(row, dict) or row.get("zone", zone) != zone:
        return None
    if row.get("emissionFactorType", "lifecycle") != "lifecycle":
        return None
    value = plausible(row.get("carbonIntensity"), 0, MOST_GRAMS_PER_KWH)
    try:
        moment = datetime.fromisoformat(str(row.get("datetime")))
    except ValueError:
        return None
    if value is None:
        return None
    estimated = bool(row.get("isEstimated"))
    quality = Quality.ESTIMATED if estimated else Quality.DERIVED
    return Point(zone, moment.astimezone(UTC), STEP_SECONDS, value, quality=quality)
