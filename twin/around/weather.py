"""Weather and river of a place: seasons, days, passing fronts; a matter of place, time and seed.

A model of climate in four terms, tuned by eye to stations between 40 and 55 degrees north: mean by
latitude, seasons, days, and fronts as seeded noise. It forecasts nothing.
"""

import math
from dataclasses import dataclass
from typing import Final

from twin.chance import salt, wave

DAY: Final = 86_400.0
YEAR: Final = 365.2422 * DAY
USUAL_LATITUDE: Final = 47.0
"""Of a site that nobody gave a place."""


@dataclass(frozen=True, slots=True)
class Air:
    """Outdoor air: °C, relative humidity 0 to 1, °C of the wet bulb."""

    temperature_celsius: float
    humidity_ratio: float
    wet_bulb_celsius: float


@dataclass(frozen=True, slots=True)
class River:
    """The river before anything is taken: °C and m3/s."""

    temperature_celsius: float
    flow_cubic_meters_per_second: float


def saturation(celsius: float) -> float:
    """Vapour pressure over water, in hPa (Magnus, a = 17.62, b = 243.12 °C)."""
    return 6.112 * math.exp(17.62 * celsius / (243.12 + celsius))


def dew_point(celsius: float, humidity: float) -> float:
    """°C at which that air begins to wet what it touches (Magnus)."""
    part = math.log(max(humidity, 0.01)) + 17.62 * celsius / (243.12 + celsius)
    return 243.12 * part / (17.62 - part)


def wet_bulb(celsius: float, humidity: float) -> float:
    """°C of a wet thermometer in the wind (Stull 2011, good to 1 K above 5 % humidity)."""
    percent = humidity * 100
    told: float = (
        celsius * math.atan(0.151977 * math.sqrt(percent + 8.313659))
        + math.atan(celsius + percent)
        - math.atan(percent - 1.676331)
        + 0.00391838 * math.pow(percent, 1.5) * math.atan(0.023101 * percent)
        - 4.686035
    )
    return min(told, celsius)


class Weather:
    """The air and the river of one place; times in Unix seconds."""

    def __init__(self, latitude: float | None, longitude: float | None, seed: int) -> None:
        self._latitude = USUAL_LATITUDE if latitude is None else latitude
        self._longitude = 0.0 if longitude is None else longitude
        # Neighbours share their weather: to a degree, about 100 km.
        self._salt = salt(seed, "weather", round(self._latitude), round(self._longitude))
        self._mean = 28.0 - 0.0072 * self._latitude**2
        self._swing = math.copysign(7.5 + 0.2 * max(self._longitude, 0.0), self._latitude)

    def air(self, time: float, *, hot: float | None = None) -> Air:
        """Outdoor air; with `hot` it is that many kelvins above high summer, whatever the date."""
        day = (time / DAY + self._longitude / 360) % 1.0
        daily = 4.5 * math.cos(2 * math.pi * (day - 15 / 24))
        slow = self._season(time, 0.0) + 3.0 * wave(self._salt, time, 3.5 * DAY)
        if hot is not None:
            slow = self._mean + abs(self._swing) + hot
        celsius = slow + daily + 1.0 * wave(self._salt + 1, time, 0.5 * DAY)
        dew = slow - 4.0 + 2.0 * wave(self._salt + 2, time, 2.5 * DAY)
        humidity = min(max(saturation(min(dew, celsius)) / saturation(celsius), 0.1), 1.0)
        return Air(celsius, humidity, wet_bulb(celsius, humidity))

    def river(
        self, time: float, mean_flow: float, *, least: float = 0.5, flow_ratio: float = 1.0
    ) -> River:
        """The river: it follows the air by three weeks, and is lowest at the end of summer.

        `least` is the °C that it has at least, `flow_ratio` what is left of its flow.
        """
        late = self._season(time, 21 * DAY)
        celsius = self._mean + 0.85 * (late - self._mean)
        celsius += 0.8 * wave(self._salt + 3, time, 9 * DAY)
        year = (time % YEAR) / YEAR
        flow = 0.35 * math.cos(2 * math.pi * (year - 130 / 365))
        flow += 0.22 * wave(self._salt + 4, time, 8 * DAY)
        return River(max(celsius, least), mean_flow * math.exp(flow) * flow_ratio)

    def _season(self, time: float, later: float) -> float:
        year = ((time - later) % YEAR) / YEAR
        return self._mean - self._swing * math.cos(2 * math.pi * (year - 20 / 365))
