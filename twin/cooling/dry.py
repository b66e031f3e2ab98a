"""Dry cooler: warm liquid from the servers, coils and fans outdoors; never colder than the air."""

import math
from typing import Final

from twin.cooling.air import evaporated, sprayed
from twin.cooling.fluids import GLYCOL
from twin.cooling.machines import LEAST_FAN, LEAST_PUMP, clipped, fan_watts, flow_for, pump_watts
from twin.cooling.plant import UNLIMITED, Around, Part, Work

APPROACH_KELVIN: Final = 7.0
"""What leaves the coil above outdoor air, at its rating and full speed."""
RISE_KELVIN: Final = 8.0
FAN_SHARE: Final = 0.040
PUMP_SHARE: Final = 0.025
USUAL_CELSIUS: Final = 30.0
COIL_POWER: Final = 0.7
"""A coil passes heat with this power of the air's speed."""
FAN_RPM: Final = 900.0
AIR_PER_WATT: Final = 1.0 / (1_200.0 * 9.0)
"""m3/s of air a watt at full speed: it is warmed by 9 K."""


class Coil:
    """Fans and coil: how fast they must turn to bring a fluid to its setpoint."""

    def __init__(self, rated: float, *, water: bool) -> None:
        self.rated, self.water = rated, water

    def speed(self, watts: float, setpoint: float, outside: float) -> float:
        """Share of full speed that keeps the setpoint, or full speed where none does."""
        room = setpoint - outside
        if room <= 0:
            return 1.0 if watts > 0 else LEAST_FAN
        wanted = watts / self.rated * APPROACH_KELVIN / room
        return clipped(math.pow(wanted, 1 / COIL_POWER), LEAST_FAN, 1.0)

    def leaves(self, watts: float, speed: float, outside: float) -> float:
        """°C of the fluid that leaves it."""
        return outside + APPROACH_KELVIN * watts / self.rated / math.pow(speed, COIL_POWER)

    def water_used(self, speed: float, around: Around) -> float:
        """m3/s that its spray evaporates."""
        kelvin = around.air.temperature_celsius - sprayed(around, water=self.water)
        return evaporated(self.rated * AIR_PER_WATT * speed, max(kelvin, 0.0))


class DryCooler:
    """A liquid loop with a coil outdoors, sprayed when it is hot where there is water."""

    kind = "dry_cooler"
    air_cooled = False

    def __init__(self, rated: float, setpoint: float | None, *, water: bool = False) -> None:
        self._rated = rated
        self._setpoint = USUAL_CELSIUS if setpoint is None else setpoint
        self._coil = Coil(rated, water=water)
        self._most = flow_for(rated, RISE_KELVIN, GLYCOL, 35.0)

    def _flow(self, heat: float) -> float:
        return self._most * clipped(heat / self._rated, LEAST_PUMP, 1.1)

    def inside(self, heat: float, around: Around) -> float:
        """What the pumps give to the loop."""
        return pump_watts(self._flow(heat), self._most, self._rated * PUMP_SHARE)

    def allowed(self, around: Around) -> float:
        """Hot air does not stop it: its loop gets warmer."""
        return UNLIMITED if around.weak >= 1 else self._rated * around.weak

    def work(self, removed: float, rejected: float, around: Around) -> Work:
        """Fans for the approach, pumps for the flow."""
        outside = sprayed(around, water=self._coil.water)
        speed = self._coil.speed(rejected, self._setpoint, outside)
        supply = max(self._coil.leaves(rejected, speed, outside), self._setpoint)
        flow = self._flow(removed)
        back = supply + removed / (flow * GLYCOL.capacity(supply))
        pump = pump_watts(flow, self._most, self._rated * PUMP_SHARE)
        fans = fan_watts(speed, self._rated * FAN_SHARE)
        parts = (
            Part("dry-cooler", "dry_cooler", speed=speed, rpm=FAN_RPM * speed, supply=supply,
                 back=back, setpoint=self._setpoint, watts=fans, heat=rejected),
            Part("cdu", "cdu", speed=flow / self._most / 1.1, supply=supply, back=back, watts=pump,
                 heat=removed, flow=flow, pressure=2.2e5 * (flow / self._most) ** 2,
                 alarms=16 if around.leak else 0),
        )  # fmt: skip
        return Work(
            fans + pump, pump, 0.0, supply, back, flow,
            withdrawn=self._coil.water_used(speed, around), parts=parts,
        )  # fmt: skip
