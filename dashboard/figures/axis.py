"""Ticks of a time axis in local time, right on the two clock-change days too."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dashboard.format import DAY, HOUR, MINUTE, clock

_STEPS: Final = (
    MINUTE, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY,
)  # fmt: skip
WANTED: Final = 7
"""About how many ticks there is room for."""


def ticks(start: float, end: float, zone: ZoneInfo) -> tuple[list[float], list[str]]:
    """Instants on round local times, and how each is written there."""
    step = next((s for s in _STEPS if (end - start) / s <= WANTED), DAY)
    at = _round_up(start, step, zone)
    places: list[float] = []
    while at <= end:
        places.append(at)
        at = _round_up(at + 1, step, zone)
    return places, [clock(place, zone) for place in places]


def _round_up(at: float, step: int, zone: ZoneInfo) -> float:
    """The first instant from `at` on whose local time is a multiple of `step`.

    Walks by quarters of an hour or less, since the offset may change in between.
    """
    stride = min(step, 15 * MINUTE)
    whole = -(-at // stride) * stride
    while _seconds_of_day(whole, zone) % step:
        whole += stride
    return whole


def _seconds_of_day(at: float, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    since = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    return int(since.total_seconds())
