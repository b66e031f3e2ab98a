"""Energy, and what becomes of it: heat, water, and what a permit allows. Pure."""

from typing import Final

from collector.kpis.energy import facility, heat, live, permits, renewable, water
from collector.kpis.made import Method

METHODS: Final[tuple[Method, ...]] = tuple(
    method
    for module in (live, facility, renewable, heat, water, permits)
    for method in module.METHODS
)
