"""The scrub in its own thread, on real files, by the real clock: killed, resumed, and right."""

import hashlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.fragments.busy import Load
from agent.fragments.directory import DirectoryReader
from agent.fragments.inventory import Inventory
from agent.fragments.scrub import Clock, Scrub
from tests.build import rot
from tests.build.known import know
from vigie.fragments import Status, object_id
from vigie.settings import FragmentStore

FRAGMENTS = 120
SIZE = 50_000
KEY = bytes(32)


def oid(name: str) -> bytes:
    return object_id(KEY, "store", name)


class Host:
    """A root of fragments in a few directories, and the database of their inventory."""

    def __init__(self, folder: Path) -> None:
        self.root, self.database = folder / "root", folder / "inventory.db"
        for number in range(FRAGMENTS):
            file = self.file(number)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(os.urandom(SIZE))
            Path(f"{file}.sum").write_text(hashlib.sha256(file.read_bytes()).hexdigest())
            os.utime(file, (time.time() - 3600,) * 2)
        inventory = self.open()
        know(inventory, self.root, DirectoryReader(self.store(1)), oid, 1)
        inventory.close()

    def file(self, number: int) -> Path:
        return self.root / f"{number % 7}" / f"object{number:03}.0"

    def open(self) -> Inventory:
        return Inventory.open(self.database, "mark")

    def store(self, rate: int) -> FragmentStore:
        return FragmentStore(
            name="store", roots=(self.root,), sums="sidecar", scrub_rate=rate, settle=0.0, busy=1.0,
            pattern=r"\d/(?P<object>\w+)\.(?P<index>\d+)",
        )  # fmt: skip

    def scrub(self, inventory: Inventory, ending: threading.Event, rate: int) -> Scrub:
        store, clock, load = self.store(rate), Clock(ending.wait), Load(self.root)
        return Scrub(store, self.root, DirectoryReader(store), inventory, oid, clock, load)

    def until(self, enough: Callable[[Scrub], bool], rate: int) -> dict[str, int]:
        """Scrub until it is enough; the counters of the inventory."""
        inventory, ending = self.open(), threading.Event()
        scrub = self.scrub(inventory, ending, rate)
        thread = threading.Thread(target=scrub.run)
        thread.start()
        end = time.monotonic() + 90
        while not enough(scrub) and time.monotonic() < end:
            time.sleep(0.01)
        ending.set()
        thread.join(30)
        assert not thread.is_alive()
        counters = dict(inventory.counters)
        inventory.close()
        return counters

    def statuses(self) -> dict[int, Status]:
        inventory = self.open()
        found = [inventory.record(oid(f"object{n:03}"), 0) for n in range(FRAGMENTS)]
        inventory.close()
        return {n: Status(record.status) for n, record in enumerate(found) if record}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def ended(scrub: Scrub) -> bool:
    return scrub.standing.state == "waiting" and scrub.standing.progress == 1


def test_a_pass_tells_rot_loss_and_refusal_apart_while_the_tree_grows(host: Host) -> None:
    rot.flip(host.file(5), 49_999)
    rot.flip(host.file(50), 0, 0x80)
    rot.refuse(host.file(60))
    host.file(70).unlink()
    growing = threading.Event()

    def grow() -> None:
        number = 1000
        while not growing.wait(0.001):
            new = host.root / f"{number % 9}" / f"object{number}.0"
            new.parent.mkdir(exist_ok=True)
            new.write_bytes(b"new")
            number += 1

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        counters = host.until(ended, rate=10**9)
    finally:
        growing.set()
        thread.join()
    found = host.statuses()
    assert found.pop(5) == found.pop(50) == Status.CORRUPT
    assert found.pop(60) == Status.UNREADABLE
    assert found.pop(70) == Status.UNVERIFIED, "its loss is the walk's to tell"
    assert set(found.values()) == {Status.OK}
    assert counters["verified"] == FRAGMENTS - 1
    assert counters["verify_errors"] == 3


def test_it_goes_on_after_a_kill_without_reading_again_what_it_wrote_down(host: Host) -> None:
    rot.flip(host.file(7), 1)  # in the second directory; what is found damaged is told at once

    def slowly() -> None:
        inventory = host.open()
        host.scrub(inventory, threading.Event(), rate=40 * SIZE).run()

    child = multiprocessing.get_context("fork").Process(target=slowly)
    child.start()
    end = time.monotonic() + 90
    while host.statuses()[7] != Status.CORRUPT and time.monotonic() < end:
        time.sleep(0.02)
    child.kill()
    child.join()
    before = host.statuses()
    kept = sum(status != Status.UNVERIFIED for status in before.values())
    assert 0 < kept < FRAGMENTS
    counters = host.until(ended, rate=10**9)
    after = host.statuses()
    assert after.pop(7) == Status.CORRUPT
    assert set(after.values()) == {Status.OK}
    assert counters["verified"] <= FRAGMENTS + 1, "but the one that it was at"


def test_it_keeps_to_its_cap_within_5_per_cent(host: Host) -> None:
    rate, begun = 2_000_000, time.monotonic()
    counters = host.until(ended, rate)
    seconds = time.monotonic() - begun
    print(f"{counters['verified_bytes'] / seconds / rate:.3f} of the cap")
    assert counters["verified_bytes"] / seconds == pytest.approx(rate, rel=0.05)


def test_it_stops_at_once_in_the_middle_of_a_long_wait(host: Host) -> None:
    begun = time.monotonic()
    host.until(lambda _: time.monotonic() - begun > 0.3, rate=1_000)
    assert time.monotonic() - begun < 2
