"""Asking the providers: one that fails is counted and stops no other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.counters import Counters
from collector.duties.grids import Grids
from collector.grid.point import Point, ProviderFailed
from collector.grid.vintages import TABLES, Vintages
from vigie.database import Database
from vigie.network.load import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Site

NOW = datetime(2026, 5, 14, 12, tzinfo=UTC)
NETWORK = Network(
    "n", (Operator("o", "O"),),
    (Site("a", "A", "o", zone="FR"), Site("b", "B", "o", zone="FR"), Site("c", "C", "o")),
    (Container("x", "X", "a"),),
)  # fmt: skip


@dataclass
class Told:
    """A provider of this test."""

    name: str
    fails: bool = False
    asked: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    method: str = "m@1"
    source: str = "s"
    licence: str = "l"

    def knows(self, zone: str) -> bool:
        return zone == "FR"

    def points(self, zone: str, start: datetime, end: datetime) -> Sequence[Point]:
        self.asked.append((zone, start, end))
        if self.fails:
            raise ProviderFailed("no")
        return [Point(zone, NOW - timedelta(hours=1), 900, 30.0)]


@pytest.fixture
def counters() -> Counters:
    return Counters()


def test_each_zone_of_the_network_is_asked_for_once_and_a_failure_stops_nobody(
    tmp_path: Path, counters: Counters
) -> None:
    vintages = Vintages(Database(tmp_path / "state.db", TABLES))
    broken, sound = Told("broken", fails=True), Told("sound")
    Grids([broken, sound], vintages, lambda: NETWORK, counters, back=86_400).run(NOW)
    assert broken.asked == sound.asked == [("FR", NOW - timedelta(days=1), NOW)]
    assert counters.value("grid_failures_total", provider="broken", zone="FR") == 1
    assert counters.value("grid_points_total", provider="sound", zone="FR") == 1
    newest = counters.value("grid_newest_seconds", provider="sound", zone="FR")
    assert newest == (NOW - timedelta(hours=1)).timestamp()
    assert len(vintages.known("FR", "m@1", NOW - timedelta(days=1), NOW, NOW)) == 1
