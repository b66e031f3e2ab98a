"""Fans, pumps and compressors: what they draw for what they move."""

from typing import Final

from twin.cooling.fluids import Fluid

LEAST_FAN: Final = 0.35
"""Slowest speed of a fan, of its greatest."""
LEAST_PUMP: Final = 0.30
CARNOT_SHARE: Final = 0.45
"""What a good chiller reaches of the ideal one."""
BEST_COP: Final = 14.0
_KELVIN: Final = 273.15


def fan_watts(speed: float, rated: float) -> float:
    """Affinity law: power goes with the cube of speed, flow with speed itself."""
    return rated * speed**3


def pump_watts(flow: float, rated_flow: float, rated: float) -> float:
    """Cube law in a closed circuit, above what its motor takes at least."""
    return rated * (0.04 + 0.96 * min(flow / rated_flow, 1.2) ** 3)


def carried(flow: float, kelvin: float, fluid: Fluid, celsius: float) -> float:
    """Heat in W that a flow (m3/s) carries over a difference."""
    return flow * kelvin * fluid.capacity(celsius)


def flow_for(watts: float, kelvin: float, fluid: Fluid, celsius: float) -> float:
    """m3/s that carry that heat over a difference."""
    return watts / (max(kelvin, 1e-6) * fluid.capacity(celsius))


def cop(cold_celsius: float, hot_celsius: float) -> float:
    """Heat moved for a joule of work, by temperature lift: a share of Carnot's."""
    lift = max(hot_celsius - cold_celsius, 4.0)
    return min(CARNOT_SHARE * (cold_celsius + _KELVIN) / lift, BEST_COP)


def clipped(value: float, low: float, high: float) -> float:
    """The value, or the bound that it passes."""
    return min(max(value, low), high)
