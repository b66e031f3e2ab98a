"""Chiller: a compressor lifts heat out of cold water; free cooling when it is cold outside.

With doors of cold water behind the racks it is the `rear_door` kind.
"""

from typing import Final

from twin.around.weather import dew_point
from twin.cooling.dry import APPROACH_KELVIN, FAN_RPM, Coil
from twin.cooling.fluids import GLYCOL
from twin.cooling.machines import LEAST_PUMP, clipped, cop, fan_watts, flow_for, pump_watts
from twin.cooling.plant import UNLIMITED, Around, Part, Work

RISE_KELVIN: Final = 6.0
PUMP_SHARE: Final = 0.028
FAN_SHARE: Final = 0.028
ROOM_FAN_SHARE: Final = 0.06
"""Air handlers of a room, of the heat that it is built for; doors have the servers' fans alone."""
USUAL_CELSIUS: Final = 18.0
DOOR_CELSIUS: Final = 20.0
EVAPORATOR_KELVIN: Final = 4.0
CONDENSER_KELVIN: Final = 8.0
HIGHEST_OUTSIDE: Final = 46.0
"""Outdoor °C at which an air-cooled condenser trips."""
DOOR_KELVIN: Final = 4.0
"""Air behind a door, or an air handler, above the water in it."""
ROOM_KELVIN: Final = 12.0
ROOM_DEW_LOW, ROOM_DEW_HIGH = 6.0, 15.0
"""Between these the room is moistened and dried."""
_LEAK: Final = 16


class Chiller:
    """Cold water by compressor, with the outdoor air's help when it is cold."""

    air_cooled = True

    def __init__(self, rated: float, setpoint: float | None, *, doors: bool = False) -> None:
        self.kind = "rear_door" if doors else "chiller"
        self._rated, self._doors = rated, doors
        usual = DOOR_CELSIUS if doors else USUAL_CELSIUS
        self._setpoint = usual if setpoint is None else setpoint
        self._coil = Coil(rated, water=False)
        self._most = flow_for(rated, RISE_KELVIN, GLYCOL, 20.0)

    def _flow(self, heat: float) -> float:
        return self._most * clipped(heat / self._rated, LEAST_PUMP, 1.1)

    def _room_fans(self, heat: float) -> float:
        if self._doors:
            return 0.0
        return fan_watts(clipped(heat / self._rated, 0.4, 1.0), self._rated * ROOM_FAN_SHARE)

    def inside(self, heat: float, around: Around) -> float:
        """Pumps and air handlers."""
        pump = pump_watts(self._flow(heat), self._most, self._rated * PUMP_SHARE)
        return pump + self._room_fans(heat)

    def allowed(self, around: Around) -> float:
        """Until its condenser trips."""
        if around.air.temperature_celsius > HIGHEST_OUTSIDE:
            return 0.3 * self._rated
        return UNLIMITED if around.weak >= 1 else self._rated * around.weak

    def work(self, removed: float, rejected: float, around: Around) -> Work:
        """Compressor for what free cooling leaves; the condenser has the compressor's work too."""
        outside = around.air.temperature_celsius
        back = self._setpoint + removed / (self._flow(removed) * GLYCOL.capacity(self._setpoint))
        free = clipped((back - outside - 2.0) / APPROACH_KELVIN, 0.0, 1.0)
        hot = outside + CONDENSER_KELVIN
        lifted = rejected * (1.0 - free)
        compressor = lifted / cop(self._setpoint - EVAPORATOR_KELVIN, hot)
        speed = self._coil.speed(rejected + compressor, max(hot, outside + 3.0), outside)
        pump = pump_watts(self._flow(removed), self._most, self._rated * PUMP_SHARE)
        fans = fan_watts(speed, self._rated * FAN_SHARE)
        supply = self._setpoint + DOOR_KELVIN
        unit = Part(
            "chiller", "crac", speed=compressor * 3.0 / self._rated, supply=self._setpoint,
            back=back, setpoint=self._setpoint, watts=compressor, heat=removed,
            flow=self._flow(removed),
        )  # fmt: skip
        coil = Part("condenser", "dry_cooler", speed=speed, rpm=FAN_RPM * speed, watts=fans)
        return Work(
            compressor + fans + pump + self._room_fans(removed),
            pump + self._room_fans(removed),
            compressor, supply, supply + ROOM_KELVIN, self._flow(removed),
            parts=(unit, coil, *self._indoors(around, removed, pump, back)),
        )  # fmt: skip

    def _indoors(
        self, around: Around, removed: float, pump: float, back: float
    ) -> tuple[Part, Part]:
        """Pumps, and what stands in the room: air handlers, or doors behind the racks."""
        flow = self._flow(removed)
        pumps = Part(
            "pumps", "cdu", speed=flow / self._most / 1.1, watts=pump, flow=flow,
            alarms=_LEAK if around.leak else 0,
        )  # fmt: skip
        if not self._doors:
            return pumps, Part("handlers", "air", watts=self._room_fans(removed), heat=removed)
        outdoors = dew_point(around.air.temperature_celsius, around.air.humidity_ratio)
        margin = self._setpoint - clipped(outdoors, ROOM_DEW_LOW, ROOM_DEW_HIGH) - around.damp
        return pumps, Part(
            "doors", "rear_door", supply=self._setpoint, back=back, heat=removed, flow=flow,
            dew_margin=margin,
        )  # fmt: skip
