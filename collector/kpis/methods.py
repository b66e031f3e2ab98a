"""Every indicator that is computed, in the order in which they are declared. Pure."""

from typing import Final

from collector.kpis import carbon, cost, energy, service, sovereignty, targets
from collector.kpis.made import Method
from vigie.indicators import INDICATORS

_FAMILIES: Final = (energy, carbon, service, cost, sovereignty)
_MADE: Final = tuple(method for family in _FAMILIES for method in family.METHODS)
_BY_NAME: Final = {m.indicator.name: m for m in (*_MADE, targets.against(_MADE))}

METHODS: Final[tuple[Method, ...]] = tuple(
    _BY_NAME[declared.name] for declared in INDICATORS if declared.name in _BY_NAME
)
