"""SI base units, their exact factors, and how each is written: the one place for both.

Inside Vigie a quantity is always in its base unit. A source converts at its edge with the
factors here; the dashboard formats at its own edge with `Unit.symbol`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A base unit: `symbol` for people, `ucum` for machines, `suffix` that field names end in."""

    symbol: str
    ucum: str
    suffix: str


ONE: Final = Unit("", "1", "")
RATIO: Final = Unit("%", "1", "ratio")
WATT: Final = Unit("W", "W", "watts")
JOULE: Final = Unit("J", "J", "joules")
VOLT_AMPERE: Final = Unit("VA", "V.A", "voltamperes")
VOLT: Final = Unit("V", "V", "volts")
AMPERE: Final = Unit("A", "A", "amperes")
HERTZ: Final = Unit("Hz", "Hz", "hertz")
CELSIUS: Final = Unit("°C", "Cel", "celsius")
SECOND: Final = Unit("s", "s", "seconds")
BYTE: Final = Unit("o", "By", "bytes")
BYTE_PER_SECOND: Final = Unit("o/s", "By/s", "bytes_per_second")
PASCAL: Final = Unit("Pa", "Pa", "pascals")
REVOLUTION_PER_MINUTE: Final = Unit("tr/min", "{rev}/min", "rpm")
GRAM: Final = Unit("g", "g", "grams")
GRAM_PER_JOULE: Final = Unit("g/J", "g/J", "grams_per_joule")

CUBIC_METER: Final = Unit("m³", "m3", "cubic_meters")
CUBIC_METER_PER_SECOND: Final = Unit("m³/s", "m3/s", "cubic_meters_per_second")
CUBIC_METER_PER_JOULE: Final = Unit("m³/J", "m3/J", "cubic_meters_per_joule")
GRAM_PER_SECOND: Final = Unit("g/s", "g/s", "grams_per_second")
GRAM_PER_BYTE_SECOND: Final = Unit("g/(o·s)", "g/(By.s)", "grams_per_byte_second")
EURO: Final = Unit("€", "EUR", "euros")
EURO_PER_JOULE: Final = Unit("€/J", "EUR/J", "euros_per_joule")
EURO_PER_SECOND: Final = Unit("€/s", "EUR/s", "euros_per_second")
EURO_PER_BYTE_SECOND: Final = Unit("€/(o·s)", "EUR/(By.s)", "euros_per_byte_second")

JOULES_PER_KWH: Final = 3_600_000
WATTS_PER_MILLIWATT: Final = 1e-3
JOULES_PER_MILLIJOULE: Final = 1e-3
JOULES_PER_MICROJOULE: Final = 1e-6
SECONDS_PER_MILLISECOND: Final = 1e-3
SECONDS_PER_MICROSECOND: Final = 1e-6
SECONDS_PER_NANOSECOND: Final = 1e-9
HERTZ_PER_MEGAHERTZ: Final = 1e6
WATTS_PER_MICROWATT: Final = 1e-6
VOLTS_PER_MILLIVOLT: Final = 1e-3
AMPERES_PER_MILLIAMPERE: Final = 1e-3
CELSIUS_PER_MILLICELSIUS: Final = 1e-3
RATIO_PER_MILLIPERCENT: Final = 1e-5
SECONDS_PER_MINUTE: Final = 60
SECONDS_PER_HOUR: Final = 3600
RATIO_PER_PERCENT: Final = 1e-2
SECONDS_PER_DAY: Final = 86_400
LITERS_PER_CUBIC_METER: Final = 1_000
BYTES_PER_TERABYTE: Final = 10**12
BYTES_PER_KIBIBYTE: Final = 1024
BYTES_PER_MEBIBYTE: Final = 1024**2
BYTES_PER_GIBIBYTE: Final = 1024**3
NANOSECONDS_PER_SECOND: Final = 1_000_000_000
MICROSECONDS_PER_SECOND: Final = 1_000_000
