from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.rollups.columns import RESOLUTIONS
from collector.store.tiers import ORDER, RAW, Part, parts, tier

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("minutes", "step", "wanted"),
    [(10, 60, RAW), (60, 60, "1m"), (60, 90, RAW), (1440, 3600, "1h"), (1440, None, "1h")],
)
def test_a_tier_is_worth_its_while(minutes: float, step: float | None, wanted: str) -> None:
    assert tier(NOON, at(minutes), step) == wanted


def test_odd_ends_come_from_finer_tables() -> None:
    until = {"1h": at(240), "1m": at(250)}
    assert parts("1h", at(30.5), at(255), until, {RAW: at(-9e4)}) == [
        Part(RAW, at(30.5), at(31)), Part("1m", at(31), at(60)), Part("1h", at(60), at(240)),
        Part("1m", at(240), at(250)), Part(RAW, at(250), at(255)),
    ]  # fmt: skip


def test_an_end_that_finer_tables_no_longer_have_counts_whole() -> None:
    found = parts("1h", at(30), at(180), {"1h": at(180)}, {RAW: at(100), "1m": None})
    assert found == [Part("1h", at(0), at(180))]


@given(
    st.integers(0, 10_000), st.integers(1, 10_000), st.sampled_from(ORDER),
    st.integers(0, 300), st.integers(0, 300),
)  # fmt: skip
def test_parts_follow_each_other_without_hole_or_overlap(
    start: int, length: int, chosen: str, hours: int, minutes: int
) -> None:
    first, last = NOON + timedelta(seconds=start), NOON + timedelta(seconds=start + length)
    until = {"1h": at(hours // 60 * 60), "1m": at(minutes)}
    found = parts(chosen, first, last, until, {RAW: at(-1)})
    assert [found[0].start, found[-1].end] == [first, last]
    for one, other in pairwise(found):
        assert one.end == other.start
    for part in found:
        window = RESOLUTIONS.get(part.suffix)
        assert window is None or part.start.timestamp() % window == 0
