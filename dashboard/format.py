"""Numbers, durations and times as people read them, in French and in English; all pure.

French: decimal comma, narrow no-break space between thousands, octets. English: decimal point,
comma, bytes. Unknown (None) is never formatted here: a screen says why it is unknown instead.
"""

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal

from vigie.units import (
    BYTE,
    BYTES_PER_TERABYTE,
    CUBIC_METER_PER_JOULE,
    EURO,
    EURO_PER_BYTE_SECOND,
    EURO_PER_JOULE,
    EURO_PER_SECOND,
    GRAM,
    GRAM_PER_BYTE_SECOND,
    GRAM_PER_JOULE,
    GRAM_PER_SECOND,
    JOULE,
    JOULES_PER_KWH,
    LITERS_PER_CUBIC_METER,
    ONE,
    RATIO,
    SECOND,
    SECONDS_PER_HOUR,
    WATT,
    Unit,
)

LANGUAGES: Final = ("fr", "en")
SPACE: Final = "\u00a0"
"""Between a number and its unit: they never part at the end of a line."""

MINUTE, HOUR, DAY = 60, 3600, 86_400

_JOULES_PER_WH: Final = JOULES_PER_KWH / 1000
_LITER: Final = Unit("L", "L", "liters")
_SCALES: Final[dict[Unit, tuple[tuple[float, str], ...]]] = {
    WATT: ((1, "W"), (1e3, "kW"), (1e6, "MW"), (1e9, "GW")),
    JOULE: (
        (_JOULES_PER_WH, "Wh"), (_JOULES_PER_WH * 1e3, "kWh"),
        (_JOULES_PER_WH * 1e6, "MWh"), (_JOULES_PER_WH * 1e9, "GWh"),
    ),
    EURO: ((1, "€"), (1e3, "k€"), (1e6, "M€")),
    GRAM: ((1, "gCO₂e"), (1e3, "kgCO₂e"), (1e6, "tCO₂e"), (1e9, "ktCO₂e")),
}  # fmt: skip
_MONTH: Final = 365.25 / 12 * DAY
_TB_MONTH: Final = BYTES_PER_TERABYTE * _MONTH
_PER: Final[dict[Unit, tuple[Unit, float, str, str]]] = {
    GRAM_PER_JOULE: (GRAM, JOULES_PER_KWH, "kWh", "kWh"),
    GRAM_PER_SECOND: (GRAM, SECONDS_PER_HOUR, "h", "h"),
    GRAM_PER_BYTE_SECOND: (GRAM, _TB_MONTH, "(To·mois)", "(TB·month)"),
    EURO_PER_JOULE: (EURO, JOULES_PER_KWH, "kWh", "kWh"),
    EURO_PER_SECOND: (EURO, SECONDS_PER_HOUR, "h", "h"),
    EURO_PER_BYTE_SECOND: (EURO, _TB_MONTH, "(To·mois)", "(TB·month)"),
    CUBIC_METER_PER_JOULE: (_LITER, JOULES_PER_KWH * LITERS_PER_CUBIC_METER, "kWh", "kWh"),
}
"""What is said per something: of which unit, per how many of the base unit, and its words."""
_BYTES: Final = {
    "fr": ((1, "o"), (1e3, "ko"), (1e6, "Mo"), (1e9, "Go"), (1e12, "To"), (1e15, "Po")),
    "en": ((1, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB"), (1e15, "PB")),
}
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
    if unit is BYTE:
        return _scaled(value, _BYTES[language], language)
    if unit in _PER:
        counted, each, *words = _PER[unit]
        said = quantity(value * each, counted, language)
        return Quantity(said.text, f"{said.unit}/{words[LANGUAGES.index(language)]}")
    if unit in _SCALES:
        return _scaled(value, _SCALES[unit], language)
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
    scale = _BYTES[language] if unit is BYTE else _SCALES.get(unit, ((1, unit.symbol),))
    return _step(largest, scale)


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


def seconds_of(text: str) -> float:
    """Unix seconds of an RFC 3339 text, as the API writes times."""
    return datetime.fromisoformat(text).timestamp()


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
    """Decimals that leave three significant digits, so that a live value keeps its width."""
    size = abs(value)
    if size == 0:
        return 0
    return 2 if size < 9.995 else 1 if size < 99.95 else 0
