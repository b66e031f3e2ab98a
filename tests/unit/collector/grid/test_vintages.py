"""Every value that a provider ever said: the latest vintage counts, and the past stays known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.grid.point import Point, Vintage
from collector.grid.vintages import TABLES, Vintages
from vigie.database import Database

START = datetime(2026, 5, 14, tzinfo=UTC)
POINT = Point("FR", START, 900, 40.0, 0.2, 0.7)
DAY = timedelta(days=1)


@pytest.fixture
def vintages(tmp_path: Path) -> Vintages:
    return Vintages(Database(tmp_path / "state.db", TABLES))


def grams(vintages: Vintages, at: datetime) -> list[float | None]:
    found = vintages.known("FR", "m@1", START, START + DAY, at)
    return [learned.point.grams_per_kwh for learned in found]


def test_what_is_said_twice_is_kept_once(vintages: Vintages) -> None:
    assert vintages.learn("m@1", [POINT], START) == 1
    assert vintages.learn("m@1", [POINT], START + DAY) == 0
    [learned] = vintages.known("FR", "m@1", START, START + DAY, START + DAY)
    assert learned.point == POINT
    assert learned.at == START


def test_a_corrected_value_replaces_the_one_before_for_who_asks_after_it(
    vintages: Vintages,
) -> None:
    vintages.learn("m@1", [POINT], START)
    vintages.learn("m@1", [replace(POINT, grams_per_kwh=44.0)], START + DAY)
    assert grams(vintages, START + DAY) == [44.0]
    assert grams(vintages, START + DAY / 2) == [40.0]
    assert grams(vintages, START - DAY) == []


def test_real_time_never_replaces_consolidated(vintages: Vintages) -> None:
    final = replace(POINT, grams_per_kwh=41.0, vintage=Vintage.CONSOLIDATED)
    vintages.learn("m@1", [final], START)
    vintages.learn("m@1", [POINT], START + DAY)
    assert grams(vintages, START + 2 * DAY) == [41.0]


def test_a_forecast_is_no_value_of_what_was(vintages: Vintages) -> None:
    vintages.learn("m@1", [replace(POINT, vintage=Vintage.FORECAST)], START)
    assert grams(vintages, START + DAY) == []


def test_zones_methods_and_times_are_kept_apart(vintages: Vintages) -> None:
    vintages.learn("m@1", [POINT, replace(POINT, zone="DE"), replace(POINT, start=START + DAY)],
                   START)  # fmt: skip
    vintages.learn("other@1", [replace(POINT, grams_per_kwh=1.0)], START)
    assert grams(vintages, START) == [40.0]
