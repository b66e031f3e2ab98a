"""The bucket of bytes that a scrub reads from."""

from agent.fragments.pace import Bucket


def test_a_steady_reader_reads_at_the_rate_whatever_the_size_of_its_pieces() -> None:
    for piece in (1, 1000, 999_983, 40_000_000):
        now, bucket = 0.0, Bucket(rate=10e6, burst=4e6, filled=0.0)
        for _ in range(200):
            now += bucket.take(piece, now)
        assert abs(200 * piece / now / 10e6 - 1) < 1e-9


def test_time_spent_elsewhere_counts_as_waiting() -> None:
    bucket = Bucket(rate=1000.0, burst=5000.0, filled=0.0)
    assert bucket.take(2000, 2.0) == 0
    assert bucket.take(2000, 3.0) == 1


def test_a_long_rest_lets_no_more_than_the_burst_through_at_once() -> None:
    bucket = Bucket(rate=1000.0, burst=5000.0, filled=0.0)
    assert bucket.take(5000, 1e6) == 0
    assert bucket.take(1000, 1e6) == 1


def test_a_piece_beyond_the_burst_is_paid_for_afterwards() -> None:
    bucket = Bucket(rate=1000.0, burst=10.0, filled=0.0)
    assert bucket.take(3000, 0.0) == 3
    assert bucket.take(1000, 3.0) == 1


def test_a_clock_that_stands_still_gives_nothing() -> None:
    bucket = Bucket(rate=1000.0, burst=1000.0, filled=5.0)
    assert bucket.take(100, 4.0) == 0.1
    assert bucket.take(100, 4.0) == 0.2
