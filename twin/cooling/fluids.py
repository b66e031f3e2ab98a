"""What carries heat: specific heat and density by temperature."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Fluid:
    """Specific heat (J/kg K) and density (kg/m3), both linear in °C from a reference."""

    name: str
    heat: float
    heat_slope: float
    density: float
    density_slope: float
    reference_celsius: float = 20.0

    def specific_heat(self, celsius: float) -> float:
        """J/(kg K) at that temperature."""
        return self.heat + self.heat_slope * (celsius - self.reference_celsius)

    def mass(self, celsius: float) -> float:
        """kg/m3 at that temperature."""
        return self.density + self.density_slope * (celsius - self.reference_celsius)

    def capacity(self, celsius: float) -> float:
        """J/(m3 K): what a cubic metre carries for a kelvin."""
        return self.specific_heat(celsius) * self.mass(celsius)


AIR: Final = Fluid("air", 1_005.0, 0.0, 1.204, -0.0041)
WATER: Final = Fluid("water", 4_184.0, -0.2, 998.2, -0.30)
GLYCOL: Final = Fluid("glycol 30 %", 3_800.0, 2.0, 1_042.0, -0.48)
"""Propylene glycol in water, 30 % by volume: what stays liquid in a dry cooler in winter."""
OIL: Final = Fluid("immersion oil", 2_060.0, 4.2, 848.0, -0.62)
"""A synthetic hydrocarbon for single-phase immersion, in the range that makers' sheets give."""
