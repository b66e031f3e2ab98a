"""The real smartctl and the real btrfs: what they say, and what we make of it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.disks import smartctl
from agent.disks.drive import scanned
from agent.disks.smartctl import Answer
from agent.pools import btrfs
from agent.source import fault
from agent.sources.disk_smart import DiskSmart
from agent.sources.pool import PoolReader
from agent.tool import where
from tests.build.smartdisk import Attribute, SmartDisk, prefail
from tests.house import ROOT
from vigie.catalogue import DISK_RISK, Disk, Pool
from vigie.errors import Absent, SourceFailed
from vigie.shape import Field, Value

pytestmark = pytest.mark.system

NOW = 1_795_330_000
NOBODY = 65_534
COUNTS: Mapping[int, Attribute] = {
    5: prefail(0, 100, 10), 9: Attribute(12_345), 12: Attribute(23), 187: Attribute(0),
    188: Attribute((9 << 32) | (7 << 16)), 194: Attribute(31 | 20 << 16 | 40 << 32),
    197: Attribute(0), 198: Attribute(0), 199: Attribute(2),
}  # fmt: skip


@pytest.fixture(autouse=True)
def installed() -> None:
    if where("smartctl") is None:
        pytest.skip("smartctl is not installed")


def run(*arguments: str, stdin: bytes = b"", user: int | None = None) -> tuple[int, bytes]:
    program = where("smartctl")
    assert program is not None
    done = subprocess.run(
        [program, *arguments], input=stdin, capture_output=True, check=False, timeout=30,
        user=user, group=user, extra_groups=[] if user is not None else None,
    )  # fmt: skip
    return done.returncode, done.stdout


def asked(disk: SmartDisk) -> Answer:
    return smartctl.answer(*run(*smartctl.ASK, "-", stdin=disk.transcript()))


def known(answer: Answer) -> dict[str, Value]:
    return {f.name: v for f, v in answer.values.items() if v is not None}


def test_it_knows_every_argument_that_it_is_given() -> None:
    status, out = run(*smartctl.ASK, "/dev/null")
    assert b"UNRECOGNIZED" not in out
    problem = smartctl.answer(status, out).problem
    assert problem is not None
    assert problem.code == "unsupported"


@pytest.mark.parametrize("scan", [smartctl.SCAN, smartctl.SCAN_CLOSED])
def test_a_scan_of_this_machine_is_understood(scan: tuple[str, ...]) -> None:
    status, out = run(*scan)
    assert status == 0
    assert smartctl.unreadable(out, "").code == "answer"
    for drive in scanned(json.loads(out)):
        assert drive.arguments[-1].startswith("/dev/")


def test_it_decodes_a_healthy_disk_as_we_expect() -> None:
    answer = asked(SmartDisk(attributes=COUNTS))
    assert answer.problem is None
    assert known(answer) == {
        "smart_passed": True, "size_bytes": 4_000_787_030_016, "temperature_celsius": 31.0,
        "power_on_seconds_total": 44_442_000, "power_cycles_total": 23, "reallocated_sectors": 0,
        "reported_uncorrectable_total": 0, "command_timeouts_total": 0, "pending_sectors": 0,
        "offline_uncorrectable_sectors": 0, "crc_errors_total": 2,
    }  # fmt: skip
    assert (answer.wwn, answer.serial) == ("naa.5000c500a1b2c3d4", "VT0001")


def test_it_decodes_a_failing_disk_whatever_its_exit_status() -> None:
    bad = {**COUNTS, 5: prefail(1208, 8, 10), 197: Attribute(24), 188: Attribute(5 << 32 | 3)}
    disk = SmartDisk(attributes=bad, passes=False)
    status, _ = run(*smartctl.ASK, "-", stdin=disk.transcript())
    assert status & (smartctl.FAILING | smartctl.PREFAIL)
    answer = asked(disk)
    assert answer.prefail
    values = known(answer)
    assert values["smart_passed"] is False
    assert (values["reallocated_sectors"], values["command_timeouts_total"]) == (1208, 3)


def test_a_disk_in_sleep_ends_it_with_2_and_no_data() -> None:
    status, _ = run(*smartctl.ASK, "-", stdin=SmartDisk(awake=False).transcript())
    assert status == 2
    answer = asked(SmartDisk(awake=False))
    assert (answer.asleep, answer.mode, answer.problem) == (True, "sleep", None)


def test_a_solid_state_disk_is_known_as_one() -> None:
    assert asked(SmartDisk(rpm=1, attributes=COUNTS)).rotates is False


def test_every_fixture_that_is_our_capture_is_what_it_says_today() -> None:
    fixture = json.loads((ROOT / "tests/fixtures/smart/ata_hdd_failing.json").read_text())
    bad = {
        1: Attribute(0), **COUNTS, 5: prefail(1208, 8, 10), 187: Attribute(17, 83),
        188: Attribute(5 << 32 | 4 << 16 | 3), 197: Attribute(24), 198: Attribute(16),
    }  # fmt: skip
    disk = SmartDisk("VIGIE HDD 4T", "VH000002", wwn=0x5000C500A1B2C3D5, attributes=bad,
                     passes=False)  # fmt: skip
    _, out = run(*smartctl.ASK, "-", stdin=disk.transcript())
    today = json.loads(out)
    for name in ("model_name", "wwn", "user_capacity", "smart_status"):
        assert today[name] == fixture[name]
    kept = {a["id"]: a["raw"] for a in fixture["ata_smart_attributes"]["table"]}
    assert {a["id"]: a["raw"] for a in today["ata_smart_attributes"]["table"]} == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="gives its rights away")
def test_without_rights_it_is_denied_in_words_that_we_know() -> None:
    device = next(
        (p for p in map(Path, ("/dev/sda", "/dev/vda", "/dev/loop0")) if p.exists()), None
    )
    if device is None:
        pytest.skip("no block device here")
    problem = smartctl.answer(
        *run(*smartctl.ASK, "--device", "sat", str(device), user=NOBODY)
    ).problem
    assert problem is not None
    assert problem.code == "denied"
    assert str(device) in problem.message


class Wired:
    """The real smartctl, which is told to read the made-up disk for every device."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        devices = [{"name": f"/dev/sd{c}", "type": "sat"} for c in "ab"]
        (folder / "scan.json").write_text(json.dumps({"devices": devices}))
        self.program = folder / "smartctl"
        self.program.write_text(
            f'#!/bin/sh\ncase "$*" in *--scan*) exec cat {folder}/scan.json;; esac\n'
            f"for last; do :; done\nexec {where('smartctl')} {' '.join(smartctl.ASK)} - "
            f'< {folder}/$(basename "$last")\n'
        )
        self.program.chmod(0o755)
        for name, wwn in (("sda", 0x5000_0000_0000_0001), ("sdb", 0x5000_0000_0000_0002)):
            self.put(name, SmartDisk(wwn=wwn, serial=name, attributes=COUNTS))
            disk = folder / "sys/block" / name
            (disk / "device").mkdir(parents=True)
            (disk / "device/wwid").write_text(f"naa.{wwn:x}\n")

    def put(self, name: str, disk: SmartDisk) -> None:
        (self.folder / name).write_bytes(disk.transcript())

    def source(self) -> DiskSmart:
        made = DiskSmart(self.folder / "disks.json", root=self.folder / "sys",
                         spl=self.folder / "spl", program=str(self.program))  # fmt: skip
        made.open()
        return made


