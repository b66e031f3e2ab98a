from dashboard.format import DAY, HOUR
from dashboard.noc.filling import until_empty

NOW = 1_795_340_820.0


def trend(per_hour: float, hours: int = 24, free: float = 240e9) -> list[tuple[float, float]]:
    return [(NOW - (hours - i) * HOUR, free - i * per_hour) for i in range(hours + 1)]


def test_a_disk_that_fills_steadily_says_when_it_is_full() -> None:
    left = until_empty(trend(5e9), NOW)
    assert left is not None
    assert abs(left - DAY) < 60


def test_one_that_empties_stays_or_has_long_says_nothing() -> None:
    assert until_empty(trend(-1e9), NOW) is None
    assert until_empty(trend(0), NOW) is None
    assert until_empty(trend(0.1e9), NOW) is None


def test_an_hour_of_download_is_no_trend() -> None:
    assert until_empty(trend(50e9, hours=2), NOW) is None
    assert until_empty([], NOW) is None
