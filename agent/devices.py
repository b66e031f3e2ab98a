"""What this host is made of, for the `device` inventory: machine, processors, disks.

Read at start and when an upstream asks; a file that the agent may not read leaves a null.
"""

import os
from pathlib import Path
from typing import Final

from agent.source import Read
from vigie.catalogue import Device
from vigie.frame import MAX_DETAIL_BYTES, InventoryPart

SECTOR_BYTES: Final = 512
"""The unit of /sys/block/*/size, whatever the disk's own sector is."""
_ROOT: Final = "root, or CAP_DAC_READ_SEARCH"
_SERIAL_GRANT: Final = (
    "sudo systemctl edit vigie-agent, then AmbientCapabilities=CAP_DAC_READ_SEARCH"
)

READS: Final = (
    Read("/sys/class/dmi/id/sys_vendor", "maker of the machine", optional=True),
    Read("/sys/class/dmi/id/product_name", "model of the machine", optional=True),
    Read("/sys/class/dmi/id/product_serial", "serial number of the machine", right=_ROOT,
         grant=_SERIAL_GRANT, optional=True),
    Read("/proc/cpuinfo", "model of the processors"),
    Read("/sys/block", "which disks there are", optional=True),
    Read("/sys/block/*/device", "which disks are hardware", optional=True),
    Read("/sys/block/*/device/model", "model of a disk", optional=True),
    Read("/sys/block/*/device/serial", "serial number of a disk", optional=True),
    Read("/sys/block/*/serial", "serial number of a virtual disk", optional=True),
    Read("/sys/block/*/device/firmware_rev", "firmware of a disk", optional=True),
    Read("/sys/block/*/device/rev", "firmware of a disk", optional=True),
    Read("/sys/block/*/wwid", "world-wide name of a disk", optional=True),
    Read("/sys/block/*/device/wwid", "world-wide name of a disk", optional=True),
    Read("/sys/block/*/size", "size of a disk", optional=True),
)  # fmt: skip

Row = dict[str, str | None]


def snapshot(host: str, root: Path = Path("/")) -> InventoryPart:
    """Every device of this host; `root` is where /proc and /sys are."""
    rows = [_machine(host, root), *_processors(host, root), *_disks(host, root)]
    unique = {row[Device.device.name]: row for row in rows}
    return InventoryPart(Device.name, snapshot=True, rows=tuple(unique.values()))


def _row(host: str, device: str, kind: str, **more: str | None) -> Row:
    given = {"host": host, "device": device, "kind": kind, **more}
    return {f.name: given.get(f.name) for f in Device.fields}


def _machine(host: str, root: Path) -> Row:
    dmi = root / "sys/class/dmi/id"
    maker, product = _word(dmi / "sys_vendor"), _word(dmi / "product_name")
    serial = _word(dmi / "product_serial")
    return _row(
        host, f"machine-{serial or host}", "machine",
        model=" ".join(filter(None, (maker, product))) or None, serial=serial,
        firmware=f"{os.uname().sysname} {os.uname().release}",
    )  # fmt: skip


def _processors(host: str, root: Path) -> list[Row]:
    """One row for each socket: its model, and how many logical processors it has."""
    sockets: dict[str, tuple[str | None, int]] = {}
    socket, model = "0", None
    try:
        lines = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
    for line in lines:
        name, _, value = (part.strip() for part in line.partition(":"))
        if name in {"model name", "Model", "cpu model"}:
            model = value
        elif name == "physical id":
            socket = value
        elif not name and model is not None:
            sockets[socket] = (model, sockets.get(socket, ("", 0))[1] + 1)
            socket, model = "0", None
    return [
        _row(host, f"{host}-cpu{number}", "processor", model=_clean(name), size=f"{count} threads")
        for number, (name, count) in sorted(sockets.items())
    ]


def _disks(host: str, root: Path) -> list[Row]:
    rows = []
    block = root / "sys/block"
    names = sorted(path.name for path in block.iterdir()) if block.is_dir() else []
    for name in names:
        disk = block / name
        if not (disk / "device").exists():
            continue
        serial = _word(disk / "device/serial") or _word(disk / "serial")
        wwid = _word(disk / "wwid") or _word(disk / "device/wwid")
        sectors = _word(disk / "size")
        rows.append(
            _row(
                host,
                wwid or serial or f"{host}-{name}",
                "disk",
                model=_word(disk / "device/model"),
                serial=serial,
                firmware=_word(disk / "device/firmware_rev") or _word(disk / "device/rev"),
                size=f"{int(sectors) * SECTOR_BYTES} B" if sectors and sectors.isdigit() else None,
            )
        )
    return rows


def _word(path: Path) -> str | None:
    """The text of a small file; None where it is missing, forbidden or empty."""
    try:
        return _clean(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _clean(text: str | None) -> str | None:
    plain = "".join(c for c in text or "" if c.isprintable()).strip()
    return plain.encode()[:MAX_DETAIL_BYTES].decode(errors="ignore") or None
