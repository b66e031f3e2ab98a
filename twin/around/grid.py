"""The electricity of a grid zone as the twin plays it, around the mean of its year.

The means of `zones.csv` are those of the packaged table of grid intensities (Ember, 2024, life
cycle); its shares and prices are round figures of the same year, for play only. Every place of a
zone is told the same: what is played hangs on zone, time and seed alone.
"""

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from twin.chance import salt, wave

STEP_SECONDS: Final = 900
_JOULES_PER_KILOWATT_HOUR: Final = 3.6e6
_JOULES_PER_MEGAWATT_HOUR: Final = 3.6e9
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Electricity:
    """A zone's electricity: g/J, shares of production, EUR/J."""

    carbon_grams_per_joule: float
    renewable_ratio: float
    nuclear_ratio: float
    price_euros_per_joule: float


@cache
def means() -> dict[str, Electricity]:
    """The yearly mean of each zone that is known."""
    text = files("twin.around").joinpath("zones.csv").read_text("utf-8")
    return {
        row["zone"]: Electricity(
            float(row["grams_per_kilowatt_hour"]) / _JOULES_PER_KILOWATT_HOUR,
            float(row["renewable"]),
            float(row["nuclear"]),
            float(row["euros_per_megawatt_hour"]) / _JOULES_PER_MEGAWATT_HOUR,
        )
        for row in csv.DictReader(text.splitlines())
    }


def electricity(zone: str, time: float, seed: int) -> Electricity | None:
    """Of a zone in the quarter of an hour that `time` (Unix seconds) lies in; None if unknown.

    What burns swings with the hour, the season and the wind, by about a third of its mean; what
    does not burn gives way to it, so that the shares still add up.
    """
    mean = means().get(zone)
    if mean is None:
        return None
    time = time // STEP_SECONDS * STEP_SECONDS
    of = salt(seed, "grid", zone)
    hour, year = time % _DAY / _DAY, time % (365.2422 * _DAY) / (365.2422 * _DAY)
    swing = 0.14 * math.cos(2 * math.pi * (hour - 19.5 / 24))
    swing += 0.16 * math.cos(2 * math.pi * (year - 20 / 365)) + 0.16 * wave(of, time, 1.6 * _DAY)
    burnt = max(1.0 + swing, 0.2)
    clean = mean.renewable_ratio + mean.nuclear_ratio
    fossil = min((1.0 - clean) * burnt, 0.98)
    left = (1.0 - fossil) / clean if clean else 0.0
    price = mean.price_euros_per_joule * (1.0 + 1.6 * swing + 0.1 * wave(of + 1, time, 7_200.0))
    return Electricity(
        mean.carbon_grams_per_joule * burnt,
        mean.renewable_ratio * left,
        mean.nuclear_ratio * left,
        price,
    )
