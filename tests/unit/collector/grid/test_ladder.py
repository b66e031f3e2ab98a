"""Whom the ladder believes, and that two places of one zone always share one factor."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from collector.grid.energy_charts import EnergyCharts
from collector.grid.ladder import FEED_METHOD, TWIN_METHOD, Ladder
from collector.grid.point import Point
from collector.grid.rte import Rte
from collector.grid.vintages import TABLES, Vintages
from collector.kpis.facts import Supply
from vigie.catalogue import Grid
from vigie.database import Database
from vigie.frame import TIME_COLUMN
from vigie.shape import Quality
from vigie.units import JOULES_PER_KWH

START = datetime(2026, 5, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
EDGES = [START + n * HOUR for n in range(25)]
NOW = EDGES[-1] + HOUR
RTE, CHARTS = Rte("http://x"), EnergyCharts("http://x")


class Shelf:
    """Rows of `grid`: (container, hour, g/kWh)."""

    def __init__(self, *rows: tuple[str, int, float]) -> None:
        self.rows = rows

    def scan(  # noqa: PLR0917  as the store's
        self, table: str, columns: Sequence[str] | None, start: datetime, end: datetime,
        scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        assert table == "grid"
        rows = self.rows if where == {"zone": ["FR"]} else ()
        times = pa.array([START + hour * HOUR for _, hour, _ in rows], pa.timestamp("us", "UTC"))
        numbers = [grams / JOULES_PER_KWH for *_, grams in rows]
        blank = pa.nulls(len(rows), pa.float64())
        return pa.table(
            {
                TIME_COLUMN: times,
                "container": pa.array([container for container, *_ in rows], pa.string()),
                Grid.carbon_grams_per_joule.name: pa.array(numbers, pa.float64()),
                Grid.renewable_ratio.name: blank,
                Grid.nuclear_ratio.name: blank,
                Grid.price_euros_per_joule.name: blank,
            }
        )


class Table:
    """The last rung: 50 g/kWh, of France alone."""

    def supply(
        self, zone: str, edges: Sequence[datetime], *, simulated: bool, known: datetime
    ) -> Supply | None:
        cells = np.full(len(edges) - 1, 50 / JOULES_PER_KWH)
        none = np.full(len(edges) - 1, np.nan)
        if zone != "FR":
            return None
        return Supply(zone, cells, none, none, none, "table@1", Quality.DERIVED, "t", "l", "2024")


def twin(path: str) -> bool:
    return path.startswith("twin/")


@pytest.fixture
def vintages(tmp_path: Path) -> Vintages:
    return Vintages(Database(tmp_path / "state.db", TABLES))


def told(vintages: Vintages, provider: Rte | EnergyCharts, grams: float, hours: range) -> None:
    points = [Point("FR", EDGES[h], 3600, grams, 0.2, 0.7) for h in hours]
    vintages.learn(provider.method, points, NOW)


def supply(vintages: Vintages, *rows: tuple[str, int, float], simulated: bool = False) -> Supply:
    ladder = Ladder(Shelf(*rows), vintages, [RTE, CHARTS], Table(), twin)
    found = ladder.supply("FR", EDGES, simulated=simulated, known=NOW)
    assert found is not None
    return found


def grams(found: Supply) -> list[float]:
    return [round(float(g) * JOULES_PER_KWH, 6) for g in found.grams_per_joule]


def test_with_nothing_learned_the_table_serves_every_hour(vintages: Vintages) -> None:
    found = supply(vintages)
    assert (found.method, grams(found)) == ("table@1", [50.0] * 24)
    assert np.isnan(found.renewable).all()


def test_the_first_provider_that_knows_most_of_the_hours_serves_all_of_them(
    vintages: Vintages,
) -> None:
    told(vintages, RTE, 30, range(12))
    told(vintages, CHARTS, 40, range(24))
    found = supply(vintages)
    assert (found.method, grams(found)) == (CHARTS.method, [40.0] * 24)
    assert found.quality is Quality.DERIVED
    told(vintages, RTE, 30, range(22))
    found = supply(vintages)
    assert found.method == RTE.method
    assert grams(found) == [30.0] * 24
    assert found.quality is Quality.ESTIMATED, "two hours are the mean of the others"
    assert found.nuclear == pytest.approx([0.7] * 24)


def test_hours_to_come_are_not_missed(vintages: Vintages) -> None:
    told(vintages, RTE, 30, range(6))
    ladder = Ladder(Shelf(), vintages, [RTE], Table(), twin)
    found = ladder.supply("FR", EDGES, simulated=False, known=NOW)
    assert found is not None
    assert found.method == "table@1"
    early = [Point("FR", EDGES[h], 3600, 30.0) for h in range(6)]
    vintages.learn(RTE.method, early, EDGES[5])
    found = ladder.supply("FR", EDGES, simulated=False, known=EDGES[6])
    assert found is not None
    assert found.method == RTE.method


def test_only_the_twins_places_are_told_what_the_twin_says_and_all_of_them_the_same(
    vintages: Vintages,
) -> None:
    rows = [(f"twin/c{n}", hour, 20.0 + n) for hour in range(24) for n in (1, 2)]
    assert supply(vintages, *rows).method == "table@1"
    found = supply(vintages, *rows, simulated=True)
    assert (found.method, grams(found)) == (TWIN_METHOD, [21.5] * 24)
    assert found.source == "twin"


def test_a_sites_own_feed_comes_before_any_provider(vintages: Vintages) -> None:
    told(vintages, RTE, 30, range(24))
    found = supply(vintages, *(("real/c1", hour, 10.0) for hour in range(24)))
    assert (found.method, grams(found)) == (FEED_METHOD, [10.0] * 24)


def test_an_unknown_zone_is_unknown(vintages: Vintages) -> None:
    ladder = Ladder(Shelf(), vintages, [], Table(), twin)
    assert ladder.supply("XX", EDGES, simulated=False, known=NOW) is None
