"""What the variables of a UPS mean, in the fields and units of the catalogue.

Names and units: `docs/nut-names.txt` of NUT. Drivers hand on what the device says, and devices say
odd things: what lies outside `NUMBERS` is unknown.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vigie.catalogue import Device, Environment, Power
from vigie.shape import Field, Value
from vigie.units import RATIO_PER_PERCENT

LIMIT_WATTS: Final = 5e6
"""No UPS of one unit gives more."""
Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Number:
    """One variable: factor to the base unit, and what is plausible in that unit, both included."""

    variable: str
    low: float
    high: float
    factor: float = 1.0

    def of(self, variables: Variables) -> float | None:
        """Its value in the base unit; None where it is missing, no number, or not plausible."""
        try:
            value = float(variables[self.variable]) * self.factor
        except (KeyError, ValueError):
            return None
        return value if math.isfinite(value) and self.low <= value <= self.high else None


LOAD: Final = Number("ups.load", 0, 2, RATIO_PER_PERCENT)
REAL: Final = Number("ups.realpower", 0, LIMIT_WATTS)
NOMINAL: Final = Number("ups.realpower.nominal", 1, LIMIT_WATTS)
PHASES: Final = tuple(Number(f"output.L{n}.realpower", 0, LIMIT_WATTS) for n in (1, 2, 3))
RUNTIME: Final = Number("battery.runtime", 0, 1e6)

NUMBERS: Final[Mapping[Field, Number]] = {
    Power.apparent_power_voltamperes: Number("ups.power", 0, LIMIT_WATTS),
    Power.voltage_volts: Number("output.voltage", 0, 1000),
    Power.current_amperes: Number("output.current", 0, 10_000),
    Power.power_factor_ratio: Number("output.powerfactor", -1, 1),
    Power.frequency_hertz: Number("output.frequency", 0, 100),
    Power.capacity_watts: NOMINAL,
    Power.utilization_ratio: LOAD,
    Power.battery_charge_ratio: Number("battery.charge", 0, 1, RATIO_PER_PERCENT),
}
"""What is taken as it stands."""

WARMTH: Final = (
    ("battery", "board", Number("battery.temperature", -40, 100)),
    ("inside", "board", Number("ups.temperature", -40, 120)),
    ("room", "room", Number("ambient.temperature", -40, 80)),
)
"""Sensor, place and variable of each temperature; degrees Celsius."""
HUMIDITY: Final = Number("ambient.humidity", 0, 1, RATIO_PER_PERCENT)

ALARMS: Final[Mapping[str, str]] = {
    "ALARM": "fault", "OVER": "overload", "RB": "replace_battery", "BYPASS": "bypass",
}  # fmt: skip
"""Words of `ups.status` → bits of `power.alarms`."""
WITHOUT_SERIAL: Final = frozenset({"", "blank", "unknown", "none", "n/a"})


def watts(variables: Variables) -> float | None:
    """What it feeds: as it measures, else its share of its nominal power, else unknown.

    A UPS that says 0 W and yet is loaded does not measure.
    """
    load, nominal, real = (n.of(variables) for n in (LOAD, NOMINAL, REAL))
    phases = [phase.of(variables) for phase in PHASES]
    if real is None and None not in phases:
        real = math.fsum(p for p in phases if p is not None)
    if real is not None and (real > 0 or not load):
        return real
    if load is not None and nominal is not None:
        return load * nominal
    return None


def numbers(variables: Variables) -> dict[Field, Value]:
    """All fields of `power` but its keys, its watts and its energy."""
    status = frozenset(variables.get("ups.status", "").split())
    known = bool(status & {"OL", "OB"})
    return {
        **{field: number.of(variables) for field, number in NUMBERS.items()},
        Power.on_battery: "OB" in status if known else None,
        Power.battery_low: "LB" in status if known else None,
        Power.battery_runtime_seconds: _runtime(variables, low="LB" in status),
        Power.alarms: None if not status else _alarms(status),
    }


def _runtime(variables: Variables, *, low: bool) -> float | None:
    """Seconds on battery; 0 counts only when the battery is said to be low, else it is unknown."""
    seconds = RUNTIME.of(variables)
    return seconds if seconds or low else None


def _alarms(status: frozenset[str]) -> int:
    codes = Power.alarms.codes
    return sum(1 << codes.index(bit) for word, bit in ALARMS.items() if word in status)


def warmth(ups: str, variables: Variables) -> list[dict[Field, Value]]:
    """The rows of `environment`: each temperature that it says, with the humidity of the room."""
    rows: list[dict[Field, Value]] = []
    for sensor, place, number in WARMTH:
        celsius = number.of(variables)
        humidity = HUMIDITY.of(variables) if place == "room" else None
        if celsius is not None or humidity is not None:
            rows.append({
                Environment.sensor: f"nut:{ups} {sensor}", Environment.place: place,
                Environment.temperature_celsius: celsius, Environment.humidity_ratio: humidity,
            })  # fmt: skip
    return rows


def device(ups: str, address: str, variables: Variables) -> dict[str, str | None]:
    """Its row of the inventory, known by its serial number or else by its name at upsd."""
    serial = _first(variables, "ups.serial", "device.serial")
    if serial is not None and (serial.lower() in WITHOUT_SERIAL or not serial.strip("0")):
        serial = None
    maker, model = (_first(variables, f"ups.{w}", f"device.{w}") for w in ("mfr", "model"))
    capacity = NOMINAL.of(variables)
    return {
        Device.device.name: f"ups-{serial or ups}",
        Device.kind.name: "ups",
        Device.model.name: " ".join(filter(None, (maker, model))) or None,
        Device.serial.name: serial,
        Device.firmware.name: _first(variables, "ups.firmware"),
        Device.size.name: None if capacity is None else f"{capacity:g} W",
        Device.address.name: f"{ups}@{address}",
    }


def _first(variables: Variables, *names: str) -> str | None:
    said = (variables.get(name, "").strip() for name in names)
    return next(filter(None, said), None)
