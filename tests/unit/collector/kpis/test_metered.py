"""One meter out of two fields, and meters added up: nothing invented, everything doubtful named."""

from collections.abc import Mapping

import numpy as np
import pytest

from collector.kpis.metered import Clock, Counted, Doubt, Metered, Sums, metered, sums, together
from collector.kpis.meters import Meter
from vigie.shape import Quality

HOUR = 3600.0
CLOCK = Clock.of(np.full(4, HOUR))


def meter(name: str = "m", role: str = "it", host: str = "none", method: str = "meter") -> Meter:
    return Meter("s/c", host, name, role, "all", method)


def counted(*total: float, covered: float = HOUR, gap: float = 0.0, reset: int = -1) -> Counted:
    """Four hours of a field; `reset` is the hour in which it went back."""
    known = ~np.isnan(total)
    return Counted(
        np.array(total),
        np.where(known, covered, 0.0),
        np.where(known, gap, 0.0),
        np.arange(len(total)) == reset,
    )


def steady(watts: float) -> Counted:
    return counted(*[watts * HOUR] * 4)


def one(counter: Counted | None, gauge: Counted | None = None, **more: float) -> Metered:
    return metered(meter(), counter, gauge, CLOCK, **more)  # type: ignore[arg-type]


NONE = float("nan")


def test_a_counter_is_believed_and_measured() -> None:
    found = one(steady(1000), steady(900))
    assert found.amount.tolist() == [3.6e6] * 4
    assert found.whole.all()
    assert (found.quality, found.doubts) == (Quality.MEASURED, ())


def test_without_a_counter_the_integral_of_the_gauge_is_derived() -> None:
    found = one(None, steady(900))
    assert found.value == pytest.approx(4 * 900 * HOUR)
    assert found.quality is Quality.DERIVED


def test_a_counter_that_went_back_is_replaced_by_the_integral_in_that_hour_alone() -> None:
    found = one(counted(3.6e6, 9e9, 3.6e6, 3.6e6, reset=1), steady(900))
    assert found.amount.tolist() == [3.6e6, 900 * HOUR, 3.6e6, 3.6e6]
    assert found.doubts == ((Doubt.BACK, "s/c/m"),)
    assert found.quality is Quality.DERIVED


def test_a_counter_that_went_back_and_has_no_gauge_leaves_the_hour_unknown() -> None:
    found = one(counted(3.6e6, 9e9, 3.6e6, 3.6e6, reset=1))
    assert np.isnan(found.amount).tolist() == [False, True, False, False]
    assert found.covered.tolist() == [HOUR, 0, HOUR, HOUR]
    assert found.whole.tolist() == [True, False, True, True]


def test_a_jump_is_what_neither_gauge_nor_place_account_for() -> None:
    jumped = counted(3.6e6, 3.6e6 + 8e8, 3.6e6, 3.6e6)
    gauged = one(jumped, steady(1000))
    assert gauged.amount.tolist() == [3.6e6] * 4
    assert gauged.doubts == ((Doubt.JUMP, "s/c/m"),)
    limited = one(jumped, most=1e4)
    assert np.isnan(limited.amount).tolist() == [False, True, False, False]
    assert one(jumped).doubts == ()  # nothing says that it cannot be


def test_a_small_growth_beside_a_gauge_of_nothing_is_no_jump() -> None:
    assert one(counted(0, 1e6, 0, 0), steady(0)).doubts == ()


def test_a_silent_counter_that_comes_back_loses_no_energy_but_coverage() -> None:
    found = one(counted(3.6e6, 3.6e6, 3.6e6, 3.6e6, covered=0.0, gap=HOUR))
    assert found.value == 4 * 3.6e6
    assert found.covered.tolist() == [0] * 4
    assert found.whole.all()


def test_suspect_readings_are_left_out_and_told() -> None:
    found = metered(meter(), steady(1000), None, CLOCK, suspect=True)
    assert found.doubts == ((Doubt.SUSPECT, "s/c/m"),)
    assert found.quality is Quality.DERIVED


def test_the_last_hour_of_a_period_that_runs_may_lack_its_newest_readings() -> None:
    late = counted(3.6e6, 3.6e6, 3.6e6, 3.4e6)
    late.covered[-1] = HOUR - 100
    clocks = (CLOCK, Clock.of(np.full(4, HOUR), tail=180))
    assert [metered(meter(), late, None, c).whole[-1] for c in clocks] == [False, True]


# Adding up


def of(watts: float | Counted, **named: str) -> Metered:
    read = watts if isinstance(watts, Counted) else steady(watts)
    return metered(meter(**named), read, None, CLOCK)


