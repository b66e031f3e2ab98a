"""Every indicator that is computed, in the order in which they are declared. Pure."""

from typing import Final

from collector.kpis import carbon, cost, facility, live, service, sovereignty
from collector.kpis.made import Method
from vigie.indicators import INDICATORS

_FAMILIES: Final = (live, facility, carbon, service, cost, sovereignty)
_BY_NAME: Final = {m.indicator.name: m for family in _FAMILIES for m in family.METHODS}

METHODS: Final[tuple[Method, ...]] = tuple(
    _BY_NAME[declared.name] for declared in INDICATORS if declared.name in _BY_NAME
)
