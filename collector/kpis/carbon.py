"""The methods of carbon of electricity. Pure."""

from typing import Final

from collector.kpis.made import Method
from collector.kpis.market import carbon_market
from collector.kpis.matching import cfe
from collector.kpis.scope2 import carbon_location, cue
from vigie.indicators import carbon as declared

METHODS: Final[tuple[Method, ...]] = (
    Method(declared.CARBON_LOCATION, carbon_location),
    Method(declared.CARBON_MARKET, carbon_market),
    Method(declared.CUE, cue),
    Method(declared.CFE, cfe),
)
