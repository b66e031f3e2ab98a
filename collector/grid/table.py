"""The packaged table of grids: one value a zone and year, always there. collector/kpis/factors."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from collector.kpis.factors.tables import factors
from collector.kpis.facts import Supply
from vigie.shape import Quality
from vigie.units import JOULES_PER_KWH


def packaged(zone: str) -> Supply | None:
    """The zone's supply, in arrays of one cell; the table says no shares and no price."""
    factor = factors().get(zone)
    if factor is None:
        return None
    unknown = np.full(1, np.nan)
    return Supply(
        zone=zone,
        grams_per_joule=np.full(1, factor.grams_per_kwh / JOULES_PER_KWH),
        renewable=unknown,
        nuclear=unknown,
        euros_per_joule=unknown,
        method=factor.method,
        quality=Quality.ESTIMATED,
        source=factor.source,
        licence=factor.licence,
        vintage=str(factor.year),
    )


class Packaged:
    """Knows grids by the table alone; implements `collector.kpis.facts.Grids`."""

    def supply(
        self, zone: str, edges: Sequence[datetime], *, simulated: bool, known: datetime
    ) -> Supply | None:
        """The table's value for every hour."""
        found = packaged(zone)
        hours = len(edges) - 1
        return found and replace(
            found,
            grams_per_joule=np.repeat(found.grams_per_joule, hours),
            renewable=np.repeat(found.renewable, hours),
            nuclear=np.repeat(found.nuclear, hours),
            euros_per_joule=np.repeat(found.euros_per_joule, hours),
        )
