"""The content scrub: how it goes through a root, at what pace, and what it believes."""

import ctypes
import hashlib
import os
import platform
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.fragments import scrub
from agent.fragments.directory import DirectoryReader
from agent.fragments.inventory import Inventory
from agent.fragments.reader import Check, Pace, Piece
from agent.fragments.scrub import Clock, Place, Scrub, Standing
from tests.build import rot
from tests.build.known import know
from vigie.errors import StoreError
from vigie.fragments import Record, Scheme, Status, object_id
from vigie.settings import FragmentStore

START = 1_700_000_000.0
DAY = 86_400.0
SIZE = 10_000
KEY = b"k" * 32


def oid(name: str) -> bytes:
    return object_id(KEY, "store", name)


@dataclass
class Now:
    """A clock that moves as far as is waited, and ends the scrub when its time is up."""

    now: float = START
    end: float = float("inf")
    waited: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> bool:
        if seconds:
            self.waited.append(seconds)
        self.now += seconds
        return self.now >= self.end

    def time(self) -> float:
        return self.now

    @property
    def clock(self) -> Clock:
        return Clock(self.wait, self.time, self.time)


class Disk:
    """The load of a disk, as it is told to be."""

    def __init__(self, *shares: float | None) -> None:
        self.shares = list(shares)
        self.asked: list[tuple[float, float]] = []

    def share(self, now: float, own: float) -> float | None:
        self.asked.append((now, own))
        return self.shares.pop(0) if self.shares else None


