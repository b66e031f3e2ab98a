"""Electricity of a zone, around the mean of its year."""

import csv

import numpy as np
import pytest

from tests.build.playing import WINTER
from tests.house import ROOT
from twin.around.grid import electricity, means


def test_means_are_those_of_the_packaged_table() -> None:
    table = ROOT / "collector/kpis/factors/grid_intensity.csv"
    with table.open(encoding="utf-8") as file:
        known = {
            row["zone"]: float(row["gco2e_per_kwh"])
            for row in csv.DictReader(file)
            if row["method"] == "lifecycle_production_average"
        }
    assert len(means()) >= 30
    for zone, mean in means().items():
        assert mean.carbon_grams_per_joule * 3.6e6 == pytest.approx(known[zone]), zone


@pytest.mark.parametrize(("zone", "mean"), [("FR", 44.2), ("DE", 344.1)])
def test_a_year_is_near_its_mean_and_moves(zone: str, mean: float) -> None:
    told = [electricity(zone, WINTER + n * 7_200, 1) for n in range(365 * 12)]
    grams = np.array([e.carbon_grams_per_joule for e in told if e]) * 3.6e6
    assert grams.mean() == pytest.approx(mean, rel=0.05)
    assert grams.std() > 0.1 * mean


def test_shares_stay_shares() -> None:
    for zone in means():
        for hour in range(0, 8_760, 97):
            told = electricity(zone, WINTER + hour * 3_600, 1)
            assert told is not None
            assert 0 <= told.renewable_ratio <= 1
            assert told.renewable_ratio + told.nuclear_ratio <= 1.0 + 1e-9
            assert told.carbon_grams_per_joule > 0


def test_a_quarter_of_an_hour_has_one_value_and_an_unknown_zone_none() -> None:
    assert electricity("FR", WINTER + 1, 1) == electricity("FR", WINTER + 899, 1)
    assert electricity("FR", WINTER + 1, 1) != electricity("FR", WINTER + 901, 1)
    assert electricity("XX", WINTER, 1) is None
