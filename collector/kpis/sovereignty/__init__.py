"""Sovereignty: who could read, block, or survive without whom. Pure."""

from typing import Final

from collector.kpis.made import Method
from collector.kpis.sovereignty import (
    concentration,
    declared,
    exposure,
    groups,
    residency,
    rules,
)
from vigie.indicators.sovereignty import FAMILY

_MADE: Final = {
    method.indicator.name: method
    for module in (residency, exposure, groups, concentration, declared, rules)
    for method in module.METHODS
}
METHODS: Final[tuple[Method, ...]] = tuple(_MADE[one.name] for one in FAMILY.indicators)
"""In the order in which they are declared."""
