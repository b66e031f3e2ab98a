"""Each kind of pool where it is, quiet where it is not; a change of status is told."""

import shutil
from pathlib import Path

import pytest

from agent.source import Found, fault
from agent.sources.pool import PoolReader
from tests.house import ROOT
from vigie.catalogue import POOL_CHANGED, Pool
from vigie.errors import Absent, SourceFailed
from vigie.shape import Value

FIXTURES = ROOT / "tests/fixtures/pools"
NOW = 1_795_330_000 * 10**9
UUID = "5f2bd8f7-d133-4223-a40e-9d8713197991"


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


class Machine:
    """A machine that has no pools yet, and programs that print what they are given."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sys = folder, folder / "sys"
        put(folder / "mountinfo", "")
        self.source = PoolReader(
            spl=folder / "spl", mdstat=folder / "mdstat", sys=self.sys,
            mountinfo=folder / "mountinfo", zpool=str(folder / "zpool"),
            btrfs_program=str(folder / "btrfs"), seconds=5.0,
        )  # fmt: skip
        self.source.open()

    def program(self, name: str, body: str) -> None:
        put(self.folder / name, f'#!/bin/sh\ncd {self.folder}\necho "$@" >> calls\n{body}')
        (self.folder / name).chmod(0o755)

    def zfs(self, **states: str) -> None:
        for name, state in states.items():
            put(self.folder / "spl" / name / "state", state)

    def zpool_prints(self, name: str) -> None:
        shutil.copy(FIXTURES / name, self.folder / "zpool.json")
        self.program("zpool", "cat zpool.json")

    def md(self, name: str) -> None:
        shutil.copy(FIXTURES / name, self.folder / "mdstat")

    def btrfs(self) -> None:
        folder = self.sys / "fs/btrfs" / UUID
        put(folder / "label", "vig")
        put(folder / "exclusive_operation", "none")
        put(folder / "devinfo/1/error_stats", "write_errs 0\nread_errs 3")
        put(folder / "devinfo/1/missing", "0")
        (folder / "devices/sdq").mkdir(parents=True)
        put(self.folder / "mountinfo", "43 27 0:39 / /data rw - btrfs /dev/sdq rw,space_cache=v2")

    def read(self) -> Found:
        found = self.source.read(NOW)
        assert fault(found, (Pool,)) is None
        return found

    def rows(self) -> dict[str, dict[str, Value]]:
        columns = self.read().columns
        number = len(columns[Pool.pool])
        rows = [{f.name: cells[n] for f, cells in columns.items()} for n in range(number)]
        return {str(row["pool"]): row for row in rows}

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def status(word: str) -> int:
    return Pool.status.codes.index(word)


def test_a_machine_without_pools_is_an_absence_and_starts_nothing(machine: Machine) -> None:
    machine.program("zpool", "exit 1")
    with pytest.raises(Absent):
        machine.read()
    assert machine.calls == []


def test_zfs_by_json(machine: Machine) -> None:
    machine.zfs(tank="DEGRADED", fresh="ONLINE")
    machine.zpool_prints("zpool_degraded.json")
    rows = machine.rows()
    assert rows["tank"]["status"] == status("degraded")
    assert rows["tank"]["devices_failed_count"] == 1
    assert rows["fresh"]["kind"] == "zfs"
    assert machine.calls == ["status -j --json-int -L -P"]


def test_zfs_by_text_where_json_is_not_known_yet_and_asked_once(machine: Machine) -> None:
    machine.zfs(tank="ONLINE", old="DEGRADED")
    for name in ("zpool_status.txt", "zpool_list.txt"):
        shutil.copy(FIXTURES / name, machine.folder)
    machine.program(
        "zpool",
        'case "$*" in *-j*) echo "invalid option \'j\'" >&2; exit 2;;'
        " status*) cat zpool_status.txt;; list*) cat zpool_list.txt;; esac",
    )
    rows = machine.rows()
    assert rows["tank"]["size_bytes"] == 3_985_729_650_688
    assert rows["tank"]["scrub_age_seconds"] == 1_795_330_000 - 1_794_109_012
    assert rows["old"]["status"] == status("degraded")
    machine.rows()
    assert sum("-j" in call for call in machine.calls) == 1


@pytest.mark.parametrize(
    "body", ["exec sleep 30", "echo '{' ", "echo 'Permission denied' >&2; exit 1"]
)
def test_where_zpool_fails_the_kernel_still_tells_the_status(tmp_path: Path, body: str) -> None:
    machine = Machine(tmp_path)
    machine.source._zpool._limit = 0.3
    machine.zfs(tank="SUSPENDED")
    machine.program("zpool", body)
    row = machine.rows()["tank"]
    assert row["status"] == status("suspended")
    assert row["devices_count"] is None


def test_md_arrays(machine: Machine) -> None:
    machine.md("mdstat_degraded.txt")
    put(machine.sys / "block/md0/md/array_state", "clean")
    put(machine.sys / "block/md0/md/degraded", "1")
    put(machine.sys / "block/md0/size", "1953260928")
    rows = machine.rows()
    assert set(rows) == {"md0", "md1", "md2", "md3"}
    assert rows["md0"]["status"] == status("degraded")
    assert rows["md0"]["size_bytes"] == 1_953_260_928 * 512
    assert rows["md0"]["activity"] == Pool.activity.codes.index("rebuild")
    assert rows["md1"]["status"] == status("faulted")


def test_btrfs_with_its_scrub(machine: Machine) -> None:
    machine.btrfs()
    shutil.copy(FIXTURES / "scrub_running.txt", machine.folder)
    machine.program("btrfs", "cat scrub_running.txt")
    row = machine.rows()["vig"]
    assert (row["kind"], row["status"]) == ("btrfs", status("online"))
    assert (row["read_errors_total"], row["progress_ratio"]) == (3, 0.25)
    assert row["activity"] == Pool.activity.codes.index("scrub")
    assert machine.calls == ["scrub status --raw /data"]


def test_btrfs_without_rights_leaves_the_scrub_unknown_and_does_not_insist(
    machine: Machine,
) -> None:
    machine.btrfs()
    machine.program("btrfs", "echo 'ERROR: getting dev info: Operation not permitted' >&2; exit 1")
    row = machine.rows()["vig"]
    assert (row["activity"], row["scrub_age_seconds"]) == (None, None)
    assert row["read_errors_total"] == 3
    machine.rows()
    assert len(machine.calls) == 1


def test_btrfs_without_its_program(machine: Machine) -> None:
    machine.btrfs()
    assert machine.rows()["vig"]["status"] == status("online")


def test_all_kinds_together(machine: Machine) -> None:
    machine.zfs(tank="ONLINE")
    machine.zpool_prints("zpool_healthy.json")
    machine.md("mdstat_healthy.txt")
    machine.btrfs()
    kinds = sorted(str(row["kind"]) for row in machine.rows().values())
    assert kinds == ["btrfs", "md", "md", "zfs"]


def test_a_change_of_status_is_told_once(machine: Machine) -> None:
    machine.zfs(tank="ONLINE")
    assert machine.read().happenings == []
    machine.zfs(tank="DEGRADED")
    told = machine.read().happenings
    assert [(h.code, h.keys, h.detail) for h in told] == [
        (POOL_CHANGED.code, {"pool": "tank"}, "zfs: online → degraded")
    ]
    assert told[0].time == NOW // 1000
    assert machine.read().happenings == []


def test_a_pool_that_is_not_there_any_more_is_told(machine: Machine) -> None:
    machine.zfs(tank="ONLINE")
    machine.read()
    shutil.rmtree(machine.folder / "spl/tank")
    assert [h.detail for h in machine.read().happenings] == ["zfs: online → not there"]
    with pytest.raises(Absent):
        machine.read()


def test_a_status_that_is_unknown_for_a_while_hides_no_change(machine: Machine) -> None:
    machine.zfs(tank="ONLINE")
    machine.read()
    machine.zfs(tank="gibberish")
    assert machine.read().happenings == []
    machine.zfs(tank="FAULTED")
    assert [h.detail for h in machine.read().happenings] == ["zfs: online → faulted"]


def test_reading_before_open_is_a_failure() -> None:
    with pytest.raises(SourceFailed, match="before open"):
        PoolReader().read(NOW)
