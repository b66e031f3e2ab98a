from pathlib import Path

import pytest

from collector.keeping.forecast import DAY, HORIZON, Forecast, Growth, by_day, forecast
from collector.store.parquet import TableFile

TODAY = 20_000
NOW = TODAY * DAY + DAY // 2
GB = 1e9


def growth(kept: float, *days: float, staying: float = 0.0) -> Growth:
    """Bytes of the days until yesterday, the last one last; what is before them is partly known."""
    first = TODAY - len(days)
    known = {first - 1: 1.0} | {first + n: size for n, size in enumerate(days)}
    return Growth(known, kept, staying)


def test_steady_growth_fills_the_disk_in_proportion() -> None:
    told = forecast([growth(1e9, *[GB] * 7)], 30 * GB, NOW)
    assert told.state == "fills"
    assert [told.days, told.earliest, told.latest] == pytest.approx([30, 30, 30])


def test_the_interval_is_that_of_the_smallest_and_the_largest_day() -> None:
    told = forecast([growth(1e9, GB, 2 * GB, 3 * GB)], 60 * GB, NOW)
    assert told.earliest == pytest.approx(20)
    assert told.days == pytest.approx(30)
    assert told.latest == pytest.approx(60)


def test_tables_add_up() -> None:
    one = growth(1e9, *[GB] * 5)
    assert forecast([one, one], 30 * GB, NOW).days == pytest.approx(15)


def test_a_store_older_than_its_retention_grows_no_more() -> None:
    assert forecast([growth(7, *[GB] * 7)], GB, NOW) == Forecast("fits", None, None, None)


def test_a_young_store_grows_until_its_oldest_rows_go() -> None:
    young = growth(30, *[GB] * 7)
    assert forecast([young], 21.5 * GB, NOW).days == pytest.approx(21.5)
    assert forecast([young], 22.5 * GB, NOW).state == "fits"  # from then on as much goes as comes


def test_what_stays_of_old_rows_goes_on_filling_the_disk() -> None:
    held = growth(7, *[GB] * 7, staying=0.1)
    assert forecast([held], GB, NOW).days == pytest.approx(10, abs=0.5)


def test_a_busier_day_may_fill_what_the_mean_does_not() -> None:
    told = forecast([growth(7, GB, GB, GB, GB, GB, GB, 3 * GB)], 4 * GB, NOW)
    assert told.state == "fits"
    assert told.earliest is not None


def test_too_few_whole_days_say_nothing_and_why() -> None:
    told = forecast([growth(30, GB, GB)], 30 * GB, NOW)
    assert told == Forecast("unknown", None, None, None, "2 whole days of data, 3 are needed")
    assert forecast([], 30 * GB, NOW).state == "unknown"


def test_below_the_reserve_nothing_is_left() -> None:
    assert forecast([growth(30, *[GB] * 7)], 0, NOW).days == 0


def test_beyond_ten_years_nothing_is_said() -> None:
    slow = growth(1e9, *[1.0] * 7)
    assert forecast([slow], float(HORIZON + 10), NOW).state == "fits"


def test_a_file_of_many_days_counts_for_each_of_them() -> None:
    def file(start: float, end: float, size: int) -> TableFile:
        return TableFile(Path("x"), 1, size, round(start * DAY), round(end * DAY), None)

    assert by_day([file(1.0, 1.5, 100), file(1.5, 3.5, 200)]) == pytest.approx(
        {1: 150, 2: 100, 3: 50}
    )
    assert by_day([file(2.0, 2.0, 10)]) == {2: 10}
