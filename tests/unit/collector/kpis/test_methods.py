from collector.kpis.methods import METHODS
from vigie.indicators import INDICATORS


def test_every_indicator_that_is_declared_has_one_method() -> None:
    assert [method.indicator for method in METHODS] == list(INDICATORS)