def total(found: Sums) -> Mapping[str, float | None]:
    return {
        role: None if h.total is None else h.total / HOUR / 4 for role, h in found.roles.items()
    }


def test_roles_are_added_up_apart() -> None:
    found = sums([of(100, name="a"), of(50, name="b"), of(20, name="c", role="cooling")], CLOCK)
    assert total(found) == {"it": 150, "cooling": 20}
    assert found.roles["it"].sources == ("s/c/a (meter, measured)", "s/c/b (meter, measured)")
    assert found.roles["it"].counts == (100 * 4 * HOUR, 50 * 4 * HOUR)


def test_what_lies_behind_a_meter_of_its_role_is_not_added_to_it() -> None:
    tree = {("s/c", "pump"): "cold", ("s/c", "fan"): "pump"}
    behind = [of(20, name="cold", role="cooling"), of(15, name="pump", role="cooling"),
              of(5, name="fan", role="cooling")]  # fmt: skip
    assert total(sums(behind, CLOCK, tree=tree)) == {"cooling": 20}
    assert total(sums(behind[1:], CLOCK, tree=tree)) == {"cooling": 15}


def test_hosts_lie_behind_their_containers_own_meter_of_that_role() -> None:
    found = sums([of(100, name="rack"), of(60, name="a", host="h1")], CLOCK)
    assert total(found) == {"it": 100}


def test_a_role_that_only_some_hosts_have_stands_for_nothing() -> None:
    own = [of(110, role="ups", host="h1"), of(100, host="h1"), of(100, host="h2")]
    assert total(sums(own, CLOCK)) == {"it": 200}


def test_an_hour_that_one_meter_does_not_know_is_known_in_part() -> None:
    silent = counted(3.6e5, NONE, 3.6e5, 3.6e5)
    hourly = sums([of(100, name="a"), of(silent, name="b")], CLOCK).roles["it"]
    assert hourly.amount.tolist() == [7.2e5, 3.6e5, 7.2e5, 7.2e5]
    assert hourly.covered.tolist() == [1, 0.5, 1, 1]
    assert hourly.known.tolist() == [True, False, True, True]


def test_a_host_without_a_meter_is_one_that_says_nothing() -> None:
    hourly = sums([of(100, host="h1")], CLOCK, hosts={"h1", "h2"}).roles["it"]
    assert hourly.covered.tolist() == [0.5] * 4
    assert not hourly.known.any()


@pytest.mark.parametrize(("behind", "told"), [(101.9, False), (102.1, True)])
def test_a_role_behind_another_that_counts_more_is_told_and_worsens_it(
    behind: float, told: bool
) -> None:
    found = sums([of(100, name="in", role="site"), of(behind, name="ups", role="ups")], CLOCK)
    assert (found.doubts == ((Doubt.CHILDREN, "s/c/in"),)) is told
    wanted = Quality.ESTIMATED if told else Quality.MEASURED
    assert found.roles["site"].quality is wanted
    assert found.roles["ups"].quality is Quality.MEASURED


def test_what_feeds_a_place_beside_its_grid_meter_accounts_for_what_lies_behind() -> None:
    fed = [of(60, name="in", role="site"), of(50, name="pv", role="solar"), of(100, role="ups")]
    assert sums(fed, CLOCK).doubts == ()


def test_declared_children_that_count_more_than_their_meter_are_told() -> None:
    tree = {("s/c", "a"): "all", ("s/c", "b"): "all"}
    meters = [of(50, name="all", role="cooling"), of(30, name="a", role="cooling"),
              of(30, name="b", role="cooling")]  # fmt: skip
    found = sums(meters, CLOCK, tree=tree)
    assert found.doubts == ((Doubt.CHILDREN, "s/c/all"),)
    assert total(found) == {"cooling": 50}


def test_meters_are_at_odds_only_over_hours_that_all_of_them_know() -> None:
    parent = counted(3.6e5, 3.6e5, NONE, NONE)
    found = sums([of(parent, name="in", role="site"), of(100, role="ups")], CLOCK)
    assert found.doubts == ()


def test_together_is_unknown_where_nothing_is_told_and_partial_where_one_is_silent() -> None:
    hourly = together([steady(1), counted(NONE, HOUR, HOUR, HOUR)], CLOCK, Quality.MEASURED)
    assert hourly.amount.tolist() == [HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR]
    assert hourly.known.tolist() == [False, True, True, True]
    assert np.isnan(together([], CLOCK, Quality.MEASURED).amount).all()


def test_doubts_are_said_in_two_languages() -> None:
    french, english = Doubt.BACK.words("s/c/m")
    assert french.startswith("s/c/m")
    assert english == "s/c/m: counter went back"
