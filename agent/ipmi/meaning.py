"""What the sensors of a BMC are about: air and heat, fans, and power supplies.

A sensor tells its unit and the kind of thing that it is on; the rest stands in its name alone,
which every maker chooses freely. What is not recognised as more is a temperature of the board.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.ipmi.sensors import Sensor
from agent.rows import Row
from vigie.catalogue import Cooling, Environment, Power
from vigie.shape import Field, Value
from vigie.units import RATIO_PER_PERCENT

# Numbers of kinds of things, IPMI v2.0 table 43-13.
SUPPLY, UNITS = frozenset({10}), frozenset({19, 21})
FANS, INLETS = frozenset({29, 30}), frozenset({55, 64})
PROCESSORS, MEMORY, DISKS = frozenset({3, 9, 65}), frozenset({8, 32}), frozenset({4, 15, 26})
CELSIUS, WATTS, RPM, PERCENT = "degrees C", "Watts", "RPM", "percent"

NO_TEMPERATURE: Final = re.compile(r"margin|mrgn|offset|delta|dts", re.IGNORECASE)
"""In degrees Celsius as well, but distances to a limit."""
PLACES: Final = (
    ("inlet", re.compile(r"inlet|ambient|intake|front", re.IGNORECASE)),
    ("exhaust", re.compile(r"exhaust|outlet|rear", re.IGNORECASE)),
)
"""Places that no kind of thing tells, by words in the name."""
THINGS: Final = (
    ("processor", PROCESSORS, re.compile(r"\bcpu|proc|\bp\d+ temp", re.IGNORECASE)),
    ("memory", MEMORY, re.compile(r"dimm|\bmem", re.IGNORECASE)),
    ("disk", DISKS, re.compile(r"hdd|ssd|nvme|disk|drive", re.IGNORECASE)),
)
"""Places by the kind of thing, or else by words in the name."""
PARTS: Final = (
    ("cpu", PROCESSORS, re.compile(r"\bcpu|proc", re.IGNORECASE)),
    ("memory", MEMORY, re.compile(r"dimm|\bmem", re.IGNORECASE)),
    ("cooling", FANS, re.compile(r"\bfan", re.IGNORECASE)),
    ("gpu", frozenset[int](), re.compile(r"\bgpu", re.IGNORECASE)),
)
"""Roles of what draws power inside, likewise."""

UNIT_NAME: Final = re.compile(r"\b(?:psu?|p(?:owe|w)r supply)[ _-]?(\d+)", re.IGNORECASE)
"""A power supply by its number: PS1 Status, PSU2_PIN, Power Supply 1."""
NO_INPUT: Final = re.compile(r"out|max|rated|cap|12v|%|dc\b", re.IGNORECASE)
"""In the name of what a power supply gives, or could give: that is no point where it draws."""
SUPPLY_STATES: Final[Mapping[str, str]] = {
    "failure detected": "fault", "config error": "fault", "predictive failure": "failure_predicted",
    "ac lost": "input_lost", "ac out-of-range": "input_lost", "input lost": "input_lost",
    "redundancy lost": "redundancy_lost", "redundancy degraded": "redundancy_lost",
    "non-redundant": "redundancy_lost",
}  # fmt: skip
FAN_STATES: Final[Mapping[str, str]] = {
    "failure detected": "fault", "device failure": "fault",
    "redundancy lost": "redundancy_lost", "redundancy degraded": "redundancy_lost",
    "non-redundant": "redundancy_lost",
}  # fmt: skip
"""Words among the states that a sensor asserts → what its thing complains of."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A point where power is drawn inside the machine: name, role, what its sensors say."""

    meter: str
    role: str
    watts: float | None = None
    volts: float | None = None
    amperes: float | None = None
    alarms: int | None = None


def environment(sensors: Sequence[Sensor]) -> list[Row]:
    """Each temperature that can be read, with where its maker sets the limit."""
    return [
        {
            Environment.sensor: named(sensor),
            Environment.place: place(sensor),
            Environment.temperature_celsius: sensor.value,
            Environment.limit_celsius: _limit(sensor),
        }
        for sensor in sensors
        if sensor.unit == CELSIUS and _warm(sensor)
    ]


def named(sensor: Sensor) -> str:
    """Its name among those of all sources."""
    return f"ipmi:{sensor.name}"


def place(sensor: Sensor) -> str:
    """One of the places of `environment`; what is in a power supply is on a board."""
    kind = sensor.entity[0]
    if kind in SUPPLY:
        return "board"
    if kind in INLETS:
        return "inlet"
    by_name = (where for where, words in PLACES if words.search(sensor.name))
    return next(by_name, None) or _by_thing(sensor, THINGS) or "board"


def _by_thing(
    sensor: Sensor, table: Sequence[tuple[str, frozenset[int], re.Pattern[str]]]
) -> str | None:
    """By the kind of thing, where the BMC names it, before the words in the name."""
    kind = sensor.entity[0]
    by_kind = (word for word, kinds, _ in table if kind in kinds)
    by_name = (word for word, _, words in table if words.search(sensor.name))
    return next(by_kind, None) or next(by_name, None)


