"""What the collector knows of its own hearing, as rows that rules read."""

from collections.abc import Iterable

import pyarrow as pa

from alerts.reach import Place
from collector.store import schema
from vigie.catalogue import Reach
from vigie.shape import Quality
from vigie.units import MICROSECONDS_PER_SECOND


def table(found: Iterable[Place], now: float, *, taking: bool) -> pa.Table:
    """The rows of `reach` at Unix time `now`; `taking` says whether readings can come in."""
    codes = Reach.level.codes
    rows = [
        {
            "time": round(now * MICROSECONDS_PER_SECOND), "container": place.path,
            "level": codes.index(place.level), "places": len(place.below),
            "agents": place.agents, "silent": place.silent, "silence_seconds": place.silence,
            "lines": place.lines, "carrying": place.carrying,
            "taking": taking, "quality": Quality.DERIVED.code, "suspect": 0,
        }
        for place in found
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema.raw(Reach))
