"""River: its water takes the heat through an exchanger, as far as the permit lets it.

What a permit limits is of the whole site; a container has its part of it. A few dry coolers stand
beside, so that the servers live when nothing may be taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from twin.around.weather import River
from twin.cooling.dry import FAN_RPM, Coil
from twin.cooling.fluids import WATER
from twin.cooling.machines import LEAST_PUMP, clipped, fan_watts, flow_for, pump_watts
from twin.cooling.plant import Around, Part, Work
from vigie.network.places import Permit

RISE_KELVIN: Final = 7.0
"""By how much the water that is taken is warmed, where the permit leaves that much."""
APPROACH_KELVIN: Final = 3.0
LEAST_KELVIN: Final = 0.5
INTAKE_SHARE: Final = 0.040
"""Pumps at the river at full speed, of the heat that the plant is built for."""
SPARE: Final = 2.0
"""Water that those pumps can take, of what they take where nothing but the heat asks for it."""
LOOP_SHARE: Final = 0.014
FAN_SHARE: Final = 0.030
BACKUP: Final = 0.40
"""What the dry coolers beside it can carry, of all."""
USUAL_CELSIUS: Final = 24.0
NEAR: Final = 0.98
"""From this share of a limit on it is said to bind."""
_LOW, _HIGH = 2, 4


@dataclass(frozen=True, slots=True)
class Room:
    """What the permit leaves: W at most, and by which limit; K that the water may be warmed by."""

    watts: float
    limit: str
    kelvin: float


def room(
    permits: Sequence[Permit], river: River, share: float, most: float, taken: float = 0.0
) -> Room:  # fmt: skip
    """What a container with that share of a site may give to the river, `most` by its own build.

    `taken` is what it has withdrawn this year (m3). What a permit does not limit is free.
    """
    up, capacity = river.temperature_celsius, WATER.capacity(river.temperature_celsius)
    kelvin, options = RISE_KELVIN, [(most, "")]
    for permit in permits:
        low = permit.low_flow_cubic_meters_per_second
        if low is not None and river.flow_cubic_meters_per_second < low:
            options.append((0.0, "low flow of the river"))
        if permit.discharge_celsius is not None:
            kelvin = min(kelvin, permit.discharge_celsius - up)
            if kelvin < LEAST_KELVIN:
                options.append((0.0, "temperature of what is given back"))
        if permit.warming_celsius is not None:
            mixed = permit.warming_celsius * river.flow_cubic_meters_per_second * capacity
            options.append((mixed * share, "warming of the river"))
    kelvin = max(kelvin, LEAST_KELVIN)
    if kelvin * SPARE < RISE_KELVIN:
        options.append((most * SPARE * kelvin / RISE_KELVIN, "temperature of what is given back"))
    for permit in permits:
        yearly = permit.withdrawal_cubic_meters_per_year
        if yearly is not None and taken >= yearly * share:
            options.append((0.0, "withdrawal of the year"))
        flow = permit.withdrawal_cubic_meters_per_second
        if flow is not None:
            by = "withdrawal" if kelvin >= RISE_KELVIN else "temperature of what is given back"
            options.append((flow * share * kelvin * capacity, by))
    watts, limit = min(options)
    return Room(watts, limit, kelvin)


class RiverCooling:
    """Pumps at the river, an exchanger, a loop to the servers; dry coolers beside."""

    kind = "river"
    air_cooled = False

    def __init__(
        self, rated: float, setpoint: float | None, permits: Sequence[Permit], share: float
    ) -> None:
        self._rated, self._permits, self._share = rated, tuple(permits), share
        self._setpoint = USUAL_CELSIUS if setpoint is None else setpoint
        self._most = flow_for(rated, RISE_KELVIN, WATER, 20.0)
        self._coil = Coil(rated * BACKUP, water=False)

    def _flow(self, heat: float) -> float:
        return self._most * clipped(heat / self._rated, LEAST_PUMP, 1.1)

    def inside(self, heat: float, around: Around) -> float:
        """The pumps of the loop; those at the river warm the river."""
        return pump_watts(self._flow(heat), self._most, self._rated * LOOP_SHARE)

    def room(self, around: Around) -> Room:
        """What the river may take now."""
        if around.river is None:
            return Room(0.0, "no river", RISE_KELVIN)
        most = self._rated * 1.1
        left = room(self._permits, around.river, self._share, most, around.taken)
        weak = min(left.watts, self._rated * around.weak) if around.weak < 1 else left.watts
        return Room(weak, left.limit, left.kelvin)

    def allowed(self, around: Around) -> float:
        """What river and dry coolers carry together."""
        return self.room(around).watts + self._rated * BACKUP * around.weak

    def work(self, removed: float, rejected: float, around: Around) -> Work:
        """As much as may be to the river, the rest to the air."""
        left, river = self.room(around), around.river
        up = river.temperature_celsius if river else around.air.temperature_celsius
        given = min(rejected, left.watts)
        rest = rejected - given
        outside = around.air.temperature_celsius
        warm = max(self._setpoint, up + APPROACH_KELVIN)
        speed = self._coil.speed(rest, max(warm, outside + 2.0), outside) if rest > 0 else 0.0
        supply = max(warm, self._coil.leaves(rest, speed, outside)) if rest > 0 else warm
        taken = flow_for(given, left.kelvin, WATER, up)
        flow = self._flow(removed)
        back = supply + removed / (flow * WATER.capacity(supply))
        loop = pump_watts(flow, self._most, self._rated * LOOP_SHARE)
        wide = self._most * SPARE * 1.1
        intake = pump_watts(taken, wide, self._rated * INTAKE_SHARE) if given > 0 else 0.0
        fans = fan_watts(speed, self._rated * BACKUP * FAN_SHARE)
        limit = left.limit if rejected >= left.watts * NEAR else ""
        alarms = (_LOW if limit.startswith(("low", "withdrawal")) else _HIGH) if limit else 0
        parts = (
            Part("intake", "river", speed=clipped(taken / wide, 0.0, 1.0), supply=up,
                 back=up + (left.kelvin if given > 0 else 0.0), watts=intake, heat=given,
                 flow=taken, pressure=1.8e5, alarms=alarms),
            Part("cdu", "cdu", speed=flow / self._most / 1.1, supply=supply, back=back, watts=loop,
                 heat=removed, flow=flow, setpoint=self._setpoint,
                 alarms=16 if around.leak else 0),
            Part("dry-cooler", "dry_cooler", speed=speed, rpm=FAN_RPM * speed, watts=fans,
                 heat=rest),
        )  # fmt: skip
        return Work(
            loop + intake + fans, loop, 0.0, supply, back, flow, withdrawn=taken, returned=taken,
            discharge=up + left.kelvin if given > 0 else None,
            downstream=self._downstream(given, river), limit=limit, parts=parts,
        )  # fmt: skip

    def _downstream(self, given: float, river: River | None) -> float | None:
        """What the whole site makes of the river, were all its containers as busy as this one."""
        if river is None:
            return None
        up = river.temperature_celsius
        capacity = WATER.capacity(up) * max(river.flow_cubic_meters_per_second, 0.1)
        return up + given / max(self._share, 1e-9) / capacity
