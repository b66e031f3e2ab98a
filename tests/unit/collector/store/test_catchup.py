"""A start takes at once, and knows what it held later: nothing is lost, doubled or out of order."""

from pathlib import Path

import pytest

from collector.store.journal import LEAP
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened
from vigie.catalogue import Gpu
from vigie.errors import Unavailable
from vigie.settings import StoreSettings

SENDER = (f"{requests.CONTAINER}\tagent-1", "boot-1")


def body(number: int, power: float | None = None) -> bytes:
    """A frame whose power is its number, or another."""
    watts = float(number) if power is None else power
    readings = {"host": ["h"], "gpu": ["g"], "power_watts": [watts]}
    return requests.frame(number, START + number * SECOND, {Gpu: readings})


def left(directory: Path, *numbers: int, flushed: int = 0) -> None:
    """Frames in the journal of a store that was killed; those up to `flushed` are in the tables."""
    run = Opened(directory)
    for number in numbers:
        run.send(body(number))
        if number == flushed:
            run.flush()
    run.store.close()


def powers(run: Opened) -> list[int]:
    return [int(power) for power in run.rows("gpu", "power_watts")]


def test_frames_are_acknowledged_while_the_journal_is_not_read(tmp_path: Path) -> None:
    left(tmp_path, 1, 2, 3, flushed=1)
    with Opened(tmp_path, begun=True) as run:
        (answer,) = run.send(body(4))
        assert answer.held == {SENDER: [(1, 1), (4, 4)]}  # what the disk has, as far as is known
        with pytest.raises(Unavailable, match="catching up: 0%"):
            run.rows("gpu")
        assert run.store.catch_up().replayed == 2
        assert powers(run) == [1, 2, 3, 4]
        assert run.store.held(SENDER[0]) == {"boot-1": [(1, 4)]}
        (answer,) = run.send(body(5))
        assert answer.held == {SENDER: [(1, 5)]}


def test_a_frame_that_comes_again_meanwhile_is_kept_once(tmp_path: Path) -> None:
    left(tmp_path, 1, 2)
    with Opened(tmp_path, begun=True) as run:
        run.send(body(2), body(3), body(3))
        run.store.catch_up()
        assert powers(run) == [1, 2, 3]
        assert run.codes() == []


def test_another_frame_of_an_identity_that_waits_in_the_journal_is_an_alarm(tmp_path: Path) -> None:
    left(tmp_path, 1, 2)
    with Opened(tmp_path, begun=True) as run:
        run.send(body(2, power=999.0))
        run.store.catch_up()
        assert powers(run) == [1, 2]
        assert run.codes() == ["identity_reused"]


def test_a_second_kill_before_it_caught_up_loses_and_doubles_nothing(tmp_path: Path) -> None:
    left(tmp_path, 1, 2, 3, flushed=1)
    for number in (4, 5):
        with Opened(tmp_path, begun=True) as run:
            run.send(body(number), body(number - 1))
    with Opened(tmp_path) as run:
        assert powers(run) == [1, 2, 3, 4, 5]
        assert run.codes() == []
        assert not run.recovery.damaged
        run.flush()
    with Opened(tmp_path) as run:
        assert powers(run) == [1, 2, 3, 4, 5]
        assert run.recovery.replayed == 0


def test_newest_rows_are_those_of_the_newest_time_whatever_was_applied_last(tmp_path: Path) -> None:
    left(tmp_path, 1, 9)
    with Opened(tmp_path, begun=True) as run:
        run.send(body(5))
        run.store.catch_up()
        assert run.store.live.table("gpu").column("power_watts").to_pylist() == [9.0]


def test_positions_go_on_after_all_that_tables_know_though_the_state_is_lost(
    tmp_path: Path,
) -> None:
    left(tmp_path, 1, 2, flushed=2)
    for path in tmp_path.glob("state.db*"):
        path.unlink()
    with Opened(tmp_path, begun=True) as run:
        run.send(body(3))
    with Opened(tmp_path) as run:
        assert powers(run) == [1, 2, 3]
        assert run.store.live.commit > LEAP


def test_what_waits_counts_in_the_bound_and_beyond_it_nothing_is_taken(tmp_path: Path) -> None:
    left(tmp_path, 1)
    small = StoreSettings(sync=0, reserve_bytes=0, tail_bytes=1)
    with Opened(tmp_path, small, begun=True) as run:
        run.send(body(2))
        with pytest.raises(Unavailable, match="keep up"):
            run.send(body(3))
        run.store.catch_up()
        run.flush()
        run.send(body(3))
        assert powers(run) == [1, 2, 3]


def test_a_start_that_is_told_to_end_gives_up_and_the_next_does_it(tmp_path: Path) -> None:
    left(tmp_path, 1, 2)
    with Opened(tmp_path, begun=True) as run:
        run.send(body(3))
        run.store.give_up()
        run.store.catch_up()
        assert run.store.catching_up
    with Opened(tmp_path) as run:
        assert powers(run) == [1, 2, 3]
