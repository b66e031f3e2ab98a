"""A source in a process of its own: what it gives, and what becomes of one that hangs."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from agent.apart import Apart, Broke, guarded
from agent.source import fault
from tests.build.given import Given
from tests.build.hanging import Lonely, Telling
from vigie.catalogue import Host
from vigie.errors import Absent, SourceFailed
from vigie.shape import Quality

NOW = 1_700_000_000_000_000_000
Maker = Callable[..., Apart]


class Clock:
    """A clock that a test may set forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def apart() -> Iterator[Maker]:
    """Makes one; whatever process is left is ended."""
    made: list[Apart] = []

    def make(source: Lonely, limit: float = 5.0, **more: object) -> Apart:
        source.limit_seconds = limit
        made.append(Apart(source, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        for process in filter(None, (each._child, each._left)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)
        each.close()


def test_what_the_source_finds_crosses_with_the_catalogue_s_own_fields(apart: Maker) -> None:
    source = apart(Telling())
    source.open()
    found = source.read(NOW)
    assert found.columns[Host.load1] == [1.0]
    assert found.quality == {"host": [Quality.ESTIMATED]}
    assert [(h.code, h.keys, h.detail) for h in found.happenings] == [
        ("gpu_lost", {"gpu": "GPU-1"}, "fell off the bus")
    ]
    assert found.devices == [{"device": "GPU-1", "kind": "gpu", "model": None}]
    assert fault(found, (Host,)) is None


def test_one_process_serves_all_turns_and_its_state_lives_there(apart: Maker) -> None:
    source = apart(Lonely())
    source.open()
    turns = [source.read(NOW).columns[Host.cpu_busy_seconds_total] for _ in range(3)]
    assert turns == [[1], [2], [3]]
    assert (source.starts, len(source.pids)) == (1, 1)


def test_what_a_library_prints_does_not_get_between_the_answers(apart: Maker) -> None:
    source = apart(Lonely("print"))
    source.open()
    assert source.read(NOW).columns[Host.load1] == [1.0]


def one_turn(source: Apart) -> None:
    source.open()
    source.read(NOW)


@pytest.mark.parametrize("deed", ["absent", "open:absent"])
def test_an_absence_crosses(apart: Maker, deed: str) -> None:
    with pytest.raises(Absent, match="no such board"):
        one_turn(apart(Lonely(deed)))


def test_where_there_is_nothing_to_read_no_process_is_kept_and_none_started_for_minutes(
    apart: Maker,
) -> None:
    clock = Clock()
    source = apart(Lonely("open:absent"), seconds=clock)
    for ahead, starts in ((0.0, 1), (30.0, 1), (299.0, 1), (300.0, 2)):
        clock.ahead = ahead
        with pytest.raises(Absent, match="no such board"):
            source.open()
        assert (source.starts, source.pids) == (starts, ())


def test_a_failure_crosses_with_its_code(apart: Maker) -> None:
    source = apart(Lonely("fail"))
    source.open()
    with pytest.raises(SourceFailed, match="reseat it") as failed:
        source.read(NOW)
    assert failed.value.code == "io"


def test_a_bug_crosses_in_its_own_words_and_the_source_is_opened_anew(apart: Maker) -> None:
    source = apart(Lonely("break"))
    source.open()
    with pytest.raises(Broke, match="ZeroDivisionError: oops"):
        source.read(NOW)
    source.open()
    assert source.starts == 1


def test_it_cannot_be_read_before_it_is_open(apart: Maker) -> None:
    with pytest.raises(SourceFailed) as failed:
        apart(Lonely()).read(NOW)
    assert failed.value.code == "closed"


def test_closing_ends_the_process(apart: Maker) -> None:
    source = apart(Lonely())
    source.open()
    [pid] = source.pids
    source.close()
    assert not psutil.pid_exists(pid)
    source.open()  # at once: nothing failed
    assert source.starts == 2


def test_a_process_that_hangs_is_ended_with_its_children(apart: Maker) -> None:
    source = apart(Lonely("hang with children"), limit=1.0)
    source.open()
    process = psutil.Process(source.pids[0])
    seen: list[psutil.Process] = []
    watch = threading.Thread(target=lambda: seen.extend(child_of(process)))
    watch.start()
    with pytest.raises(SourceFailed, match="no answer after 1 s") as failed:
        source.read(NOW)
    watch.join()
    assert failed.value.code == "timeout"
    assert source.pids == ()
    assert len(seen) == 1
    assert all(map(ended, [process, *seen]))


def ended(process: psutil.Process) -> bool:
    """Whether it has ended, collected by its parent or not yet."""
    until = time.monotonic() + 5
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
    return True


def child_of(process: psutil.Process) -> list[psutil.Process]:
    """The first children that a process has, as soon as it has any."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if children := process.children():
            return children
        time.sleep(0.01)
    return []


@pytest.mark.slow
def test_it_is_not_started_again_within_a_minute(apart: Maker) -> None:
    clock = Clock()
    source = apart(Lonely("hang"), limit=0.5, seconds=clock)
    source.open()
    with pytest.raises(SourceFailed):
        source.read(NOW)
    began = time.monotonic()
    with pytest.raises(SourceFailed, match=r"start 2 in 5\d s") as failed:
        source.read(NOW)
    assert failed.value.code == "stuck"
    assert time.monotonic() - began < 0.4  # less than the turn that it does not take
    clock.ahead = 60.0
    with pytest.raises(SourceFailed, match="no answer after"):
        source.read(NOW)
    assert source.starts == 2


def test_a_process_that_dies_is_told_with_its_signal_and_replaced(apart: Maker) -> None:
    clock = Clock()
    source = apart(Lonely("die"), seconds=clock)
    source.open()
    with pytest.raises(SourceFailed, match="signal 11") as failed:
        source.read(NOW)
    assert failed.value.code == "died"
    with pytest.raises(SourceFailed, match=r"signal 11.*start 2"):
        source.read(NOW)
    clock.ahead = 60.0
    with pytest.raises(SourceFailed, match="signal 11"):
        source.read(NOW)
    assert source.starts == 2


@pytest.mark.slow
def test_one_that_outlives_sigkill_is_left_behind_and_no_second_one_started(
    apart: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.apart.KILL_SECONDS", 0.1)
    clock = Clock()
    source = apart(Lonely("hang"), limit=0.5, kill=lambda *_: None, seconds=clock)
    source.open()
    [pid] = source.pids
    with pytest.raises(SourceFailed, match=f"process {pid} cannot be ended"):
        source.read(NOW)
    clock.ahead = 3600.0
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(SourceFailed, match=f"process {pid} hangs in the kernel") as failed:
            source.read(NOW)
        assert time.monotonic() - began < 0.4  # less than the turn that it does not take
        assert failed.value.code == "stuck"
    assert (source.starts, source.pids) == (1, (pid,))
    os.killpg(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)], 5)
    with pytest.raises(SourceFailed, match="no answer after"):
        source.read(NOW)
    assert source.starts == 2


def test_the_turn_returns_before_its_limit(apart: Maker) -> None:
    source = apart(Lonely("hang"), limit=0.5)
    source.open()
    began = time.monotonic()
    with pytest.raises(SourceFailed):
        source.read(NOW)
    assert time.monotonic() - began < source.limit_seconds


def test_a_source_that_is_bound_to_this_process_is_refused(apart: Maker) -> None:
    lonely = Lonely()
    lonely.lock = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(SourceFailed, match="cannot be pickled") as failed:
        apart(lonely).open()
    assert failed.value.code == "contract"


def test_a_source_that_its_process_cannot_import_is_refused(apart: Maker) -> None:
    class Hidden(Lonely):
        pass

    Hidden.__qualname__ = "Lonely"
    Hidden.__module__ = "no_such_module"
    with pytest.raises(SourceFailed) as failed:
        apart(Hidden()).open()
    assert failed.value.code == "contract"


def test_only_sources_that_ask_for_it_stand_apart() -> None:
    plain, lonely = Given(), Lonely()
    first, second = guarded([plain, lonely])
    assert first is plain
    assert isinstance(second, Apart)
    assert (second.name, second.measurements, second.reads) == ("lonely", (Host,), lonely.reads)
    assert not second.apart
