"""What is kept ten years by the hour, whatever the settings say. Declared here and nowhere else.

Published figures are computed again from these rows: metering points with a place in the PUE, water
and heat meters, and what the grid was. A processor's or board's share of a server is an attribution
of energy that a metering point has already, so it may go earlier. What providers of grid data said
is in SQLite (`collector/grid/vintages.py`) and never expires.
"""

import functools
import operator
from collections.abc import Mapping
from typing import Any, Final

import pyarrow.compute as pc

from vigie.catalogue import SUPPLY_ROLES, WHOLE_ROLES, Grid, Heat, Power, Water

RECORD_SECONDS: Final = 3653 * 86_400.0
"""Ten years."""
METERING_ROLES: Final = (
    *WHOLE_ROLES, *SUPPLY_ROLES, "cooling", "lighting", "network", "storage", "auxiliary",
    "heat_pump",
)  # fmt: skip
"""Roles of `power` that a published figure is made of: wholes, what feeds them, uses in them."""

RECORD: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    Power.name: {Power.role.name: METERING_ROLES},
    Water.name: {},
    Heat.name: {},
    Grid.name: {},
}
"""Measurement → key → the words of those rows that are kept; no key: all of them."""


def of(measurement: str) -> Any | None:
    """The hours of a measurement that are for the record, as an Arrow expression; None: none."""
    wanted = RECORD.get(measurement)
    if wanted is None:
        return None
    parts = [pc.field(key).isin(list(words)) for key, words in wanted.items()]
    return functools.reduce(operator.and_, parts, pc.scalar(True))
