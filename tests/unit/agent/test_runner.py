"""Turns of sources: isolated, limited, never doubled."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent import clock
from agent.apart import Apart
from agent.health import Vitals
from agent.runner import Moment, Runner, Tick
from agent.source import Found
from tests.build.given import Given
from tests.build.hanging import Lonely
from vigie import catalogue
from vigie.catalogue import Host
from vigie.errors import Absent, SourceFailed

GOOD = Found({Host.load1: [0.5], Host.cpu_count: [2]})
PERIOD = 0.08
SECOND = 1_000_000_000


class Played(Given):
    """A source that does what it is told at each turn."""

    def __init__(self, name: str, *turns: Callable[[], Found]) -> None:
        super().__init__(name)
        self.turns, self.taken = list(turns), 0
        self.opened = self.closed = 0
        self.threads: set[int] = set()

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.closed += 1

    def read(self, now: int) -> Found:
        self.threads.add(threading.get_ident())
        self.taken += 1
        return self.turns.pop(0)() if self.turns else GOOD


def raising(error: Exception) -> Callable[[], Found]:
    def turn() -> Found:
        raise error

    return turn


@contextlib.contextmanager
def running(*sources: Played, limit: float | None = 5.0, vitals: bool = False) -> Iterator[Runner]:
    periods = {s.name: PERIOD for s in sources} | {"source": PERIOD}
    own = (lambda: Vitals(1, 2, 3, 4, 5.0, 6)) if vitals else None
    runner = Runner(sources, periods, limit=limit, vitals=own)
    yield runner
    runner.close()


def ticks(runner: Runner, count: int = 1) -> Tick:
    """So many ticks, each at the next multiple of the period; all that they gave."""
    given = Tick()
    for _ in range(count):
        due = runner.next_tick(time.time_ns())
        while time.time_ns() < due:
            given.extend(runner.sleep((due - time.time_ns()) / SECOND))
        given.extend(runner.tick(Moment.now()))
    given.extend(runner.sleep(PERIOD / 4))  # on a busy machine a turn may miss its tick
    return given


def names(tick: Tick) -> list[str]:
    return [r.source for r in tick.readings]


def test_every_source_is_read_at_its_tick() -> None:
    with running(Played("a"), Played("b")) as runner:
        assert sorted(names(ticks(runner, 3))) == ["a"] * 3 + ["b"] * 3


def test_a_source_is_touched_by_one_thread_alone() -> None:
    source = Played("a")
    with running(source) as runner:
        ticks(runner, 3)
    assert len(source.threads) == 1
    assert threading.get_ident() not in source.threads
    assert (source.opened, source.closed) == (1, 1)


def test_a_period_begins_at_multiples_of_itself_and_has_one_turn() -> None:
    source = Played("a")
    runner = Runner([source], {"a": 10.0})
    now = Moment.now()
    at = Moment(1_000_000_000_000, now.monotonic)
    assert runner.next_tick(at.wall) == 1_010_000_000_000
    assert runner.next_tick(at.wall + 1) == 1_010_000_000_000
    for wall in (at.wall, at.wall + 3 * SECOND, at.wall + 9 * SECOND):
        runner.tick(Moment(wall, now.monotonic))
    assert source.taken == 1
    runner.close()


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    source = Played("a")
    runner = Runner([source], {"a": 10.0})
    runner.tick(Moment(1_000_000_000_000, clock.nanoseconds()))
    runner.tick(Moment(600_000_000_000, clock.nanoseconds()))
    assert source.taken == 2
    runner.close()


def test_an_error_of_one_source_is_counted_told_once_and_stops_no_other() -> None:
    broken = Played("a", *[raising(SourceFailed("io", "disk 3 is silent"))] * 3)
    with running(broken, Played("b")) as runner:
        tick = ticks(runner, 3)
        assert names(tick) == ["b"] * 3
        assert runner.healths["a"].failures == 3
        assert [(c.source, c.before, c.after) for c in tick.changes] == [("a", "unknown", "failed")]
        assert "disk 3 is silent" in tick.changes[0].detail
        after = ticks(runner)
        assert [(c.before, c.after) for c in after.changes] == [("failed", "ok")]


def test_a_bug_in_a_source_is_isolated_and_it_is_opened_anew() -> None:
    source = Played("a", raising(ZeroDivisionError("oops")))
    with running(source) as runner:
        ticks(runner)
        assert runner.healths["a"].word == "failed"
        ticks(runner)
        assert runner.healths["a"].word == "ok"
    assert source.opened == 2


def test_absence_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with running(Played("a", raising(Absent("no such device")))) as runner:
        tick = ticks(runner)
        assert runner.healths["a"].word == "absent"
        assert tick.changes == []
    assert not [r for r in caplog.records if r.levelname in {"WARNING", "ERROR"}]


def test_a_source_that_cannot_open_is_not_opened_at_each_turn() -> None:
    class Shut(Played):
        def open(self) -> None:
            self.opened += 1
            raise SourceFailed("denied", "no right")

    source = Shut("a")
    with running(source) as runner:
        ticks(runner, 3)
        assert runner.healths["a"].failures == 3
    assert source.opened == 1


def test_columns_that_break_the_contract_are_not_sent() -> None:
    bad = Found({Host.load1: [0.5, 0.6], Host.cpu_count: [2]})
    with running(Played("a", lambda: bad)) as runner:
        assert names(ticks(runner)) == []
        assert runner.healths["a"].detail.startswith("contract: vigie_host_cpu_count has 1 rows")


def test_a_stuck_source_is_given_up_and_goes_on_when_it_returns(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def hang() -> Found:
        pipe.read_bytes()  # blocks in the kernel until somebody writes
        return GOOD

    stuck, other = Played("a", hang), Played("b")
    with running(stuck, other, limit=2 * PERIOD) as runner:
        tick = ticks(runner, 6)
        health = runner.healths["a"]
        assert (health.word, health.timeouts) == ("stuck", 1)
        assert health.skipped >= 4
        assert names(tick) == ["b"] * 6
        assert [(c.source, c.after) for c in tick.changes] == [("a", "stuck")]
        assert stuck.taken == 1  # no second turn beside the hanging one
        pipe.write_bytes(b"")
        later = ticks(runner, 2)
        assert (health.word, health.timeouts) == ("ok", 1)
        # What the late turn read is not passed off as new.
        assert names(later).count("a") == stuck.taken - 1
        assert [(c.before, c.after) for c in later.changes] == [("stuck", "ok")]


@pytest.mark.parametrize("kill", [os.killpg, lambda *_: None], ids=["ended", "left behind"])
@pytest.mark.slow
def test_a_source_that_hangs_in_its_own_process_keeps_no_other_waiting(
    kill: Callable[[int, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.apart.KILL_SECONDS", 10 * PERIOD)
    lonely = Lonely("hang", "a")
    lonely.limit_seconds = 20 * PERIOD  # far above what a busy machine takes from a turn
    stuck = Apart(lonely, kill=kill)
    stuck.open()  # so that starting its process is not what takes the time
    runner = Runner([stuck, Played("b")], {"a": PERIOD, "b": PERIOD})
    late, read = [], 0
    for _ in range(40):
        due = runner.next_tick(time.time_ns())
        runner.sleep((due - time.time_ns()) / SECOND)
        readings = runner.tick(Moment.now()).readings
        assert all(reading.source == "b" for reading in readings)
        read += len(readings)
        late.append(time.time_ns() - due)
    if stuck._left:
        os.killpg(stuck._left.pid, signal.SIGKILL)
        stuck._left.wait(60)
    health = runner.healths["a"]
    assert (health.word, health.timeouts) == ("stuck", 1)
    assert health.skipped >= 5  # turns not taken: the one before, then no new start within a minute
    assert read > 30  # a busy machine may miss a turn
    assert max(late) < 9 * PERIOD * SECOND  # shorter than either wait it could have shared
    runner.close()


@pytest.mark.parametrize(
    ("code", "word", "counted"),
    [("timeout", "stuck", (0, 1, 0)), ("stuck", "stuck", (0, 0, 1)), ("io", "failed", (1, 0, 0))],
)
def test_a_program_that_hung_makes_its_source_stuck(
    code: str, word: str, counted: tuple[int, int, int]
) -> None:
    with running(Played("a", raising(SourceFailed(code, "smartctl -a sda")))) as runner:
        tick = ticks(runner)
        health = runner.healths["a"]
        assert (health.word, health.detail) == (word, f"{code}: smartctl -a sda")
        assert (health.failures, health.timeouts, health.skipped) == counted
        assert [c.after for c in tick.changes] == [word]


def test_an_opening_that_hung_is_one_timeout_however_often_it_is_told() -> None:
    class Shut(Played):
        def open(self) -> None:
            raise SourceFailed("timeout", "no answer")

    with running(Shut("a")) as runner:
        ticks(runner, 3)
        assert (runner.healths["a"].word, runner.healths["a"].timeouts) == ("stuck", 1)
        assert runner.healths["a"].skipped == 2


def test_a_turn_that_returns_after_the_end_closes_its_source(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def hang() -> Found:
        pipe.read_bytes()
        return GOOD

    source = Played("a", hang)
    with running(source, limit=PERIOD) as runner:
        ticks(runner, 3)
        assert runner.healths["a"].word == "stuck"
    assert source.closed == 0
    pipe.write_bytes(b"")
    until = time.monotonic() + 60
    while not source.closed and time.monotonic() < until:
        time.sleep(0.01)
    assert source.closed == 1


def test_the_limit_is_the_source_s_own_unless_one_is_set(tmp_path: Path) -> None:
    pipes = [tmp_path / name for name in "ab"]

    def hang(pipe: Path) -> Found:
        pipe.read_bytes()
        return GOOD

    for pipe in pipes:
        os.mkfifo(pipe)
    quick, slow = (Played(pipe.name, partial(hang, pipe)) for pipe in pipes)
    quick.limit_seconds = PERIOD
    with running(quick, slow, limit=None) as runner:
        ticks(runner, 3)
        assert [runner.healths[n].word for n in "ab"] == ["stuck", "unknown"]
    for pipe in pipes:
        pipe.write_bytes(b"")


def test_a_slow_turn_is_not_lost_but_comes_with_its_own_time() -> None:
    def slow() -> Found:
        time.sleep(period * 0.7)  # longer than a tick waits
        return GOOD

    period = 1.0  # so that the other has half a second, however busy the machine
    with contextlib.closing(
        Runner([Played("a", slow), Played("b")], {"a": period, "b": period})
    ) as runner:
        began = time.time_ns()
        assert names(runner.tick(Moment.now())) == ["b"]
        late = runner.sleep(period)
        assert names(late) == ["a"]
        assert abs(late.readings[0].time - began) < SECOND * 0.5


def test_a_source_that_is_off_has_no_turn_and_says_so() -> None:
    source = Played("a")
    runner = Runner([source, Played("b")], {"a": PERIOD, "b": PERIOD}, off=["a"])
    ticks(runner)
    assert (source.opened, runner.healths["a"].word) == (0, "off")
    runner.close()


def test_the_runner_reads_itself() -> None:
    broken = Played("a", raising(SourceFailed("io", "x")))
    with running(broken, Played("b"), vitals=True) as runner:
        tick = ticks(runner)
    own = next(r for r in tick.readings if r.source == "source")
    row: dict[str, list[Any]] = {f.name: list(cells) for f, cells in own.found.columns.items()}
    assert row["source"] == ["a", "b", "agent"]
    words = catalogue.Source.status.codes
    assert [words[code] for code in row["status"]] == ["failed", "ok", "ok"]
    assert row["failures_total"] == [1, 0, None]
    assert row["values_total"] == [0, 2, None]
    assert row["age_seconds"][0] is None
    assert row["spool_bytes"] == [None, None, 1]
    assert row["agent_memory_bytes"] == [None, None, 6]


def test_wake_ends_the_sleep() -> None:
    with running(Played("a")) as runner:
        began = time.monotonic()
        runner.wake()
        runner.sleep(30)
        assert time.monotonic() - began < 20
