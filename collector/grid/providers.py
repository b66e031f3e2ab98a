"""The providers that settings name, in their order."""

from collections.abc import Callable, Mapping
from typing import Final

from collector.grid.electricity_maps import ElectricityMaps
from collector.grid.energy_charts import EnergyCharts
from collector.grid.point import Provider
from collector.grid.rte import Rte
from vigie.settings import GridSettings

MAKERS: Final[Mapping[str, Callable[[GridSettings], Provider]]] = {
    "rte": lambda s: Rte(s.rte),
    "energy-charts": lambda s: EnergyCharts(s.energy_charts),
    "electricity-maps": lambda s: ElectricityMaps(s.electricity_maps, s.electricity_maps_token),
}


def providers(settings: GridSettings) -> tuple[Provider, ...]:
    """One each, as settings order them."""
    return tuple(MAKERS[name](settings) for name in settings.providers)