def test_the_source_with_the_real_program_from_growth_to_the_event(tmp_path: Path) -> None:
    wired = Wired(tmp_path)
    source = wired.source()
    first = [source.read((NOW + 10 * n) * 10**9) for n in range(2)]
    assert [f.columns[Disk.health_ratio] for f in first] == [[1.0], [1.0]]
    source.close()
    wired.put("sdb", SmartDisk(wwn=0x5000_0000_0000_0002, serial="sdb",
                               attributes={**COUNTS, 197: Attribute(8)}))  # fmt: skip
    source = wired.source()  # what it said before survives the restart
    again = [source.read((NOW + 600 + 10 * n) * 10**9) for n in range(2)]
    events = [h for f in again for h in f.happenings]
    assert [(h.code, h.keys["disk"]) for h in events] == [(DISK_RISK.code, "naa.5000000000000002")]
    assert "errors_grow, 1.00 → 0.20: pending_sectors +8 in 30 days" in events[0].detail
    source.close()


def test_an_idle_turn_costs_next_to_nothing(tmp_path: Path) -> None:
    source = Wired(tmp_path).source()
    for n in range(4):
        source.read((NOW + n) * 10**9)
    began, turns = time.process_time(), 2_000
    for n in range(turns):
        source.read((NOW + 10 + n // 100) * 10**9)
    spent = (time.process_time() - began) / turns
    print(f"idle turn of disk_smart: {spent * 1e6:.0f} µs CPU")
    assert spent < 1e-3
    source.close()


def test_on_this_machine_the_source_reads_or_says_why_not(tmp_path: Path) -> None:
    source = DiskSmart(tmp_path / "disks.json")
    source.open()
    said = ""
    try:
        found = source.read(NOW * 10**9)
    except (Absent, SourceFailed) as why:
        said = str(why)
    else:
        assert fault(found, (Disk,)) is None
    print(f"disk_smart here: {said or 'reads'}")
    source.close()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A btrfs of two loop devices, mounted; its place and its UUID."""
    if os.geteuid() != 0 or where("btrfs") is None or where("losetup") is None:
        pytest.skip("needs root, btrfs-progs and loop devices")
    loops: list[str] = []
    place = tmp_path / "mnt"
    place.mkdir()
    try:
        for name in ("a", "b"):
            with (tmp_path / name).open("wb") as file:
                file.truncate(200 * 2**20)
            done = subprocess.run(["losetup", "-f", "--show", tmp_path / name],
                                  capture_output=True, text=True, check=False)  # fmt: skip
            if done.returncode:
                pytest.skip(f"no loop devices: {done.stderr}")
            loops.append(done.stdout.strip())
        label = f"vigie{os.getpid()}"
        subprocess.run(
            ["mkfs.btrfs", "-qfL", label, "-d", "raid1", "-m", "raid1", *loops],
            check=True, capture_output=True,
        )  # fmt: skip
        done = subprocess.run(
            ["mount", loops[0], place], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"cannot mount: {done.stderr}")
        yield place, label
    finally:
        subprocess.run(["umount", place], check=False, capture_output=True)
        for loop in loops:
            subprocess.run(["losetup", "-d", loop], check=False, capture_output=True)


def pool_row(label: str) -> dict[Field, Value]:
    source = PoolReader()
    source.open()
    columns = source.read(int(time.time()) * 10**9).columns
    at = list(columns[Pool.pool]).index(label)
    source.close()
    return {f: cells[at] for f, cells in columns.items()}


def test_a_real_btrfs_is_a_pool_with_the_age_of_its_scrub(mounted: tuple[Path, str]) -> None:
    place, label = mounted
    row = pool_row(label)
    assert row[Pool.status] == Pool.status.codes.index("online")
    assert (row[Pool.devices_count], row[Pool.devices_failed_count]) == (2, 0)
    assert row[Pool.size_bytes] == 2 * 200 * 2**20
    assert row[Pool.read_errors_total] == 0
    assert row[Pool.scrub_age_seconds] is None, "it was never scrubbed"
    subprocess.run(["btrfs", "scrub", "start", "-B", place], check=True, capture_output=True)
    row = pool_row(label)
    assert row[Pool.activity] == Pool.activity.codes.index("idle")
    age = row[Pool.scrub_age_seconds]
    assert isinstance(age, float)
    assert 0 <= age < 120


def test_a_real_btrfs_counts_what_a_damaged_half_costs(mounted: tuple[Path, str]) -> None:
    place, label = mounted
    (place / "data").write_bytes(os.urandom(2**20))
    subprocess.run(["sync", "-f", place], check=True)
    half, first = place.parent / "a", (place / "data").read_bytes()[:4096]
    content = half.read_bytes()
    at = content.find(first)
    assert at > 0, "the mirror holds the data as it is"
    with half.open("r+b") as file:
        file.seek(at)
        file.write(b"\0" * 4096)
    subprocess.run(["btrfs", "scrub", "start", "-B", place], check=False, capture_output=True)
    assert pool_row(label)[Pool.checksum_errors_total] == 1


def test_both_ways_of_asking_btrfs_for_errors_agree(mounted: tuple[Path, str]) -> None:
    place, label = mounted
    found = next(fs for fs in btrfs.file_systems(Path("/sys/fs/btrfs")) if fs.label == label)
    program = shutil.which("btrfs", path="/usr/sbin:/sbin:/usr/bin:/bin")
    assert program is not None
    out = subprocess.run([program, *btrfs.ASK_STATS, place], check=True, capture_output=True).stdout
    told = btrfs.pool(btrfs.with_stats(found, json.loads(out)), label, None)
    assert told == btrfs.pool(found, label, None)
