"""Numbers, durations and times as people read them, in French and in English; all pure.

French: decimal comma, narrow no-break space between thousands, octets. English: decimal point,
comma, bytes. Unknown (None) is never formatted here: a screen says why it is unknown instead.
"""

import math
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal

from vigie.scales import STEPS
from vigie.units import ONE, RATIO, SECOND, Unit

LANGUAGES: Final = ("fr", "en")
SPACE: Final = "\u00a0"
"""Between a number and its unit: they never part at the end of a line."""

MOST_DIGITS: Final = 6
MINUTE, HOUR, DAY = 60, 3600, 86_400

_DAYS: Final = {"fr": "j", "en": "d"}


class Quantity(NamedTuple):
    """A number and its unit, apart, so that a screen can set them in different sizes."""

    text: str
    unit: str

    def __str__(self) -> str:
        return f"{self.text}{SPACE}{self.unit}" if self.unit else self.text


def number(value: float, language: str, digits: int = 0) -> str:
    """`12 345,7` or `12,345.7`, with exactly `digits` decimals."""
    rounded = round(value, digits) or 0.0  # never "-0"
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return str(format_decimal(rounded, pattern, locale=language))


def quantity(value: float, unit: Unit, language: str) -> Quantity:
    """A value in its base unit, scaled to what people say: about three significant digits.

    Energy is said in watt-hours, a ratio in percent.
    """
    if unit is RATIO:
        percent = value * 100
        return Quantity(number(percent, language, 0 if abs(percent) >= 99.95 else 1), "%")
    if unit is SECOND:
        return Quantity(duration(value, language), "")
    if unit in STEPS:
        return _scaled(value, _scale(unit, language), language)
    digits = 0 if unit is ONE and value == round(value) else _digits(value)
    return Quantity(number(value, language, digits), unit.symbol)


def rate(value: float, unit: Unit, language: str) -> Quantity:
    """A value per second."""
    said = quantity(value, unit, language)
    return Quantity(said.text, f"{said.unit}/s")


def divisor(largest: float, unit: Unit, language: str) -> tuple[float, str]:
    """What to divide an axis by, and the unit to write on it, for values up to `largest`."""
    if unit is RATIO:
        return 0.01, "%"
    return _step(largest, _scale(unit, language))


def duration(seconds: float, language: str) -> str:
    """Two largest parts: `14 s`, `2 min 14 s`, `1 h 12 min`, `3 j 4 h`; `12 ms` below a second."""
    if 0 < abs(seconds) < 0.001:
        return f"<{SPACE}1{SPACE}ms"
    if 0 < abs(seconds) < 1:
        return f"{number(seconds * 1000, language)}{SPACE}ms"
    whole, sign = round(abs(seconds)), "−" if seconds < 0 else ""
    parts = ((DAY, _DAYS[language]), (HOUR, "h"), (MINUTE, "min"), (1, "s"))
    for index, (size, name) in enumerate(parts):
        if whole >= size or size == 1:
            said = f"{sign}{number(whole // size, language)}{SPACE}{name}"
            rest = whole % size
            if index + 1 < len(parts):
                below, below_name = parts[index + 1]
                if rest // below:
                    said += f"{SPACE}{rest // below}{SPACE}{below_name}"
            return said
    raise AssertionError("unreachable: every duration has seconds")


def clock(at: float, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Time of day there, `03:12`; `at` in Unix seconds."""
    return datetime.fromtimestamp(at, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(at: float, now: float, zone: ZoneInfo, language: str) -> str:
    """Time of day, with the date where it is another day than `now`."""
    then, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    if then.date() == today.date():
        return then.strftime("%H:%M:%S")
    pattern = "d MMM HH:mm" if then.year == today.year else "d MMM y HH:mm"
    return str(format_datetime(then, pattern, locale=language))


def country(code: str, language: str) -> str:
    """What people call a country, or the European Union, by its code."""
    return str(Locale(language).territories.get(code, code))


def seconds_of(text: str) -> float:
    """Unix seconds of an RFC 3339 text, as the API writes times."""
    return datetime.fromisoformat(text).timestamp()


def _scale(unit: Unit, language: str) -> tuple[tuple[float, str], ...]:
    """The steps of a unit, smallest first, in the words of a language; the indexes set low."""
    if unit not in STEPS or unit is SECOND:
        return ((1, unit.symbol),)
    which = LANGUAGES.index(language)
    return tuple((size, words[which].replace("CO2", "CO₂")) for size, *words in STEPS[unit])


def _scaled(value: float, scale: tuple[tuple[float, str], ...], language: str) -> Quantity:
    factor, unit = _step(abs(value), scale)
    scaled = value / factor
    whole = factor == 1 and unit in {"o", "B"}
    return Quantity(number(scaled, language, 0 if whole else _digits(scaled)), unit)


def _step(largest: float, scale: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    # 999.95 would be written "1 000" of the smaller unit.
    fitting = [step for step in scale if largest >= step[0] * 0.9995]
    return fitting[-1] if fitting else scale[0]


def _digits(value: float) -> int:
    """Decimals that leave three significant digits, so that a live value keeps its width.

    Of what is less than a tenth, two significant digits, as far as there is room.
    """
    size = abs(value)
    if size == 0:
        return 0
    if size < 0.0995:
        return min(1 - math.floor(math.log10(size)), MOST_DIGITS)
    return 2 if size < 9.995 else 1 if size < 99.95 else 0
