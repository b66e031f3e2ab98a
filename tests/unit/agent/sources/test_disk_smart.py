"""Disks are asked one at a time, asleep left asleep, and one that hangs stops no other."""

import json
import shutil
from pathlib import Path

import pytest

from agent.disks import smartctl
from agent.source import Found, fault
from agent.sources.disk_smart import DiskSmart, source
from tests.build.smartctls import Smartctls
from tests.house import ROOT
from vigie.catalogue import DISK_RISK, Device, Disk
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Value

FIXTURES = ROOT / "tests/fixtures/smart"
NOW = 1_700_000_000
SECOND = 10**9
SDA, SDB, NVME = "--device sat /dev/sda", "--device sat /dev/sdb", "--device nvme /dev/nvme0"
WWN = "naa.5000c500a1b2c3d4"


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


class Machine:
    """Two SATA disks and an NVMe disk, with a smartctl that answers for them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sys = folder, folder / "sys"
        for disk, wwid in (("sda", WWN), ("sdb", "naa.5000c500a1b2c3d5")):
            put(self.sys / "block" / disk / "device/wwid", wwid)
            put(self.sys / "block" / disk / "queue/rotational", "1")
            self.use(disk, 1)
        put(self.sys / "block/nvme0n1/wwid", "eui.0025388b71000001")
        (self.sys / "class/nvme/nvme0/nvme0n1").mkdir(parents=True)
        (folder / "bin").mkdir()
        self.smartctl = Smartctls(folder / "bin", len(smartctl.ASK))
        self.smartctl.scan(("/dev/sda", "sat"), ("/dev/sdb", "sat"), ("/dev/nvme0", "nvme"))
        self.says(SDA, "ata_hdd_healthy.json")
        self.says(SDB, "ata_hdd_failing.json")
        self.says(NVME, "nvme_healthy.json")
        self.now = NOW
        self.found: list[Found] = []
        self.source = self.started()

    def started(self, seconds: float = 20.0, period: float = 10.0) -> DiskSmart:
        self.source = DiskSmart(
            self.folder / "agent/disks.json", root=self.sys, spl=self.folder / "spl",
            program=str(self.smartctl.program), zpool=str(self.folder / "bin/zpool"),
            seconds=seconds, period=period,
        )  # fmt: skip
        self.source.open()
        return self.source

    def says(self, device: str, name: str) -> None:
        self.smartctl.answer(device, (FIXTURES / name).read_bytes())

    def use(self, disk: str, reads: int) -> None:
        put(self.sys / "block" / disk / "stat", f" {reads} 0 8 0 0 0 0 0 0 0 0")

    def turn(self, seconds: int = 10) -> Found:
        """One turn, so long after the one before."""
        self.now += seconds
        found = self.source.read(self.now * SECOND)
        assert fault(found, (Disk,)) is None
        self.found.append(found)
        return found

    def turns(self, number: int, seconds: int = 10) -> dict[str, dict[str, Value]]:
        """So many turns; the last row of each disk."""
        rows: dict[str, dict[str, Value]] = {}
        for _ in range(number):
            for row in rows_of(self.turn(seconds)):
                rows[str(row["disk"])] = row
        return rows

    @property
    def asked(self) -> list[str]:
        """Which devices were asked, in order."""
        return [c.split()[-1] for c in self.smartctl.calls if "--scan" not in c]


def rows_of(found: Found) -> list[dict[str, Value]]:
    number = len(found.columns.get(Disk.disk, ()))
    return [{f.name: cells[n] for f, cells in found.columns.items()} for n in range(number)]


def told(found: list[Found]) -> list[str]:
    return [h.detail for f in found for h in f.happenings if h.code == DISK_RISK.code]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_one_disk_a_turn_and_nothing_until_the_first_is_due_again(machine: Machine) -> None:
    counts = [len(rows_of(machine.turn())) for _ in range(57)]
    assert counts == [1, 1, 1] + [0] * 54
    assert machine.asked == ["/dev/sda", "/dev/sdb", "/dev/nvme0"]


def test_each_disk_comes_again_after_ten_minutes_or_nearly(machine: Machine) -> None:
    for turn in range(130):
        machine.use("sda", turn)
        machine.use("sdb", turn)
        machine.turn()
    assert sorted(machine.asked) == ["/dev/nvme0"] * 3 + ["/dev/sda"] * 3 + ["/dev/sdb"] * 3


def test_a_row_says_who_the_disk_is_and_how_well(machine: Machine) -> None:
    rows = machine.turns(3)
    assert set(rows) == {WWN, "naa.5000c500a1b2c3d5", "eui.0025388b71000001"}
    healthy, failing = rows[WWN], rows["naa.5000c500a1b2c3d5"]
    assert (healthy["health_ratio"], healthy["smart_age_seconds"]) == (1.0, 0.0)
    assert healthy["power_mode"] == Disk.power_mode.codes.index("active")
    assert healthy["temperature_celsius"] == 31.0
    assert failing["health_ratio"] == 0.0
    assert failing["health_reason"] == Disk.health_reason.codes.index("smart_failed")
    assert rows["eui.0025388b71000001"]["media_errors_total"] == 0


def test_a_disk_at_risk_is_told_once_with_component_and_from_and_to(machine: Machine) -> None:
    machine.turns(200)
    assert len(told(machine.found)) == 1
    detail = told(machine.found)[0]
    assert "sdb VIGIE HDD 4T: smart_failed, 1.00 → 0.00" in detail
    assert "the disk's log holds errors" in detail
    event = next(h for f in machine.found for h in f.happenings)
    assert event.keys == {"disk": "naa.5000c500a1b2c3d5"}


def test_growth_lowers_the_health_of_a_disk_that_still_says_it_is_well(machine: Machine) -> None:
    machine.turns(3)
    document = json.loads((FIXTURES / "ata_hdd_healthy.json").read_text())
    for attribute in document["ata_smart_attributes"]["table"]:
        if attribute["id"] == 197:
            attribute["raw"] = {"value": 8, "string": "8"}
    machine.smartctl.answer(SDA, json.dumps(document).encode())
    machine.use("sda", 2)
    row = machine.turns(66)[WWN]
    assert (row["health_ratio"], row["smart_passed"]) == (0.2, True)
    assert row["health_reason"] == Disk.health_reason.codes.index("errors_grow")
    assert "errors_grow, 1.00 → 0.20: pending_sectors +8 in 30 days" in told(machine.found)[-1]


def test_growth_is_known_after_a_restart_and_not_told_again(machine: Machine) -> None:
    test_growth_lowers_the_health_of_a_disk_that_still_says_it_is_well(machine)
    machine.source.close()
    machine.found.clear()
    machine.started()
    row = machine.turns(3)[WWN]
    assert row["health_ratio"] == 0.2
    assert told(machine.found) == []


def test_a_sleeping_disk_is_left_asleep_and_keeps_its_values(machine: Machine) -> None:
    machine.turns(3)
    machine.says(SDA, "ata_standby.json")
    machine.use("sda", 2)
    row = machine.turns(66)[WWN]
    assert row["power_mode"] == Disk.power_mode.codes.index("standby")
    assert (row["temperature_celsius"], row["health_ratio"]) == (31.0, 1.0)
    assert isinstance(row["smart_age_seconds"], float)
    assert 560 < row["smart_age_seconds"] < 650
    assert all("--nocheck=standby" in call for call in machine.smartctl.calls if "scan" not in call)


def test_a_disk_that_sleeps_across_a_restart_keeps_its_values(machine: Machine) -> None:
    machine.turns(3)
    machine.source.close()
    machine.says(SDA, "ata_sleep.json")
    machine.started()
    row = machine.turns(3)[WWN]
    assert row["power_mode"] == Disk.power_mode.codes.index("sleep")
    assert row["reallocated_sectors"] == 0
    assert row["smart_age_seconds"] == 30.0


def test_a_disk_that_was_never_awake_has_a_mode_and_no_values(machine: Machine) -> None:
    machine.says(SDA, "ata_standby.json")
    row = machine.turns(3)[WWN]
    assert row["power_mode"] == Disk.power_mode.codes.index("standby")
    assert row["health_ratio"] is None
    assert row["smart_age_seconds"] is None


def test_a_turning_disk_that_nobody_uses_is_let_rest_for_an_hour(machine: Machine) -> None:
    machine.turns(3)
    rows = machine.turns(5, seconds=640)
    assert machine.asked.count("/dev/sda") == 1, "asking again may keep it from sleeping"
    age = rows[WWN]["smart_age_seconds"]
    assert isinstance(age, float)
    assert 600 < age < 3600
    assert rows[WWN]["power_mode"] is None, "it may have gone to sleep since"
    machine.turns(4, seconds=640)
    assert machine.asked.count("/dev/sda") == 2


@pytest.mark.slow
def test_a_disk_that_hangs_stops_no_other_and_is_told(machine: Machine) -> None:
    machine.source.close()
    machine.started(seconds=0.3)
    machine.turns(3)
    machine.smartctl.hang(SDA, 30)
    machine.use("sda", 2)
    machine.use("sdb", 2)
    rows = machine.turns(66)
    assert rows[WWN].keys() - {"disk", "smart_age_seconds"} <= {
        name for name, value in rows[WWN].items() if value is None
    }
    assert rows["naa.5000c500a1b2c3d5"]["smart_age_seconds"] == 0.0
    assert "does not answer: " in told(machine.found)[-1]
    assert "no end after 0.3 s" in told(machine.found)[-1]
    before = len(told(machine.found))
    machine.turns(66)
    assert len(told(machine.found)) == before, "said once"
    machine.smartctl.recover(SDA)
    machine.use("sda", 3)
    assert machine.turns(66)[WWN]["smart_age_seconds"] == 0.0


def test_a_smartctl_that_cannot_be_ended_is_said_and_not_doubled(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.source.close()
    machine.started(seconds=0.2)
    machine.turns(3)
    unit = next(u for u in machine.source._units if u.disk == "sda")
    monkeypatch.setattr(unit.tool, "_kill", lambda *_: None)
    monkeypatch.setattr("agent.tool.KILL_SECONDS", 0.1)
    machine.smartctl.hang(SDA, 6)
    machine.use("sda", 2)
    machine.use("sdb", 2)
    machine.turns(66)
    machine.use("sdb", 3)
    rows = machine.turns(66)
    assert machine.asked.count("/dev/sda") == 2, "the first, and the one that hangs"
    assert any("cannot be ended" in detail for detail in told(machine.found))
    assert rows["naa.5000c500a1b2c3d5"]["smart_age_seconds"] == 0.0
    left = unit.tool._left
    assert left is not None
    left.kill()
    left.wait(60)


def test_two_paths_to_one_disk_are_one_disk(machine: Machine) -> None:
    put(machine.sys / "block/sdb/device/wwid", WWN)
    machine.says(SDB, "ata_hdd_healthy.json")
    rows = machine.turns(60)
    assert set(rows) == {WWN, "eui.0025388b71000001"}
    assert "/dev/sdb" not in machine.asked


def test_where_one_path_fails_the_other_is_tried(machine: Machine) -> None:
    put(machine.sys / "block/sdb/device/wwid", WWN)
    machine.says(SDA, "no_such_device.json")
    machine.says(SDB, "ata_hdd_healthy.json")
    machine.turns(3)
    assert machine.turns(66)[WWN]["smart_passed"] is True


def test_disks_behind_a_controller_are_known_by_what_they_say(machine: Machine) -> None:
    drives = [("/dev/bus/0", f"megaraid,{n}") for n in (3, 4)]
    machine.smartctl.scan(*drives)
    machine.says("--device megaraid,3 /dev/bus/0", "megaraid.json")
    machine.says("--device megaraid,4 /dev/bus/0", "sas_grown_defects.json")
    rows = machine.turns(3)
    assert set(rows) == {"naa.5000c500b0000003", "naa.5000c500b0000002"}
    devices = [f.devices for f in machine.found if f.devices][-1]
    assert [d["address"] for d in devices] == ["/dev/bus/0 (megaraid,3)", "/dev/bus/0 (megaraid,4)"]


def test_a_disk_that_two_controllers_show_is_one(machine: Machine) -> None:
    machine.smartctl.scan(("/dev/bus/0", "megaraid,3"), ("/dev/bus/1", "megaraid,3"))
    machine.says("--device megaraid,3 /dev/bus/0", "megaraid.json")
    machine.says("--device megaraid,3 /dev/bus/1", "megaraid.json")
    machine.turns(70)
    rows = [row for found in machine.found for row in rows_of(found)]
    assert len(rows) == 2, "one at first, and one ten minutes later"


def test_the_inventory_has_each_disk_and_comes_when_something_is_new(machine: Machine) -> None:
    machine.turns(60)
    told = [f.devices for f in machine.found if f.devices is not None]
    assert [len(rows) for rows in told] == [1, 2, 3]
    assert told[-1][0] == {
        "device": WWN, "kind": "disk", "model": "VIGIE HDD 4T", "serial": "VH000001",
        "firmware": "F1", "address": "sda", "size": "4000787030016 B",
    }  # fmt: skip
    assert set(told[-1][0]) <= {f.name for f in Device.fields}


def test_a_disk_that_comes_is_found_and_one_that_goes_is_let_go(machine: Machine) -> None:
    machine.turns(3)
    put(machine.sys / "block/sdc/device/wwid", "naa.5002538f00000001")
    machine.smartctl.scan(("/dev/sdb", "sat"), ("/dev/nvme0", "nvme"), ("/dev/sdc", "sat"))
    machine.says("--device sat /dev/sdc", "ata_ssd.json")
    assert set(machine.turns(1)) == {"naa.5002538f00000001"}
    asked = len(machine.asked)
    machine.turns(130)
    assert "/dev/sda" not in machine.asked[asked:]


def test_another_disk_under_an_old_name_is_another_disk(machine: Machine) -> None:
    machine.turns(3)
    put(machine.sys / "block/sda/device/wwid", "naa.5002538f00000001")
    put(machine.sys / "block/sdz/size", "1")  # the kernel's list changes as disks are swapped
    machine.says(SDA, "ata_ssd.json")
    assert set(machine.turns(1)) == {"naa.5002538f00000001"}


def test_without_rights_it_fails_and_says_what_grants_them(machine: Machine) -> None:
    for device in (SDA, SDB, NVME):
        machine.says(device, "denied.json")
    for _ in range(5):  # also in the turns between
        with pytest.raises(
            SourceFailed, match=r"sda: .*Permission denied; .*smart\.conf"
        ) as failed:
            machine.turn()
        assert failed.value.code == "denied"


def test_one_disk_without_rights_leaves_the_others(machine: Machine) -> None:
    machine.says(NVME, "denied.json")
    assert len(machine.turns(60)) == 2


def test_a_machine_whose_only_disk_speaks_no_smart_is_an_absence(machine: Machine) -> None:
    machine.smartctl.scan(("/dev/sdg", ""))
    machine.says("/dev/sdg", "usb_unknown.json")
    with pytest.raises(Absent, match="Unknown USB bridge"):
        machine.turn()


def test_a_machine_without_disks_is_an_absence_that_costs_one_scan(machine: Machine) -> None:
    machine.smartctl.scan()
    for _ in range(100):
        with pytest.raises(Absent, match="no disk"):
            machine.turn()
    assert len(machine.smartctl.calls) == 1


def test_a_machine_without_smartctl_is_an_absence_with_the_remedy(tmp_path: Path) -> None:
    source = DiskSmart(program=str(tmp_path / "smartctl"))
    with pytest.raises(Absent, match="sudo apt install smartmontools"):
        source.open()


def test_an_old_smartctl_is_a_failure_that_says_so(machine: Machine) -> None:
    old = (FIXTURES / "old_smartctl.txt").read_bytes()
    (machine.smartctl.folder / "scan_open.out").write_bytes(old)
    for _ in range(3):
        with pytest.raises(SourceFailed, match=r"7\.0"):
            machine.turn()
    assert len(machine.smartctl.calls) == 1


def test_a_drive_that_hangs_the_scan_is_got_round(machine: Machine) -> None:
    machine.source.close()
    machine.started(seconds=0.3)
    machine.smartctl.hang("scan-open", 30)
    machine.smartctl.scan(("/dev/sda", "scsi"), ("/dev/bus/0", "megaraid,3"), how="scan")
    machine.says("/dev/sda", "ata_hdd_healthy.json")
    machine.says("--device megaraid,3 /dev/bus/0", "megaraid.json")
    assert set(machine.turns(3)) == {WWN, "naa.5000c500b0000003"}


def test_a_damaged_answer_is_no_row(machine: Machine) -> None:
    machine.smartctl.answer(SDA, (FIXTURES / "truncated.json").read_bytes(), 0)
    assert len(machine.turns(60)) == 2


def test_a_longer_period_reads_more_disks_a_turn_and_each_as_often(machine: Machine) -> None:
    machine.source.close()
    machine.started(period=3600)
    assert machine.source.limit_seconds == 300
    assert len(machine.turns(1, seconds=3600)) == 3
    assert len(machine.turns(1, seconds=3600)) == 0, "each is due after an hour, give or take"
    machine.source.close()
    machine.started(period=600)
    assert len(machine.turns(1, seconds=600)) == 3


@pytest.mark.slow
def test_a_hundred_disks_are_all_read_in_ten_minutes_and_few_at_once(machine: Machine) -> None:
    drives = [f"/dev/sd{n}" for n in range(100)]
    machine.smartctl.scan(*((drive, "scsi") for drive in drives))
    document = json.loads((FIXTURES / "sas_healthy.json").read_text())
    for number, drive in enumerate(drives):
        document["logical_unit_id"] = f"0x5000c500b00001{number:02x}"
        machine.smartctl.answer(f"--device scsi {drive}", json.dumps(document).encode())
    counts = [len(rows_of(machine.turn())) for _ in range(55)]
    assert sum(counts) == 100
    assert max(counts) == 2


def test_settings_give_the_period_and_the_place_of_the_history(tmp_path: Path) -> None:
    made = source(AgentSettings(data=tmp_path, periods={"disk_smart": 600.0}))
    assert made.limit_seconds == 300
    assert str(tmp_path / "agent/disks.json") in {r.path for r in made.reads}
    assert source(AgentSettings()).limit_seconds == 25


def test_an_array_that_refuses_a_disk_decides_its_health(machine: Machine) -> None:
    (machine.sys / "block/sda/holders/md0").mkdir(parents=True)
    put(machine.sys / "block/md0/md/dev-sda/state", "faulty")
    row = machine.turns(3)[WWN]
    assert row["health_ratio"] == 0.0
    assert row["health_reason"] == Disk.health_reason.codes.index("pool_faulted")


def test_zfs_that_refuses_a_disk_decides_its_health(machine: Machine) -> None:
    put(machine.folder / "spl/tank/state", "DEGRADED")
    zpool = machine.folder / "bin/zpool"
    shutil.copy(ROOT / "tests/fixtures/pools/zpool_degraded.json", machine.folder / "zpool.json")
    zpool.write_text(
        f"#!/bin/sh\necho x >> {machine.folder}/asked\ncat {machine.folder}/zpool.json\n"
    )
    zpool.chmod(0o755)
    machine.says(SDB, "ata_hdd_healthy.json")
    rows = machine.turns(3)
    reason = rows["naa.5000c500a1b2c3d5"]["health_reason"]
    assert reason == Disk.health_reason.codes.index("pool_faulted")
    assert rows[WWN]["health_ratio"] == 1.0
    assert (machine.folder / "asked").read_text().count("x") == 1, "at most every five minutes"


def test_reading_before_open_is_a_failure() -> None:
    with pytest.raises(SourceFailed, match="before open"):
        DiskSmart().read(NOW * SECOND)


def test_a_clock_that_is_set_back_stops_no_reading(machine: Machine) -> None:
    machine.turns(3)
    machine.now -= 10 * 86_400
    machine.use("sda", 2)
    assert WWN in machine.turns(60)
