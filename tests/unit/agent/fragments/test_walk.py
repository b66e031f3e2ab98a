import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.fragments import absence, batch
from agent.fragments.descent import Layout, Stopped
from agent.fragments.directory import DirectoryReader
from agent.fragments.inventory import Inventory
from agent.fragments.walk import Walk, disk
from tests.build.trees import OLD, PATTERN, Broken, forbidden, objects, put
from vigie.fragments import Scheme, Status, object_hasher
from vigie.settings import FragmentStore

NOW = OLD + 1e8
DAY = 86_400.0
OID = object_hasher(b"k" * 32, "store")


class Bed:
    """A store on one or two disks, and its inventory."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.roots = folder, [folder / "d1", folder / "d2"]
        for root in self.roots:
            root.mkdir()
        self.disks = {str(root): root.name for root in self.roots}
        self.now = NOW
        self.ending = threading.Event()
        self.inventory = Inventory.open(folder / "store.db", "mark")
        self.sums = "none"

    def walk(self) -> dict[str, str]:
        """One walk to its end; the troubles that it told."""
        store = FragmentStore("store", tuple(self.roots), pattern=PATTERN, k=2, n=3, sums=self.sums)  # type: ignore[arg-type]
        layout = Layout(
            DirectoryReader(store), OID, store.settle, ".sum" if self.sums == "sidecar" else ""
        )
        report = Walk(
            self.roots, layout, self.inventory, disk=lambda root: self.disks[str(root)],
            ending=self.ending, now=lambda: self.now,
        ).run()  # fmt: skip
        assert report.ended == int(self.now)
        self.now += DAY
        return {Path(root).name: words for root, words in report.troubles.items()}

    def reopen(self) -> None:
        """As after a restart."""
        self.inventory.close()
        self.inventory = Inventory.open(self.folder / "store.db", "mark")
        self.ending.clear()

    def status(self, path: str) -> Status | None:
        """What is known of the fragment of that file name."""
        name, _, index = Path(path).name.rpartition(".")
        found = self.inventory.record(OID(name), int(index))
        return None if found is None else Status(found.status)

    def damaged(self) -> tuple[int, int, int]:
        """How many are corrupt, missing and unreadable."""
        corrupt, missing, unreadable = self.inventory.damaged().values()
        return corrupt, missing, unreadable


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.inventory.close()


def test_every_fragment_of_every_root_is_found(bed: Bed) -> None:
    objects(bed.roots[0], 30)
    objects(bed.roots[1], 20, first=30)
    put(bed.roots[1], "x/other.0")
    assert bed.walk() == {}
    assert bed.inventory.total == 151
    here = {Path(root.path).name: bed.inventory.here(root) for root in bed.inventory.roots}
    assert here == {"d1": 90, "d2": 61}
    assert bed.inventory.schemes == [Scheme(2, 3)]


def test_what_is_no_fragment_is_counted_and_sums_beside_are_not(bed: Bed) -> None:
    bed.sums = "sidecar"
    objects(bed.roots[0], 2, sums=True)
    put(bed.roots[0], "README")
    (bed.roots[0] / "link.0").symlink_to(bed.roots[0] / "README")
    bed.walk()
    assert (bed.inventory.total, bed.inventory.counters["unrecognized"]) == (6, 2)


def test_a_second_walk_finds_what_is_new_changed_and_gone(bed: Bed) -> None:
    old, grown, gone = (put(bed.roots[0], f"a/{name}.0") for name in ("old", "grown", "gone"))
    bed.walk()
    before = bed.inventory.sequence
    put(bed.roots[0], "a/grown.0", b"longer than it was")
    put(bed.roots[0], "a/new.0")
    gone.unlink()
    assert bed.walk() == {}
    assert bed.inventory.sequence == before + 3
    assert bed.status("gone.0") == Status.MISSING
    found = bed.inventory.record(OID("grown"), 0)
    assert found is not None
    assert found.size == 18
    assert bed.status("new.0") == bed.status(old.name) == Status.UNVERIFIED
    assert grown.exists()


def test_nothing_new_is_nothing_to_tell(bed: Bed) -> None:
    objects(bed.roots[0], 30)
    bed.walk()
    before = bed.inventory.sequence
    bed.walk()
    assert bed.inventory.sequence == before


def test_a_file_that_is_being_written_waits_and_is_not_missing(bed: Bed) -> None:
    put(bed.roots[0], "known.0")
    bed.walk()
    put(bed.roots[0], "known.0", b"more", changed=bed.now - 60)
    put(bed.roots[0], "new.0", changed=bed.now - 60)
    bed.walk()
    assert bed.status("new.0") is None
    assert bed.status("known.0") == Status.UNVERIFIED
    found = bed.inventory.record(OID("known"), 0)
    assert found is not None
    assert found.size == len(b"fragment")
    bed.walk()
    assert bed.status("new.0") == Status.UNVERIFIED


def test_a_time_in_the_far_future_is_no_reason_to_wait(bed: Bed) -> None:
    put(bed.roots[0], "new.0", changed=bed.now + 10 * DAY)
    bed.walk()
    assert bed.status("new.0") == Status.UNVERIFIED


def test_a_directory_that_may_not_be_read_is_told_and_condemns_nothing(
    bed: Bed, tmp_path: Path
) -> None:
    for above in (tmp_path, *tmp_path.parents[:3]):
        above.chmod(0o755)
    put(bed.roots[0], "a/x/hidden.0")
    put(bed.roots[0], "b/seen.0")
    gone = put(bed.roots[0], "b/gone.0")
    bed.walk()
    gone.unlink()
    with forbidden(bed.roots[0] / "a" / "x"):
        if os.access(bed.roots[0] / "a" / "x", os.R_OK, effective_ids=True):
            pytest.skip("this user may read everything")
        troubles = bed.walk()
    assert "a/x: Permission denied" in troubles["d1"]
    assert bed.status("hidden.0") == Status.UNVERIFIED
    assert bed.status("gone.0") == Status.MISSING


def failing(place: Path, error: int, after: int = 0) -> Callable[[str], Any]:
    """`os.scandir` on a disk where one directory is damaged."""
    real = os.scandir

    def scan(path: str) -> Any:
        entries = real(path)
        return Broken(entries, after, error) if Path(path) == place else entries

    return scan


@pytest.mark.parametrize("after", [0, 1])
def test_a_directory_on_a_damaged_disk_is_told_and_condemns_nothing(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    put(bed.roots[0], "a/one.0")
    put(bed.roots[0], "a/two.0")
    bed.walk()
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", failing(bed.roots[0] / "a", errno.EIO, after))
        assert "Input/output error" in bed.walk()["d1"]
    assert bed.damaged() == (0, 0, 0)
    assert bed.walk() == {}


def test_a_directory_that_goes_during_the_walk_takes_its_fragments_along(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bed.roots[0], "a/one.0")
    put(bed.roots[0], "b/two.0")
    bed.walk()
    monkeypatch.setattr(os, "scandir", failing(bed.roots[0] / "a", errno.ENOENT))
    assert bed.walk() == {}
    assert bed.status("one.0") == Status.MISSING


def test_a_root_that_is_gone_condemns_nothing(bed: Bed) -> None:
    objects(bed.roots[0], 5)
    objects_before = bed.walk()
    assert objects_before == {}
    shutil.rmtree(bed.roots[0])
    assert "No such file" in bed.walk()["d1"]
    assert bed.damaged() == (0, 0, 0)


def test_a_root_that_is_empty_of_a_sudden_condemns_nothing(bed: Bed) -> None:
    objects(bed.roots[0], 5)
    bed.walk()
    shutil.rmtree(bed.roots[0])
    bed.roots[0].mkdir()
    assert "is the disk mounted?" in bed.walk()["d1"]
    assert bed.damaged() == (0, 0, 0)


def test_another_disk_with_little_of_the_content_condemns_nothing(bed: Bed) -> None:
    made = objects(bed.roots[0], 20)
    bed.walk()
    for file in made[:50]:
        file.unlink()
    bed.disks[str(bed.roots[0])] = "another"
    assert "is it right?" in bed.walk()["d1"]
    assert bed.damaged() == (0, 0, 0)


def test_many_missing_at_once_are_declared_a_part_at_a_time(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence, "CAP_LEAST", 10)
    made = objects(bed.roots[0], 20)
    bed.walk()
    for file in made[:25]:
        file.unlink()
    assert bed.walk()["d1"].startswith("25 of 60 fragments are not there")
    assert bed.damaged() == (0, 10, 0)
    bed.walk()
    assert bed.walk() == {}
    assert bed.damaged() == (0, 25, 0)


def test_a_root_that_leaves_the_settings_takes_its_fragments_along(bed: Bed) -> None:
    objects(bed.roots[0], 4)
    put(bed.roots[1], "stays.0")
    bed.walk()
    bed.roots.pop(0)
    bed.walk()
    assert bed.inventory.total == 1
    assert bed.status("stays.0") == Status.UNVERIFIED


def test_a_fragment_that_moves_to_another_disk_is_not_missing(bed: Bed) -> None:
    file = put(bed.roots[0], "a/moves.0")
    put(bed.roots[0], "a/stays.0")
    bed.walk()
    file.rename(bed.roots[1] / "moves.0")
    bed.walk()
    found = bed.inventory.record(OID("moves"), 0)
    assert found is not None
    assert (found.status, bed.inventory.roots[found.disk].path) == (
        Status.UNVERIFIED, str(bed.roots[1]),
    )  # fmt: skip
    assert bed.damaged() == (0, 0, 0)


def test_what_is_missing_for_long_is_forgotten(bed: Bed) -> None:
    gone = put(bed.roots[0], "gone.0")
    put(bed.roots[0], "stays.0")
    bed.walk()
    gone.unlink()
    bed.walk()
    bed.now += absence.FORGET_SECONDS - 2 * DAY
    bed.walk()
    assert bed.status("gone.0") == Status.MISSING
    bed.now += 2 * DAY
    bed.walk()
    assert bed.status("gone.0") is None


class After:
    """An event that is set once it was asked so often."""

    def __init__(self, times: int) -> None:
        self.left = times

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0

    def clear(self) -> None:
        self.left = 1_000_000


@pytest.mark.parametrize("times", range(1, 50, 7))
def test_a_walk_that_is_cut_goes_on_from_there_after_a_restart(
    bed: Bed, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH", 5)
    bed.roots.pop()
    made = objects(bed.roots[0], 25)
    put(bed.roots[0], "deep/er/than/others.0")
    bed.walk()
    made[0].unlink()
    bed.ending = After(times)  # type: ignore[assignment]
    with pytest.raises(Stopped):
        bed.walk()
    bed.reopen()
    assert Walk.cut(bed.inventory)
    assert bed.walk() == {}
    assert not Walk.cut(bed.inventory)
    assert bed.damaged() == (0, 1, 0)
    assert (bed.inventory.total, bed.status(made[0].name)) == (76, Status.MISSING)


def test_what_a_cut_walk_found_is_kept_and_told_at_once(bed: Bed) -> None:
    objects(bed.roots[0], 25)
    bed.roots.pop()
    bed.ending = After(12)  # type: ignore[assignment]
    with pytest.raises(Stopped):
        bed.walk()
    bed.reopen()
    assert 0 < bed.inventory.total < 75


def test_a_disk_is_named_as_in_the_device_inventory(tmp_path: Path) -> None:
    number = tmp_path.stat().st_dev
    block = tmp_path / "sys/devices/pci/sdx"
    (block / "slaves").mkdir(parents=True)
    (block / "dev").write_text("8:16\n")
    links = tmp_path / "sys/dev/block"
    links.mkdir(parents=True)
    for name in ("8:16", f"{os.major(number)}:{os.minor(number)}"):
        (links / name).symlink_to(block)
    assert disk(tmp_path, "h1", tmp_path) == "h1-sdx"
    (block / "wwid").write_text("naa.5000c500a1b2c3d4\n")
    assert disk(tmp_path, "h1", tmp_path) == "naa.5000c500a1b2c3d4"


def test_a_root_whose_disk_is_not_known_goes_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text("")
    assert disk(tmp_path, "h1", tmp_path) == str(tmp_path)
