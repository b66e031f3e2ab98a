"""Base units as people say them: the one place where J become kWh, and g/J gCO2e/kWh."""

from collections.abc import Mapping
from typing import Final

from vigie.units import (
    BYTE,
    BYTE_PER_SECOND,
    BYTES_PER_TERABYTE,
    CUBIC_METER,
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
    RATIO,
    RATIO_PER_PERCENT,
    SECOND,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    SECONDS_PER_MINUTE,
    WATT,
    Unit,
)

DAYS_PER_MONTH: Final = 365.25 / 12
_TB_MONTH: Final = BYTES_PER_TERABYTE * DAYS_PER_MONTH * SECONDS_PER_DAY
_LITER: Final = 1 / LITERS_PER_CUBIC_METER
_KWH: Final = float(JOULES_PER_KWH)

Steps = tuple[tuple[float, str, str], ...]
"""How much of the base unit one is, and what it is called in French and in English."""

STEPS: Final[Mapping[Unit, Steps]] = {
    RATIO: ((RATIO_PER_PERCENT, "%", "%"),),
    WATT: ((1, "W", "W"), (1e3, "kW", "kW"), (1e6, "MW", "MW"), (1e9, "GW", "GW")),
    JOULE: (
        (_KWH / 1e3, "Wh", "Wh"), (_KWH, "kWh", "kWh"), (_KWH * 1e3, "MWh", "MWh"),
        (_KWH * 1e6, "GWh", "GWh"),
    ),
    SECOND: (
        (1e-3, "ms", "ms"), (1, "s", "s"), (SECONDS_PER_MINUTE * 2, "min", "min"),
        (SECONDS_PER_HOUR * 2, "h", "h"),
    ),
    BYTE: tuple((10.0 ** (3 * n), f"{p}o", f"{p}B") for n, p in enumerate(("", *"kMGTP"))),
    BYTE_PER_SECOND: tuple(
        (10.0 ** (3 * n), f"{p}o/s", f"{p}B/s") for n, p in enumerate(("", *"kMGT"))
    ),
    GRAM: (
        (1, "gCO2e", "gCO2e"), (1e3, "kgCO2e", "kgCO2e"), (1e6, "tCO2e", "tCO2e"),
        (1e9, "ktCO2e", "ktCO2e"),
    ),
    GRAM_PER_JOULE: ((1 / _KWH, "gCO2e/kWh", "gCO2e/kWh"),),
    GRAM_PER_SECOND: ((1 / SECONDS_PER_HOUR, "gCO2e/h", "gCO2e/h"),),
    GRAM_PER_BYTE_SECOND: ((1 / _TB_MONTH, "gCO2e/To-mois", "gCO2e/TB-month"),),
    CUBIC_METER: ((_LITER, "L", "L"), (1, "m³", "m³")),
    CUBIC_METER_PER_JOULE: ((_LITER / _KWH, "L/kWh", "L/kWh"),),
    EURO: ((1, "€", "€"), (1e3, "k€", "k€"), (1e6, "M€", "M€")),
    EURO_PER_JOULE: ((1 / _KWH, "€/kWh", "€/kWh"),),
    EURO_PER_SECOND: ((1 / SECONDS_PER_HOUR, "€/h", "€/h"),),
    EURO_PER_BYTE_SECOND: ((1 / _TB_MONTH, "€/To-mois", "€/TB-month"),),
}  # fmt: skip
"""Smallest first; a value is said in the largest that it is one of."""
SIZES: Final = {SECOND: {"min": SECONDS_PER_MINUTE, "h": SECONDS_PER_HOUR}}
"""Where a step begins later than at one: two minutes are 120 s."""
_BY_SYMBOL: Final = {unit.symbol: unit for unit in STEPS}


def said(value: float, unit: Unit | str, language: str = "en") -> str:
    """`1.23 MWh`: three digits or so; a unit may be given by its symbol."""
    known = _BY_SYMBOL.get(unit) if isinstance(unit, str) else unit
    steps = STEPS.get(known, ()) if known is not None else ()
    if not steps:
        symbol = unit if isinstance(unit, str) else unit.symbol
        text = f"{value:.0f}" if value == round(value) < 1000 else number(value, language)
        return f"{text} {symbol}".rstrip()
    # What would be written 1,000 of the smaller is one of the larger.
    fitting = [step for step in steps if abs(value) >= step[0] * 0.9995]
    # Nothing is nothing of the base unit: 0 s, not 0 ms.
    plain = next((step for step in steps if not value and step[0] >= 1), steps[0])
    size, french, english = fitting[-1] if fitting else plain
    if known is not None:
        size = SIZES.get(known, {}).get(english, size)
    return f"{number(value / size, language)} {french if language == 'fr' else english}"


def number(value: float, language: str = "en") -> str:
    """Three digits or so, whole from a thousand on: `12,345` or `12 345`, `0.12` or `0,12`."""
    size = abs(value)
    if size >= 999.5 or not size:
        text = f"{value:,.0f}"
    elif size and size < 1e-3:
        text = f"{value:.3g}"
    else:
        digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
        text = f"{value:.{digits + (size < 0.0995)}f}"
    if language == "fr":
        return text.replace(",", "\u202f").replace(".", ",")
    return text
