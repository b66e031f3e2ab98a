from datetime import datetime

import pyarrow.compute as pc
import pytest

from collector.duties.roll import Roll
from collector.rollups import columns
from collector.rollups.roll import roll
from tests.build.shelf import Shelf, at, load
from vigie.catalogue import Power

KEYS = ["time", *columns.series_columns(Power)]


def is_rolled(shelf: Shelf, table: str, resolution: int, until: datetime) -> None:
    """The table is what an in-order run over the raw rows before `until` gives."""
    rows = shelf.raw.filter(pc.less(shelf.raw["time"], until))
    want = roll(Power, rows, resolution).sort_by([(k, "ascending") for k in KEYS])
    have = shelf.tables[table].sort_by([(k, "ascending") for k in KEYS])
    assert have.select(KEYS).equals(want.select(KEYS))
    for name in ("power_watts_integral", "energy_joules_total_increase"):
        assert have[name].to_pylist() == pytest.approx(want[name].to_pylist())


def roller(shelf: Shelf) -> Roll:
    return Roll(shelf, measurements=[Power])


def test_a_minute_is_rolled_up_when_it_has_been_over_for_the_grace() -> None:
    shelf = Shelf()
    shelf.arrive(load(0, 5))
    duty = roller(shelf)
    duty.run(at(3.4))
    is_rolled(shelf, "power_1m", 60, at(2))
    duty.run(at(3.5))
    is_rolled(shelf, "power_1m", 60, at(3))


def test_an_hour_is_rolled_up_from_minutes_when_it_is_over() -> None:
    shelf = Shelf()
    shelf.arrive(load(30, 150))
    duty = roller(shelf)
    duty.run(at(60))
    assert "power_1h" not in shelf.tables
    duty.run(at(151))
    is_rolled(shelf, "power_1h", 3600, at(120))


def test_a_run_without_news_commits_nothing() -> None:
    shelf = Shelf()
    shelf.arrive(load(0, 70))
    duty = roller(shelf)
    duty.run(at(75))
    before = shelf.commits
    duty.run(at(75))
    duty.run(at(95))
    assert shelf.commits == before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("table", ["power_1m", "power_1h"])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.slow
def test_a_crash_at_a_commit_repeats_a_step_and_doubles_nothing(
    when: str, table: str, nth: int
) -> None:
    class Crash(Exception):
        pass

    shelf = Shelf()
    seen: list[str] = []

    def fault(name: str) -> None:
        seen.append(name)
        if seen.count(f"{when} {table}") == nth and name == f"{when} {table}":
            raise Crash

    shelf.arrive(load(0, 130))
    roller(shelf).run(at(61))
    shelf.arrive(load(20, 40, container="s/late"))
    shelf.fault = fault
    with pytest.raises(Crash):
        roller(shelf).run(at(131))
    shelf.fault = lambda _: None
    again = roller(shelf)
    again.run(at(131))
    again.run(at(131))
    is_rolled(shelf, "power_1m", 60, at(130))
    is_rolled(shelf, "power_1h", 3600, at(120))
    assert shelf.late == []


def test_late_rows_end_in_the_same_rollups_as_rows_in_order() -> None:
    shelf = Shelf()
    rows = load(0, 130)
    late = pc.and_(pc.greater_equal(rows["time"], at(15)), pc.less(rows["time"], at(75)))
    shelf.arrive(rows.filter(pc.invert(late)))
    duty = roller(shelf)
    duty.run(at(131))
    shelf.arrive(rows.filter(late))
    shelf.arrive(load(-70, -65, container="s/new"))  # older than all that there was
    assert duty.run(at(131)).mended == 3
    is_rolled(shelf, "power_1m", 60, at(130))
    is_rolled(shelf, "power_1h", 3600, at(120))


def test_late_rows_of_time_that_had_none_are_in_the_rollups_once_after_a_restart() -> None:
    shelf = Shelf()
    shelf.arrive(load(0, 20))
    duty = roller(shelf)
    duty.run(at(41))  # of the minutes from 20 there is nothing to write
    shelf.arrive(load(20, 40, container="s/late"))
    duty.run(at(41))
    is_rolled(shelf, "power_1m", 60, at(40))
    roller(shelf).run(at(41))
    is_rolled(shelf, "power_1m", 60, at(40))


def test_late_rows_of_the_open_hour_mend_its_closed_minutes_only() -> None:
    shelf = Shelf()
    shelf.arrive(load(0, 40))
    duty = roller(shelf)
    duty.run(at(31))
    shelf.arrive(load(5, 10, container="s/other"))
    duty.run(at(31))
    is_rolled(shelf, "power_1m", 60, at(30))
    duty.run(at(61))
    is_rolled(shelf, "power_1h", 3600, at(60))


def test_a_row_that_comes_while_its_minute_is_rolled_up_is_late_and_not_lost() -> None:
    shelf = Shelf()
    shelf.arrive(load(0, 10))

    def squeeze() -> None:
        shelf.after_scan = lambda: None
        shelf.arrive(load(2, 3, container="s/slow"))

    shelf.after_scan = squeeze
    duty = roller(shelf)
    duty.run(at(11))
    duty.run(at(11))
    is_rolled(shelf, "power_1m", 60, at(10))


@pytest.mark.slow
def test_a_long_backlog_takes_several_turns_and_silence_is_stepped_over() -> None:
    shelf = Shelf()
    shelf.arrive(load(0, 60 * 40, step=60))
    shelf.arrive(load(60 * 24 * 7, 60 * 24 * 7 + 20, step=60))
    duty = roller(shelf)
    turns = 0
    while duty.run(at(60 * 24 * 7 + 21)).windows:
        turns += 1
    assert 3 <= turns <= 6
    is_rolled(shelf, "power_1m", 60, at(60 * 24 * 7 + 20))
    assert len(shelf.scanned) < 1000
