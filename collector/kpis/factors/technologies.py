"""What a kWh of each technology emits over its life, by set of factors. Pure."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

IPCC_2014: Final = "IPCC AR5 WG3 Annex III (2014), medians, as used by Electricity Maps defaults"


@cache
def technologies(factor_set: str) -> Mapping[str, float]:
    """Grams of CO2e per kWh by technology, of one set of factors/source_factors.csv."""
    text = files("collector.kpis.factors").joinpath("source_factors.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["technology"]: float(row["gco2e_per_kwh"])
        for row in rows
        if row["factor_set"] == factor_set
    }
