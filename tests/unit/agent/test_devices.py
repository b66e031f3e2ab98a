"""What a host is made of, from a captured /proc and /sys."""

from pathlib import Path

import pytest

from agent.devices import Devices
from vigie.catalogue import Device

CPUINFO = """\
processor\t: 0
model name\t: EPYC 9354
physical id\t: 0

processor\t: 1
model name\t: EPYC 9354
physical id\t: 0

processor\t: 2
model name\t: EPYC 9354
physical id\t: 1

"""


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A server with two sockets and two disks."""
    put(tmp_path, "proc/cpuinfo", CPUINFO)
    put(tmp_path, "sys/class/dmi/id/sys_vendor", "Supermicro\n")
    put(tmp_path, "sys/class/dmi/id/product_name", "AS-8125GS\n")
    put(tmp_path, "sys/block/sda/device/model", "ST18000NM  \n")
    put(tmp_path, "sys/block/sda/device/wwid", "naa.5000c500\n")
    put(tmp_path, "sys/block/sda/size", "2000\n")
    put(tmp_path, "sys/block/vda/serial", "vol-1\x00\n")
    put(tmp_path, "sys/block/vda/size", "odd\n")
    put(tmp_path, "sys/block/loop0/size", "8\n")
    (tmp_path / "sys/block/vda/device").mkdir()
    return tmp_path


def rows(root: Path) -> dict[str, dict[str, str | None]]:
    part = Devices("h1", root).snapshot()
    assert (part.name, part.snapshot) == ("device", True)
    return {str(row["device"]): dict(row) for row in part.rows}


def test_the_machine_its_sockets_and_its_disks(machine: Path) -> None:
    found = rows(machine)
    assert [(r["kind"], name) for name, r in found.items()] == [
        ("machine", "machine-h1"), ("processor", "h1-cpu0"), ("processor", "h1-cpu1"),
        ("disk", "naa.5000c500"), ("disk", "vol-1"),
    ]  # fmt: skip
    assert found["machine-h1"]["model"] == "Supermicro AS-8125GS"
    assert (found["h1-cpu0"]["model"], found["h1-cpu0"]["size"]) == ("EPYC 9354", "2 threads")
    assert (found["naa.5000c500"]["model"], found["naa.5000c500"]["size"]) == (
        "ST18000NM", "1024000 B",
    )  # fmt: skip


def test_every_row_has_every_field_of_the_catalogue(machine: Path) -> None:
    names = [f.name for f in Device.fields]
    assert all(list(row) == names for row in rows(machine).values())


def test_what_is_not_told_is_null(machine: Path) -> None:
    found = rows(machine)
    assert found["machine-h1"]["serial"] is None
    assert (found["vol-1"]["model"], found["vol-1"]["size"]) == (None, None)


def test_a_serial_number_identifies_the_machine(machine: Path) -> None:
    put(machine, "sys/class/dmi/id/product_serial", "S123\n")
    assert "machine-S123" in rows(machine)


def test_what_a_source_knows_of_a_device_is_added_to_what_the_kernel_lists(machine: Path) -> None:
    devices = Devices("h1", machine)
    told: list[dict[str, str | None]] = [
        {"device": "naa.5000c500", "kind": "disk", "serial": "ZR5", "model": None},
        {"device": "GPU-1", "kind": "gpu", "model": "H200"},
    ]
    assert devices.take("disk_smart", told)
    found = {str(row["device"]): row for row in devices.snapshot().rows}
    disk, gpu = found["naa.5000c500"], found["GPU-1"]
    assert (disk["serial"], disk["model"], disk["address"]) == ("ZR5", "ST18000NM", "sda")
    assert (gpu["host"], gpu["model"], gpu["firmware"]) == ("h1", "H200", None)


def test_a_disk_that_the_kernel_cannot_name_has_the_name_that_it_told_a_source(
    machine: Path,
) -> None:
    (machine / "sys/block/sdz/device").mkdir(parents=True)
    (machine / "sys/block/sdz/size").write_text("2000\n")
    devices = Devices("h1", machine)
    assert "h1-sdz" in {row["device"] for row in devices.snapshot().rows}
    devices.take("disk_smart", [{"device": "WD-1", "kind": "disk", "address": "sdz"}])
    found = {str(row["device"]): row for row in devices.snapshot().rows}
    assert "h1-sdz" not in found
    assert (found["WD-1"]["address"], found["WD-1"]["size"]) == ("sdz", "1024000 B")


def test_only_what_changed_is_news(machine: Path) -> None:
    devices = Devices("h1", machine)
    assert devices.take("gpu_nvml", [{"device": "GPU-1"}])
    assert not devices.take("gpu_nvml", [{"device": "GPU-1"}])
    assert devices.take("gpu_nvml", [])
    assert "GPU-1" not in {row["device"] for row in devices.snapshot().rows}


def test_an_empty_machine_is_still_one(tmp_path: Path) -> None:
    assert list(rows(tmp_path)) == ["machine-h1"]
