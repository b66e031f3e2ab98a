"""The packaged factors."""

from collector.kpis.factors.tables import embodied, factors, grid_water
from vigie.network.load import zones
from vigie.units import JOULES_PER_KWH


def test_every_zone_that_a_site_may_name_has_a_factor_with_source_and_licence() -> None:
    assert set(zones()) <= set(factors())
    for factor in factors().values():
        assert 0 < factor.grams_per_kwh < 1000
        assert factor.method == "lifecycle_production_average"
        assert factor.year >= 2022
        assert "CC BY 4.0" in factor.licence
        assert factor.source


def test_overseas_territories_are_not_the_mainland() -> None:
    assert factors()["RE"].grams_per_kwh > 10 * factors()["FR"].grams_per_kwh
    assert "RE" not in grid_water()


def test_water_of_grids_is_of_the_order_of_litres_per_kilowatt_hour() -> None:
    for row in grid_water().values():
        assert 1 < row.cubic_meters_per_joule * JOULES_PER_KWH * 1000 < 15
        assert row.source
        assert row.licence
    assert grid_water()["HR"].default
    assert not grid_water()["FR"].default


def test_every_embodied_figure_says_where_it_comes_from() -> None:
    assert embodied()["HDD any capacity"].grams == 31_100
    assert all(row.source and row.verification for row in embodied().values())
