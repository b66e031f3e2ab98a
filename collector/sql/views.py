"""The views that SQL sees: stable names over the tables of the catalogue and of the network. Pure.

A view of readings or windows has the name of its table; columns are those of the catalogue.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from collector.rollups.columns import RESOLUTIONS
from collector.sql import places
from collector.store import schema
from vigie import catalogue
from vigie.shape import Measurement

EVENTS: Final = "events"
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class View:
    """One view: `measurement` is what it has readings or windows of, if any."""

    name: str
    schema: pa.Schema
    doc: str
    measurement: type[Measurement] | None = None

    @property
    def stored(self) -> bool:
        """Whether the store has its rows; those of the others come from the network."""
        return self.measurement is not None or self.name == EVENTS


def views() -> dict[str, View]:
    """Every view by its name."""
    found = [*_measured()]
    found.append(View(EVENTS, schema.EVENTS, "What happened, and when it was learned."))
    found += [
        View(places.CONTAINERS, places.CONTAINER_COLUMNS, "Containers of the network in force."),
        View(places.SITES, places.SITE_COLUMNS, "Sites of the network in force."),
    ]
    return {view.name: view for view in found}


def _measured() -> list[View]:
    found = []
    for one in catalogue.MEASUREMENTS:
        found.append(View(one.name, schema.raw(one), one.doc, one))
        found += [
            View(
                f"{one.name}_{suffix}", schema.rollup(one),
                f"Windows of {seconds} s of `{one.name}`; `time` is where one begins.", one,
            )
            for suffix, seconds in RESOLUTIONS.items()
        ]  # fmt: skip
    return found


def named(query: str, known: Sequence[str]) -> list[str]:
    """The views whose names stand anywhere in a query: all that it can ask for, or more."""
    words = {word.lower() for word in _WORD.findall(query)}
    return [name for name in known if name in words]
