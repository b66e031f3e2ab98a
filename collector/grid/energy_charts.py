"""energy-charts of Fraunhofer ISE: intensity of European countries by quarter of an hour.

https://api.energy-charts.info/: parallel arrays, with nulls where nothing is known, and a forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from collector import times
from collector.grid import web
from collector.grid.point import MOST_GRAMS_PER_KWH, Point, ProviderFailed, Vintage, plausible

ZONES: Final = frozenset(
    {
        "AT", "BE", "BG", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IT", "LT", "LU", "LV", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
STEP_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class EnergyCharts:
    """Most of Europe."""

    root: str
    name: str = "energy-charts"
    method: str = "energy-charts-co2eq@1"
    source: str = "energy-charts.info, Fraunhofer ISE"
    licence: str = "CC BY 4.0"

    def knows(self, zone: str) -> bool:
        """Countries that it lists."""
        return zone in ZONES

    def points(self, zone: str, start: datetime, end: datetime) -> Sequence[Point]:
        """Measured values, and the forecast where there is none yet. Raises ProviderFailed."""
        query = {
            "country": zone.lower(), "start": times.written(start), "end": times.written(end),
        }  # fmt: skip
        answer = web.ask(self.root, "/co2eq", query)
        columns = answer if isinstance(answer, dict) else {}
        moments = columns.get("unix_seconds")
        told = columns.get("co2eq")
        if not isinstance(moments, list) or not isinstance(told, list) or len(told) != len(moments):
            raise ProviderFailed(f"{self.root}: unix_seconds and co2eq are not equally long")
        forecast = columns.get("co2eq_forecast")
        if not isinstance(forecast, list) or len(forecast) != len(moments):
            forecast = [None] * len(moments)
        seconds = _step(moments)
        made = [
            _point(zone, seconds, *cells) for cells in zip(moments, told, forecast, strict=True)
        ]
        return [p for p in made if p is not None and start <= p.start < end]


def _point(zone: str, seconds: int, moment: Any, told: Any, forecast: Any) -> Point | None:
    at = plausible(moment, 0, 1e11)
    value, vintage = plausible(told, 0, MOST_GRAMS_PER_KWH), Vintage.REAL_TIME
    if value is None:
        value, vintage = plausible(forecast, 0, MOST_GRAMS_PER_KWH), Vintage.FORECAST
    if at is None or value is None:
        return None
    return Point(zone, datetime.fromtimestamp(at, UTC), seconds, value, vintage=vintage)


def _step(moments: Sequence[Any]) -> int:
    """Seconds between two values: the least gap there is."""
    numbers = sorted({m for m in moments if isinstance(m, int)})
    gaps = [int(b - a) for a, b in pairwise(numbers)]
    return min(gaps, default=STEP_SECONDS)