class Case:
    """A root with fragments object0.0 to object9.0, their inventory, and a scrub of them."""

    def __init__(self, directory: Path) -> None:
        self.root, self.now, self.disk = directory / "root", Now(), Disk()
        self.root.mkdir()
        self.inventory = Inventory.open(directory / "inventory.db", "mark")
        self.ready = True
        for number in range(10):
            self.write(f"object{number}.0")
        self.walk()

    def write(self, path: str, content: bytes = b"") -> Path:
        """A settled fragment with its sum."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content or path.encode() * (SIZE // len(path)))
        Path(f"{file}.sum").write_text(hashlib.sha256(file.read_bytes()).hexdigest())
        os.utime(file, (START - DAY, START - DAY))
        return file

    def walk(self) -> None:
        """Tell the inventory of every fragment that lies here now."""
        know(self.inventory, self.root, self.scrub().reader, oid, START)

    def scrub(self, reader: Any = None, chance: float = 0.5, **settings: Any) -> Scrub:
        """A new one, as after a restart."""
        told: dict[str, Any] = {"sums": "sidecar", "scrub_rate": 10**9} | settings
        store = FragmentStore(name="store", roots=(self.root,), k=10, n=14, **told)
        return Scrub(
            store, self.root, reader or DirectoryReader(store), self.inventory, oid,
            self.now.clock, self.disk,  # type: ignore[arg-type]
            ready=lambda: self.ready, chance=lambda: chance,
        )  # fmt: skip

    def record(self, name: str) -> Record:
        """What the inventory knows of a fragment."""
        found = self.inventory.record(oid(name), 0)
        assert found is not None
        return found

    def status(self, name: str) -> Status:
        return Status(self.record(name).status)

    def verified(self) -> list[str]:
        """Objects whose fragment was ever read."""
        return [f"object{n}" for n in range(10) if self.record(f"object{n}").verified]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    yield made
    made.inventory.close()


class Reading:
    """A reader that tells what it read, and lies as it is told to."""

    def __init__(self, *lies: Check | Callable[[str], Check]) -> None:
        self.lies, self.read = list(lies), list[str]()
        self._honest = DirectoryReader(FragmentStore(k=10, n=14, sums="sidecar"))

    def piece(self, path: str) -> Piece | None:
        return self._honest.piece(path)

    def scheme(self, path: str) -> Scheme:
        return self._honest.scheme(path)

    def check(self, path: str, pace: Pace) -> Check:
        self.read.append(Path(path).name)
        lie = self.lies.pop(0) if self.lies else self._honest.check(path, pace)
        return lie if isinstance(lie, Check) else lie(path)


BAD = Check(Status.CORRUPT, SIZE, "sha256 is another")


# What it finds


def test_a_pass_reads_every_fragment_in_the_order_of_the_paths(case: Case) -> None:
    reader = Reading()
    case.scrub(reader).turn()
    assert reader.read == [f"object{number}.0" for number in range(10)]
    assert {case.status(f"object{n}") for n in range(10)} == {Status.OK}
    assert case.record("object3").verified == START
    assert case.inventory.counters["verified"] == 10
    assert case.inventory.counters["verified_bytes"] == sum(
        file.stat().st_size for file in case.root.glob("*.0")
    )


def test_rot_is_found_though_size_and_times_are_as_they_were(case: Case) -> None:
    rot.flip(case.root / "object4.0", 77)
    case.scrub().turn()
    assert case.status("object4") == Status.CORRUPT
    assert case.inventory.damaged()[Status.CORRUPT] == 1
    assert case.inventory.counters["verify_errors"] == 1


def test_a_disk_that_refuses_is_no_rot(case: Case) -> None:
    rot.refuse(case.root / "object4.0")
    case.scrub().turn()
    assert case.status("object4") == Status.UNREADABLE
    assert {case.status(f"object{n}") for n in (3, 5)} == {Status.OK}


def test_rot_is_believed_the_second_time(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    reader = Reading(BAD)
    case.scrub(reader).turn()
    assert reader.read[:3] == ["object0.0", "object0.0", "object1.0"]
    assert case.status("object0") == Status.OK
    assert "read wrong once" in caplog.text


def test_a_disk_that_refuses_the_second_time_makes_it_unreadable(case: Case) -> None:
    case.scrub(Reading(BAD, Check(Status.UNREADABLE, 0, "Input/output error"))).turn()
    assert case.status("object0") == Status.UNREADABLE


def test_a_file_that_changes_while_it_is_read_is_left(case: Case) -> None:
    def changed(path: str) -> Check:
        Path(path).write_bytes(b"new content")
        return BAD

    case.scrub(Reading(BAD, changed)).turn()
    assert case.status("object0") == Status.UNVERIFIED
    assert case.status("object1") == Status.OK


def test_a_file_that_vanishes_while_it_is_read_is_left_to_the_walk(case: Case) -> None:
    def gone(path: str) -> Check:
        Path(path).unlink()
        raise FileNotFoundError(path)

    case.scrub(Reading(gone)).turn()
    assert case.status("object0") == Status.UNVERIFIED
    assert case.status("object1") == Status.OK


def test_a_file_that_is_still_being_written_is_left(case: Case) -> None:
    os.utime(case.root / "object2.0", (START - 599, START - 599))
    os.utime(case.root / "object3.0", (START - 601, START - 601))
    os.utime(case.root / "object4.0", (START + 599, START + 599))
    os.utime(case.root / "object5.0", (START + DAY, START + DAY))
    case.scrub(settle=600.0).turn()
    assert not case.record("object2").verified
    assert case.record("object3").verified
    assert not case.record("object4").verified
    assert case.record("object5").verified, "a time far to come says nothing of now"


def test_what_the_walk_has_not_seen_is_not_read(case: Case) -> None:
    case.write("object99.0")
    (case.root / "notes.txt").write_text("no fragment")
    reader = Reading()
    case.scrub(reader).turn()
    assert len(reader.read) == 10


def test_a_reader_that_stumbles_ends_nothing(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    def stumble(path: str) -> Check:
        raise IndexError(path)

    case.scrub(Reading(stumble)).turn()
    assert case.status("object0") == Status.UNVERIFIED
    assert case.status("object9") == Status.OK
    assert "fragment cannot be judged" in caplog.text


# Where it goes on


def test_it_goes_on_after_a_restart_where_it_was(case: Case) -> None:
    reader = Reading()
    case.now.end = START + 5
    slow = case.scrub(reader, scrub_rate=SIZE // 2)
    while not case.now.wait(slow.turn()):
        pass
    first = list(case.verified())
    assert 0 < len(first) < 10
    case.now.end = float("inf")
    again = Reading()
    case.scrub(again).turn()
    assert case.verified() == [f"object{n}" for n in range(10)]
    assert len(again.read) == 10 - len(first), "nothing is read twice"


def test_a_crash_costs_what_was_read_since_it_last_wrote_down(case: Case) -> None:
    def crash(_: str) -> Check:
        raise SystemExit

    honest = DirectoryReader(FragmentStore(k=10, n=14, sums="sidecar"))

    def slowly(path: str) -> Check:
        case.now.now += 11
        return honest.check(path, lambda _: None)

    with pytest.raises(SystemExit):
        case.scrub(Reading(*[slowly] * 7, crash)).turn()
    assert case.verified() == [f"object{n}" for n in range(6)]
    again = Reading()
    case.scrub(again).turn()
    assert again.read[0] == "object6.0"


def test_damage_is_written_down_at_once_but_not_for_every_file_of_a_bad_disk(case: Case) -> None:
    written: list[float] = []
    keep = case.inventory.set_cursor

    def noted(name: str, text: str) -> None:
        written.append(case.now.now)
        keep(name, text)

    case.inventory.set_cursor = noted  # type: ignore[method-assign]
    bad = Check(Status.UNREADABLE, 0, "Input/output error")

    def later(_: str) -> Check:
        case.now.now += 1
        return bad

    case.scrub(Reading(later, *[bad] * 8, later)).turn()
    assert written == [START + 1, START + 2, START + 2], "the last one is the end of the pass"
    assert case.inventory.damaged()[Status.UNREADABLE] == 10


def test_how_far_it_is_is_known_after_a_restart(case: Case) -> None:
    case.now.end = START + 5
    slow = case.scrub(scrub_rate=SIZE // 2)
    slow.turn()
    assert 0 < slow.standing.progress < 1
    assert case.scrub().standing == Standing("waiting", slow.standing.progress)


def test_what_comes_during_a_pass_disturbs_nothing_and_is_read_in_the_next(case: Case) -> None:
    def meanwhile(path: str) -> Check:
        case.write("a.0")
        case.write("object5a.0")
        case.walk()
        return DirectoryReader(FragmentStore(sums="sidecar")).check(path, lambda _: None)

    case.scrub(Reading(meanwhile)).turn()
    assert len(case.verified()) == 10
    assert case.status("a") == Status.UNVERIFIED
    case.now.now += 90 * DAY
    case.scrub().turn()
    assert {case.status(name) for name in ("a", "object5a", "object0")} == {Status.OK}


def test_a_cursor_that_makes_no_sense_starts_a_new_pass() -> None:
    for text in ("{", "[]", '{"what": 1}', "3", ""):
        assert Place.parse(text) == Place()
    place = Place(due=1.5, began=2.5, cursor="a/\udcff", done=0.5, found=7)
    assert Place.parse(place.pack()) == place
    assert place.pack().isascii()


# When


def test_the_next_pass_begins_by_chance_in_the_last_part_of_the_period(case: Case) -> None:
    for chance, due in ((0.0, 0.8), (1.0, 1.0)):
        case.inventory.set_cursor(case.scrub()._name, "")
        case.now.now = START
        case.scrub(chance=chance, scrub=100 * DAY).turn()
        reader = Reading()
        case.now.now = START + due * 100 * DAY - 1
        case.scrub(reader).turn()
        assert not reader.read
        case.now.now += 2
        case.scrub(reader).turn()
        assert len(reader.read) == 10


def test_a_pass_that_takes_longer_than_its_period_is_followed_by_a_pause(case: Case) -> None:
    endless = case.scrub(scrub_rate=SIZE // 1000, scrub=1000.0)
    endless.turn()
    assert case.now.now > START + 5000
    assert Place.parse(case.inventory.cursor(endless._name)).due == case.now.now + 10


def test_a_clock_that_was_set_back_does_not_put_it_off_for_years(case: Case) -> None:
    case.scrub(scrub=DAY).turn()
    case.now.now = START - 1000 * DAY
    for file in case.root.glob("*.0"):
        os.utime(file, (case.now.now - DAY, case.now.now - DAY))
    reader = Reading()
    case.scrub(reader, scrub=DAY).turn()
    assert len(reader.read) == 10


def test_it_waits_for_the_first_walk(case: Case) -> None:
    case.ready = False
    reader = Reading()
    waiting = case.scrub(reader)
    assert waiting.turn() == scrub.RETRY_SECONDS
    assert (reader.read, waiting.standing) == ([], Standing("waiting", 0.0))
    case.ready = True
    waiting.turn()
    assert len(reader.read) == 10


def test_a_root_without_fragments_is_looked_at_again_soon(case: Case) -> None:
    moved = case.root.rename(case.root.with_name("unmounted"))
    case.root.mkdir()
    scrubbing = case.scrub()
    scrubbing.turn()
    assert Place.parse(case.inventory.cursor(scrubbing._name)).due == START + 3600
    case.root.rmdir()
    moved.rename(case.root)
    case.now.now += 3601
    scrubbing.turn()
    assert len(case.verified()) == 10


def test_a_missing_root_is_tried_again(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    moved = case.root.rename(case.root.with_name("unmounted"))
    scrubbing = case.scrub()
    assert scrubbing.turn() == scrub.RETRY_SECONDS
    assert "scrub interrupted" in caplog.text
    moved.rename(case.root)
    scrubbing.turn()
    assert len(case.verified()) == 10


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), StoreError("disk full")])
def test_it_goes_on_once_what_was_in_the_way_is_gone(case: Case, error: Exception) -> None:
    def hindered(_: str) -> Check:
        raise error

    if isinstance(error, StoreError):
        scrubbing = case.scrub()
        keep = case.inventory.set_cursor
        case.inventory.set_cursor = lambda *_: (_ for _ in ()).throw(error)  # type: ignore[method-assign]
        scrubbing.turn()
        case.inventory.set_cursor = keep  # type: ignore[method-assign]
    else:
        scrubbing = case.scrub(Reading(hindered))
        scrubbing.turn()
    assert not case.verified()
    scrubbing.turn()
    assert len(case.verified()) == 10


def test_at_no_rate_it_is_off(case: Case) -> None:
    off = case.scrub(scrub_rate=0)
    off.run()
    assert off.standing.state == "off"


def test_run_ends_when_the_clock_says_so(case: Case) -> None:
    case.now.end = START + 3 * DAY
    case.scrub(scrub=DAY).run()
    assert case.record("object9").verified > START + DAY


# How fast


@pytest.mark.parametrize("rate", [1_000, 50_000])
def test_it_keeps_to_its_rate(case: Case, rate: int) -> None:
    case.scrub(scrub_rate=rate).turn()
    size = sum(file.stat().st_size for file in case.root.glob("*.0"))
    assert size / (case.now.now - START) == pytest.approx(rate, rel=0.01)


def test_it_leaves_a_busy_disk_alone_until_it_has_rest(case: Case) -> None:
    states: list[str] = []
    scrubbing = case.scrub(scrub_rate=SIZE // 10, busy=0.6)
    case.disk = scrubbing.load = Disk(0.1, 0.9, 0.61, 0.6)  # type: ignore[assignment]
    wait = case.now.wait

    def watched(seconds: float) -> bool:
        states.append(scrubbing.standing.state)
        return wait(seconds)

    scrubbing.clock = Clock(watched, case.now.time, case.now.time)
    scrubbing.turn()
    assert states.count("disk_busy") == 2, "0.9 and 0.61 are too much"
    assert case.now.waited.count(scrub.LOOK_SECONDS) == 2
    assert len(case.verified()) == 10


def test_its_own_reading_is_not_held_against_the_disk(case: Case) -> None:
    honest = DirectoryReader(FragmentStore(k=10, n=14, sums="sidecar"))

    class Slow(Reading):
        def check(self, path: str, pace: Pace) -> Check:
            pace(SIZE)
            case.now.now += 3
            return honest.check(path, lambda _: None)

    case.scrub(Slow()).turn()
    now, own = case.disk.asked[-1]
    assert own == pytest.approx(now - START, abs=0.1)


def test_a_stop_ends_it_within_a_stride(case: Case) -> None:
    case.now.end = START + 0.5
    reader = Reading()
    stopped = case.scrub(reader, scrub_rate=SIZE // 100)
    stopped.turn()
    assert reader.read == ["object0.0"]
    assert not case.verified()


def test_its_thread_stands_back_and_no_other_does() -> None:
    system, get = ctypes.CDLL(None), {"x86_64": 252, "aarch64": 31, "riscv64": 31}
    if platform.machine() not in get:
        pytest.skip("the number of ioprio_get is not known here")

    def priorities() -> tuple[int, int]:
        own = threading.get_native_id()
        return os.getpriority(os.PRIO_PROCESS, own), system.syscall(get[platform.machine()], 1, 0)

    before, there = priorities(), list[tuple[int, int]]()

    def stand_back() -> None:
        scrub._stand_back()
        there.append(priorities())

    thread = threading.Thread(target=stand_back)
    thread.start()
    thread.join()
    assert there == [(max(before[0], 10), 3 << 13)], "nice, and of the idle class"
    assert priorities() == before
