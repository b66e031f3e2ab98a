"""Immersion in oil: its heat and mass change with warmth; a dry cooler carries on outdoors."""

from typing import Final

from twin.cooling.air import sprayed
from twin.cooling.dry import FAN_RPM, Coil
from twin.cooling.fluids import OIL
from twin.cooling.machines import LEAST_PUMP, clipped, fan_watts, flow_for, pump_watts
from twin.cooling.plant import UNLIMITED, Around, Part, Work

RISE_KELVIN: Final = 9.0
EXCHANGER_KELVIN: Final = 4.0
PUMP_SHARE: Final = 0.028
"""Oil and water pumps together."""
FAN_SHARE: Final = 0.026
USUAL_CELSIUS: Final = 40.0
HIGHEST_CELSIUS: Final = 60.0
DRY_MOISTURE: Final = 4e-5
"""Water in oil that is dry, by mass."""
WET_MOISTURE: Final = 2e-4
"""What its electric strength does not bear."""
FULL: Final = 0.96
LEAKED: Final = 0.80
LOW: Final = 0.85
_LOW, _HIGH, _LEAK = 2, 4, 16


class Immersion:
    """Tanks of oil, an exchanger, and a coil outdoors."""

    kind = "immersion"
    air_cooled = False

    def __init__(self, rated: float, setpoint: float | None, *, water: bool = False) -> None:
        self._rated = rated
        self._setpoint = USUAL_CELSIUS if setpoint is None else setpoint
        self._coil = Coil(rated, water=water)
        self._most = flow_for(rated, RISE_KELVIN, OIL, 45.0)

    def _flow(self, heat: float) -> float:
        return self._most * clipped(heat / self._rated, LEAST_PUMP, 1.1)

    def inside(self, heat: float, around: Around) -> float:
        """What the pumps give to the oil."""
        return pump_watts(self._flow(heat), self._most, self._rated * PUMP_SHARE)

    def allowed(self, around: Around) -> float:
        """Hot air does not stop it: its oil gets warmer."""
        return UNLIMITED if around.weak >= 1 else self._rated * around.weak

    def work(self, removed: float, rejected: float, around: Around) -> Work:
        """Oil warms by what its own heat capacity at that temperature says."""
        outside = sprayed(around, water=self._coil.water)
        water = self._setpoint - EXCHANGER_KELVIN
        speed = self._coil.speed(rejected, water, outside)
        bath = max(self._coil.leaves(rejected, speed, outside), water) + EXCHANGER_KELVIN
        flow = self._flow(removed)
        back = bath + removed / (flow * OIL.capacity(bath + RISE_KELVIN / 2))
        pump = pump_watts(flow, self._most, self._rated * PUMP_SHARE)
        fans = fan_watts(speed, self._rated * FAN_SHARE)
        moisture = DRY_MOISTURE + around.moisture
        alarms = _HIGH if back > HIGHEST_CELSIUS or moisture > WET_MOISTURE else 0
        level = (LEAKED if around.leak else FULL + 0.0007 * (back - 40.0)) - around.lost
        alarms |= _LEAK if around.leak else 0
        alarms |= _LOW if level < LOW else 0
        parts = (
            Part("tank", "immersion", speed=flow / self._most / 1.1, supply=bath, back=back,
                 setpoint=self._setpoint, watts=pump, heat=removed, flow=flow,
                 pressure=1.4e5 * (flow / self._most) ** 2, level=clipped(level, 0.0, 1.0),
                 moisture=moisture, alarms=alarms),
            Part("dry-cooler", "dry_cooler", speed=speed, rpm=FAN_RPM * speed,
                 supply=bath - EXCHANGER_KELVIN, watts=fans, heat=rejected),
        )  # fmt: skip
        return Work(
            fans + pump, pump, 0.0, bath, back, flow,
            withdrawn=self._coil.water_used(speed, around), parts=parts,
        )  # fmt: skip
