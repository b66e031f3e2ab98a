"""Carbon of making, item by item."""

import numpy as np
import pytest

from collector.kpis.carbon.making import grams, making, strange
from tests.build.kpis import HOURS, facts, plant
from vigie.network.places import Equipment


def test_a_declared_figure_goes_before_the_table() -> None:
    assert grams(Equipment("HDD any capacity", 60)) == 31_100
    assert grams(Equipment("HDD any capacity", 60, embodied_grams=9.0)) == 9
    assert grams(Equipment("Abacus", 1)) is None


def test_each_item_is_spread_over_its_own_life_and_named_with_its_source() -> None:
    one = plant(
        "s/a", equipment=(Equipment("HDD any capacity", 10, 1.0), Equipment("x", 2, 2.0, 5e3))
    )
    told = making(facts(one), one)
    assert told
    hours = 365.25 * 24
    assert told.total == pytest.approx(HOURS * (311_000 / hours + 10_000 / (2 * hours)))
    assert told.counts == pytest.approx((HOURS * 311_000 / hours, HOURS * 5_000 / hours))
    assert told.sources[0].startswith("10 x HDD any capacity, 31100 g each over 1 years (embodied")
    assert told.sources[1].endswith("(network)")


def test_only_the_uses_asked_for_and_a_part_of_what_is_shared() -> None:
    one = plant("s/a", equipment=(
        Equipment("a", 1, 1.0, 100.0), Equipment("b", 1, 1.0, 1000.0, use="storage"),
        Equipment("c", 1, 1.0, 10.0, use="shared"),
    ))  # fmt: skip
    told = making(facts(one), one, ("compute", "shared"), shared=np.full(HOURS, 0.5))
    assert told
    assert told.total == pytest.approx(105 * HOURS / (365.25 * 24))


def test_one_unknown_item_makes_the_whole_unknown() -> None:
    one = plant("s/a", equipment=(Equipment("HDD any capacity", 1), Equipment("Abacus", 1)))
    assert making(facts(one), one) is None
    assert strange([one, plant("s/b")]) == "Abacus (s/a)"
    assert making(facts(plant("s/b")), plant("s/b")) is None
