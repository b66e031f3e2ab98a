import pytest

from collector.intake.clock import AHEAD_SECONDS, stamp, stamped
from collector.store.entry import Clock, Envelope
from vigie.frame import Gap, Header

SECOND = 1_000_000_000
NOW = 1_790_000_000 * SECOND


def header(time: int, monotonic: int = 100 * SECOND, boot: str = "b1") -> Header:
    return Header("agent", boot, 1, "site/c", time, monotonic, 1)


def envelope(clock: Clock | None) -> Envelope:
    clocks = {clock.boot: clock} if clock else {}
    return Envelope("p", "site/c", simulated=False, received=NOW, compressed=False, clocks=clocks)


def test_a_right_clock_moves_nothing() -> None:
    when = stamp(header(NOW), envelope(Clock("b1", NOW, 100 * SECOND)))
    assert (when.shift, when.offset) == (0, 0)
    assert when.time(123_456_789_000_000 * 13) == 123_456_789_000_000 * 13


@pytest.mark.parametrize("seconds", [-3600, 3600, -6, 6])
def test_a_wrong_clock_is_known_from_the_monotonic_age(seconds: int) -> None:
    taken = NOW - 20 * SECOND  # sent 20 s after it was taken
    said = taken + seconds * SECOND
    when = stamp(header(said), envelope(Clock("b1", NOW + seconds * SECOND, 120 * SECOND)))
    assert when.offset == seconds
    assert when.time(said // 1000) == taken // 1000


def test_a_clock_a_little_off_is_believed_and_told() -> None:
    when = stamp(header(NOW + 4 * SECOND), envelope(Clock("b1", NOW + 4 * SECOND, 100 * SECOND)))
    assert (when.shift, when.offset) == (0, 4)


def test_a_frame_taken_before_the_clock_was_set_right_is_moved_too() -> None:
    said = NOW - 86_400 * SECOND  # taken a minute ago by a clock a day behind, which is right now
    when = stamp(header(said), envelope(Clock("b1", NOW, 160 * SECOND)))
    assert when.time(said // 1000) == (NOW - 60 * SECOND) // 1000


@pytest.mark.parametrize(
    "clock",
    [None, Clock("another boot", NOW, 120 * SECOND), Clock("b1", NOW, 99 * SECOND)],
)
def test_without_a_usable_clock_an_old_frame_is_believed(clock: Clock | None) -> None:
    old = NOW - 30 * 86_400 * SECOND
    when = stamp(header(old), envelope(clock))
    assert (when.shift, when.offset) == (0, None)
    assert when.time(old // 1000) == old // 1000


@pytest.mark.parametrize("said", [NOW + 3600 * SECOND, 0, 2**63 - 1])
def test_without_a_usable_clock_an_impossible_frame_is_from_now(said: int) -> None:
    when = stamp(header(said), envelope(None))
    assert abs(when.time(said // 1000) - NOW // 1000) <= 1


def test_one_row_far_ahead_is_from_now() -> None:
    when = stamp(header(NOW), envelope(Clock("b1", NOW, 100 * SECOND)))
    limit = NOW // 1000 + int(AHEAD_SECONDS) * 1_000_000
    assert when.time(limit) == limit
    assert when.time(limit + 1) == NOW // 1000


def test_gaps_are_moved_as_readings_are() -> None:
    when = stamp(header(NOW + 60 * SECOND), envelope(Clock("b1", NOW + 60 * SECOND, 100 * SECOND)))
    (gap,) = stamped((Gap(1, 2, NOW // 1000, NOW // 1000 + 5, "full"),), when)
    assert (gap.from_time, gap.to_time) == (NOW // 1000 - 60_000_000, NOW // 1000 - 60_000_000 + 5)