def _warm(sensor: Sensor) -> bool:
    """Whether it is a temperature, and one that can be: nothing that works inside is at 0 °C."""
    if sensor.value is None or NO_TEMPERATURE.search(sensor.name):
        return False
    if not _plausible(Environment.temperature_celsius, sensor.value):
        return False
    return sensor.value != 0 or place(sensor) in {"inlet", "exhaust"}


def _limit(sensor: Sensor) -> float | None:
    """Where it becomes critical, else where it stops, else where it warns."""
    warns, critical, stops = (*sensor.high, None, None, None)[:3]
    limits = (n for n in (critical, stops, warns) if n is not None)
    return next((n for n in limits if _plausible(Environment.limit_celsius, n)), None)


def _plausible(field: Field, value: float) -> bool:
    low, high = field.low, field.high
    return (low is None or low <= value) and (high is None or value <= high)


def cooling(sensors: Sequence[Sensor]) -> list[Row]:
    """Each fan with its speed, and what fans complain of."""
    rows: list[Row] = []
    for sensor in sensors:
        told, alarms = _speed(sensor), _beyond(sensor.state)
        if sensor.states and (told or sensor.entity[0] in FANS):
            alarms |= _asserted(sensor.states, FAN_STATES, Cooling.alarms)
        elif not told:
            continue
        rows.append({
            Cooling.component: named(sensor), Cooling.kind: "air", **told, Cooling.alarms: alarms,
        })  # fmt: skip
    return rows


def _speed(sensor: Sensor) -> dict[Field, Value]:
    """What is told of how it turns, if it is a fan."""
    if sensor.value is None:
        return {}
    turns = {Cooling.running: sensor.value > 0}
    if sensor.unit == RPM and _plausible(Cooling.fan_speed_rpm, sensor.value):
        return {Cooling.fan_speed_rpm: sensor.value, **turns}
    ratio = sensor.value * RATIO_PER_PERCENT
    if sensor.unit == PERCENT and _is_fan(sensor) and _plausible(Cooling.speed_ratio, ratio):
        return {Cooling.speed_ratio: ratio, **turns}
    return {}


def _is_fan(sensor: Sensor) -> bool:
    return sensor.entity[0] in FANS or "fan" in sensor.name.lower()


def _beyond(state: str) -> int:
    """Which limit it is beyond; a critical one, or one past that, is a fault."""
    bits = {
        "low": state.startswith("Lower"), "high": state.startswith("Upper"),
        "fault": state.endswith(("r Critical", "Non-Recoverable")),
    }  # fmt: skip
    return _bits(Cooling.alarms, [name for name, true in bits.items() if true])


def _asserted(states: str, meanings: Mapping[str, str], field: Field) -> int:
    said = states.lower()
    return _bits(field, {bit for words, bit in meanings.items() if words in said})


def _bits(field: Field, names: Sequence[str] | set[str]) -> int:
    return sum(1 << field.codes.index(name) for name in names)


def draws(sensors: Sequence[Sensor]) -> list[Draw]:
    """Each power supply at its input, with what it complains of, and each part that is metered."""
    found: dict[str, Draw] = {}
    for sensor in sensors:
        number = _supply(sensor)
        if _is_redundancy(sensor):
            meter = named(sensor)
            found[meter] = _supplied(Draw(meter, "supply"), sensor)
        elif number is not None:
            meter = f"ipmi:psu{number}"
            found[meter] = _supplied(found.get(meter, Draw(meter, "supply")), sensor)
        elif sensor.unit == WATTS and sensor.value is not None and not NO_INPUT.search(sensor.name):
            meter = named(sensor)
            found[meter] = Draw(meter, _by_thing(sensor, PARTS) or "other", sensor.value)
    return [d for d in found.values() if (d.watts, d.volts, d.amperes, d.alarms) != (None,) * 4]


def _supply(sensor: Sensor) -> int | None:
    """The number of the power supply that it is on; not every maker says that by the entity."""
    if match := UNIT_NAME.search(sensor.name):
        return int(match[1])
    return sensor.entity[1] if sensor.entity[0] in SUPPLY else None


def _is_redundancy(sensor: Sensor) -> bool:
    """Whether it is about all power supplies together."""
    about = sensor.entity[0] in SUPPLY | UNITS
    return about and sensor.value is None and "redun" in sensor.name.lower()


def _supplied(draw: Draw, sensor: Sensor) -> Draw:
    """The power supply with what one more of its sensors says; the first of a kind counts.

    One that asserts nothing at all, not even that it is present, is not there.
    """
    if sensor.states:
        alarms = _asserted(sensor.states, SUPPLY_STATES, Power.alarms)
        draw = replace(draw, alarms=alarms | (draw.alarms or 0))
    if sensor.value is None or NO_INPUT.search(sensor.name):
        return draw
    if sensor.unit == WATTS and draw.watts is None:
        return replace(draw, watts=sensor.value)
    if sensor.unit == "Volts" and draw.volts is None:
        return replace(draw, volts=sensor.value)
    if sensor.unit == "Amps" and draw.amperes is None:
        return replace(draw, amperes=sensor.value)
    return draw
