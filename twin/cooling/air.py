"""Free air: fans push outdoor air through, by the affinity laws; a spray where there is water."""

from typing import Final

from twin.cooling.fluids import AIR, WATER
from twin.cooling.machines import LEAST_FAN, clipped, fan_watts, flow_for
from twin.cooling.plant import UNLIMITED, Around, Part, Work

RISE_KELVIN: Final = 13.0
"""By how much air is warmed in the servers, where it is cool enough."""
LEAST_RISE_KELVIN: Final = 7.0
EXHAUST_CELSIUS: Final = 42.0
FAN_SHARE: Final = 0.080
"""What the fans draw at full speed, of the heat that the plant is built for."""
SPRAY_FROM_CELSIUS: Final = 26.0
SPRAY_REACH: Final = 0.75
"""How near to the wet bulb a spray brings the air."""
LATENT: Final = 2.45e6
"""J that evaporate a kilogram of water at 20 °C."""
FAN_RPM: Final = 1_450.0
USUAL_CELSIUS: Final = 22.0


def sprayed(around: Around, *, water: bool) -> float:
    """°C of outdoor air behind the spray, where there is one and it is hot."""
    air = around.air
    if not water or air.temperature_celsius < SPRAY_FROM_CELSIUS:
        return air.temperature_celsius
    return air.temperature_celsius - SPRAY_REACH * (air.temperature_celsius - air.wet_bulb_celsius)


def evaporated(volume: float, kelvin: float) -> float:
    """m3/s of water that cool a flow of air (m3/s) by so much."""
    return volume * kelvin * AIR.capacity(25.0) / LATENT / WATER.mass(15.0)


class FreeAir:
    """Fans in the wall; warm air is mixed in when it is cold outside."""

    kind = "free_air"
    air_cooled = True

    def __init__(self, rated: float, setpoint: float | None, *, water: bool = False) -> None:
        self._rated, self._water = rated, water
        self._setpoint = USUAL_CELSIUS if setpoint is None else setpoint
        self._most = flow_for(rated, LEAST_RISE_KELVIN, AIR, 30.0)

    def _inlet(self, around: Around) -> float:
        return max(sprayed(around, water=self._water) + 0.5, self._setpoint)

    def _rise(self, inlet: float) -> float:
        return clipped(EXHAUST_CELSIUS - inlet, LEAST_RISE_KELVIN, RISE_KELVIN)

    def _speed(self, heat: float, inlet: float) -> float:
        flow = flow_for(heat, self._rise(inlet), AIR, inlet)
        return clipped(flow / self._most, LEAST_FAN, 1.0)

    def inside(self, heat: float, around: Around) -> float:
        """The fans stand in the warm air."""
        inlet = self._inlet(around)
        return fan_watts(self._speed(heat, inlet), self._rated * FAN_SHARE)

    def allowed(self, around: Around) -> float:
        """What all fans carry."""
        if around.weak <= 0:
            return 0.0
        return self._rated * 1.1 * around.weak if around.weak < 1 else UNLIMITED

    def work(self, removed: float, rejected: float, around: Around) -> Work:
        """Fans by the flow that the heat asks for."""
        inlet = self._inlet(around)
        rise = self._rise(inlet)
        flow = flow_for(removed, rise, AIR, inlet)
        speed = self._speed(removed, inlet)
        watts = fan_watts(speed, self._rated * FAN_SHARE)
        spray = max(around.air.temperature_celsius - sprayed(around, water=self._water), 0.0)
        fan = Part(
            "fans", "air", speed=speed, rpm=FAN_RPM * speed, supply=inlet, back=inlet + rise,
            setpoint=self._setpoint, watts=watts, heat=removed, flow=min(flow, 99.0),
        )  # fmt: skip
        return Work(
            watts, watts, 0.0, inlet, inlet + rise, flow,
            withdrawn=evaporated(flow, spray), parts=(fan,),
        )  # fmt: skip
