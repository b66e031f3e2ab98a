"""energy-charts: parallel arrays, nulls, and a forecast that is none of the past."""

from datetime import UTC, datetime, timedelta

from collector.grid.energy_charts import EnergyCharts
from collector.grid.point import Vintage
from tests.build.providers import page, serving

START = datetime(2026, 5, 14, tzinfo=UTC)
SECONDS = [int((START + n * timedelta(minutes=15)).timestamp()) for n in range(4)]


def test_a_null_is_no_value_and_where_there_is_a_forecast_it_is_one() -> None:
    document = {
        "unix_seconds": SECONDS,
        "co2eq": [30.5, None, 41, None],
        "co2eq_forecast": [29, 33, None, None],
        "deprecated": False,
    }
    with serving(lambda *_: page(document)) as site:
        points = EnergyCharts(site.root).points("FR", START, START + timedelta(hours=1))
    assert [(p.grams_per_kwh, p.vintage) for p in points] == [
        (30.5, Vintage.REAL_TIME), (33, Vintage.FORECAST), (41, Vintage.REAL_TIME),
    ]  # fmt: skip
    assert {p.seconds for p in points} == {900}
    assert site.asked[0][1]["country"] == "fr"


def test_an_answer_without_forecast_or_of_hours_is_read_too() -> None:
    document = {"unix_seconds": [SECONDS[0], SECONDS[0] + 3600], "co2eq": [300, 310]}
    with serving(lambda *_: page(document)) as site:
        points = EnergyCharts(site.root).points("DE", START, START + timedelta(hours=2))
    assert [(p.grams_per_kwh, p.seconds) for p in points] == [(300, 3600), (310, 3600)]


def test_it_knows_most_of_europe() -> None:
    charts = EnergyCharts("http://x")
    assert charts.knows("DE")
    assert not charts.knows("US")
