from dashboard.noc.rates import KEEP_SECONDS, Rates


def test_a_rate_needs_two_readings() -> None:
    rates = Rates()
    assert rates.of("a", 10, 100) is None
    assert rates.of("a", 12, 300) == 100


def test_asking_again_for_the_same_reading_changes_nothing() -> None:
    rates = Rates()
    rates.of("a", 10, 100)
    assert rates.of("a", 12, 300) == rates.of("a", 12, 300) == 100
    assert rates.of("a", 10, 100) == 100  # a slower reader of the same board


def test_a_reset_a_long_gap_and_an_unknown_value_give_no_rate() -> None:
    rates = Rates()
    rates.of("a", 10, 100)
    assert rates.of("a", 12, 5) is None
    assert rates.of("a", 12 + KEEP_SECONDS + 1, 500) is None
    assert rates.of("a", 90, None) is None


def test_series_are_apart() -> None:
    rates = Rates()
    rates.of("a", 10, 100)
    assert rates.of("b", 11, 500) is None
