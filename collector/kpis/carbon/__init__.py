"""Carbon of electricity, and of making what uses it. Pure."""

from typing import Final

from collector.kpis.carbon import embodied, market, matching, scope2
from collector.kpis.made import Method

METHODS: Final[tuple[Method, ...]] = tuple(
    method for module in (scope2, market, matching, embodied) for method in module.METHODS
)
