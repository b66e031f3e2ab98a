"""The sensors of a BMC, as `ipmitool -v -c sdr list` prints them.

One line a sensor. With a number: name, value, unit, state, entity, its name, kind, three nominal
values, limits (upper non-recoverable, critical, non-critical, lower likewise), range. With states:
name, number (or value, unit), ok or ns, entity, the states that it asserts. Entities and units:
IPMI v2.0, sections 43.14 and 43.17; texts: `lib/ipmi_sdr.c` of ipmitool 1.8.18 and 1.8.19.
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Final

_ENTITY: Final = re.compile(r"(\d+)\.(\d+)")
_NUMBER_COLUMNS: Final = 16
"""Columns of a sensor with a number, up to its last limit."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor: `value` in `unit` and how its BMC sees it, or the `states` that it asserts.

    `entity` is what it is on: number of the kind of thing, and of the thing. `state` is as in
    `Upper Critical`, "" for fine or unknown. `high` are its upper limits, the lowest first, None
    where the BMC has none.
    """

    name: str
    entity: tuple[int, int]
    value: float | None = None
    unit: str = ""
    state: str = ""
    high: tuple[float | None, ...] = ()
    states: str | None = None


def parse(text: str) -> list[Sensor]:
    """All sensors; a line that is none is passed over. Names are unique and may be shown."""
    found = [sensor for line in text.splitlines() if (sensor := _sensor(line))]
    seen: dict[str, int] = {}
    for sensor in found:
        seen[sensor.name] = seen.get(sensor.name, 0) + 1
    named: dict[str, Sensor] = {}
    for sensor in found:
        name = sensor.name
        if seen[name] > 1:  # two processors, both with a sensor `Temp`
            name = f"{name} {sensor.entity[0]}.{sensor.entity[1]}"
        named.setdefault(name, replace(sensor, name=name))
    return list(named.values())


def _sensor(line: str) -> Sensor | None:
    cells = line.split(",")
    name = "".join(c if c.isprintable() else "?" for c in cells[0]).strip()
    if not name or len(cells) < 4:
        return None
    if len(cells) >= _NUMBER_COLUMNS and (entity := _ENTITY.fullmatch(cells[4])):
        high = tuple(_number(cells[at]) or None for at in (12, 11, 10))
        state = "" if cells[3] in {"ok", "ns"} else cells[3]
        return Sensor(name, _pair(entity), _number(cells[1]), cells[2], state, high)
    at = 3 if _ENTITY.fullmatch(cells[3]) else 4
    if at < len(cells) and (entity := _ENTITY.fullmatch(cells[at])):
        value, unit = (None, "") if at == 3 else (_number(cells[1]), cells[2])
        states = ", ".join(c.strip() for c in cells[at + 1 :] if c.strip())
        known = cells[at - 1] == "ok"
        return Sensor(name, _pair(entity), value, unit, states=states if known else None)
    return None


def _pair(entity: re.Match[str]) -> tuple[int, int]:
    return int(entity[1]), int(entity[2])


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
