"""Each component of a disk's health, and which one decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.disks.health import WATCHED, judge
from vigie.catalogue import Disk
from vigie.shape import Field, Value

FIVE = (
    Disk.reallocated_sectors, Disk.reported_uncorrectable_total, Disk.command_timeouts_total,
    Disk.pending_sectors, Disk.offline_uncorrectable_sectors,
)  # fmt: skip
SOUND: dict[Field, Value] = {Disk.smart_passed: True, **dict.fromkeys(FIVE, 0)}


def score(values: dict[Field, Value], **more: bool) -> tuple[float | None, str]:
    found = judge(values, {}, **more)
    return found.ratio, found.reason


def test_a_disk_without_a_sign_of_failure() -> None:
    assert score(SOUND) == (1.0, "none")


def test_a_disk_of_which_nothing_is_known_has_no_health() -> None:
    assert score({}) == (None, "none")


def test_a_disk_that_says_it_fails() -> None:
    assert score(SOUND | {Disk.smart_passed: False}) == (0.0, "smart_failed")


def test_an_attribute_at_its_threshold_announces_failure_whatever_the_disk_says() -> None:
    assert score(SOUND, prefail=True) == (0.0, "smart_failed")


def test_a_pool_that_refuses_a_disk_knows_better() -> None:
    assert score(SOUND, refused=True) == (0.0, "pool_faulted")
    assert score(SOUND, refused=False) == (1.0, "none")


@pytest.mark.parametrize(("above", "ratio"), [(0, 1.0), (1, 0.7), (2, 0.4), (3, 0.2), (5, 0.2)])
def test_how_many_of_five_counters_are_above_zero(above: int, ratio: float) -> None:
    found = judge(SOUND | dict.fromkeys(FIVE[:above], 8), {})
    assert found.ratio == ratio
    assert found.reason == ("errors_found" if above else "none")
    assert found.why.count("8") == above


@pytest.mark.parametrize(
    ("field", "ratio", "reason"),
    [
        (Disk.pending_sectors, 0.2, "errors_grow"),
        (Disk.reallocated_sectors, 0.2, "errors_grow"),
        (Disk.uncorrected_errors_total, 0.2, "errors_grow"),
        (Disk.grown_defects, 0.4, "defects_grow"),
        (Disk.media_errors_total, 0.3, "media_errors_grow"),
    ],
)
def test_growth_counts_more_than_level(field: Field, ratio: float, reason: str) -> None:
    level = judge({field: 5}, {})
    grown = judge({field: 5}, {field: 2})
    assert (grown.ratio, grown.reason) == (ratio, reason)
    assert f"{field.name} +2 in 30 days" in grown.why
    assert level.ratio is not None
    assert level.ratio > ratio


def test_old_timeouts_of_a_cable_do_not_grow_into_a_risk() -> None:
    assert Disk.command_timeouts_total not in WATCHED
    assert Disk.crc_errors_total not in WATCHED


@pytest.mark.parametrize(
    ("bits", "ratio", "reason"),
    [
        (0, 1.0, "none"), (1, 0.1, "spare_low"), (2, 0.6, "temperature"),
        (4, 0.0, "critical_warning"), (8, 0.0, "critical_warning"),
        (16, 0.4, "critical_warning"), (32, 0.4, "critical_warning"),
        (1 | 2, 0.1, "spare_low"), (2 | 8, 0.0, "critical_warning"),
    ],
)  # fmt: skip
def test_each_warning_of_an_nvme_disk_weighs_what_it_means(
    bits: int, ratio: float, reason: str
) -> None:
    # smartctl says "failed" for any of them, even a warm one.
    values: dict[Field, Value] = {Disk.smart_passed: not bits, Disk.critical_warning: bits}
    assert score(values, nvme=True) == (ratio, reason)


@pytest.mark.parametrize(
    ("used", "ratio"),
    [(0.0, 1.0), (0.8, 1.0), (0.9, 0.75), (1.0, 0.5), (1.1, 0.4), (1.2, 0.3), (2.55, 0.3)],
)
def test_endurance_is_a_slope(used: float, ratio: float) -> None:
    found = judge({Disk.endurance_used_ratio: used}, {})
    assert found.ratio == pytest.approx(ratio)
    assert found.reason == ("endurance_used" if ratio < 1 else "none")


@pytest.mark.parametrize(("spare", "ratio"), [(0.5, 1.0), (0.1, 0.1), (0.06, 0.1)])
def test_spare_at_its_threshold(spare: float, ratio: float) -> None:
    found = judge({Disk.spare_ratio: spare, Disk.spare_threshold_ratio: 0.1}, {})
    assert found.ratio == ratio


@pytest.mark.parametrize(
    ("degrees", "rotates", "ratio"),
    [
        (60.0, True, 1.0),
        (61.0, True, 0.6),
        (61.0, False, 1.0),
        (61.0, None, 1.0),
        (71.0, False, 0.6),
    ],
)
def test_a_disk_that_turns_may_be_less_warm(
    degrees: float, ratio: float, *, rotates: bool | None
) -> None:
    assert judge({Disk.temperature_celsius: degrees}, {}, rotates=rotates).ratio == ratio


def test_the_worst_component_decides_and_is_named() -> None:
    values = SOUND | {Disk.reallocated_sectors: 3, Disk.temperature_celsius: 75.0}
    found = judge(values, {}, rotates=True)
    assert (found.ratio, found.reason) == (0.6, "temperature")
    assert found.components["errors_found"] == 0.7


def test_every_component_is_a_reason_of_the_catalogue() -> None:
    every: dict[Field, Value] = dict.fromkeys((*FIVE, *WATCHED), 0) | {
        Disk.smart_passed: True, Disk.critical_warning: 0, Disk.spare_ratio: 1.0,
        Disk.spare_threshold_ratio: 0.1, Disk.endurance_used_ratio: 0.0,
        Disk.temperature_celsius: 30.0,
    }  # fmt: skip
    found = judge(every, {}, refused=False)
    assert {*found.components, "none"} == set(Disk.health_reason.codes)


NUMBERS = st.none() | st.integers(0, 2**40)
RATIOS = st.none() | st.floats(0, 2.55)


@given(
    st.fixed_dictionaries({
        **dict.fromkeys(WATCHED, NUMBERS), **dict.fromkeys(FIVE, NUMBERS),
        Disk.smart_passed: st.none() | st.booleans(), Disk.critical_warning: st.none()
        | st.integers(0, 63), Disk.endurance_used_ratio: RATIOS, Disk.spare_ratio: RATIOS,
        Disk.spare_threshold_ratio: RATIOS, Disk.temperature_celsius: st.none()
        | st.floats(-20, 100),
    }),
    st.dictionaries(st.sampled_from(WATCHED), st.integers(1, 100)),
)  # fmt: skip
def test_the_score_is_a_share_and_has_a_reason_when_it_is_not_whole(
    values: dict[Field, Value], risen: dict[Field, int]
) -> None:
    found = judge(values, risen)
    assert judge(values, risen) == found
    if found.ratio is not None:
        assert 0 <= found.ratio <= 1
        assert (found.reason == "none") == (found.ratio == 1)
        assert found.ratio == min(found.components.values())
