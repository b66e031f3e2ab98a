"""What this host is made of, for the `device` inventory: machine, processors, disks.

Read at start and when an upstream asks; a file that the agent may not read leaves a null.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from agent.source import Read, grant
from vigie.catalogue import Device
from vigie.frame import MAX_DETAIL_BYTES, MAX_KEY_BYTES, InventoryPart

SECTOR_BYTES: Final = 512
"""The unit of /sys/block/*/size, whatever the disk's own sector is."""
_ROOT: Final = "root, or CAP_DAC_READ_SEARCH"
_SERIAL_GRANT: Final = grant("rapl")
"""The drop-in for what is readable by root alone."""

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


class Devices:
    """The devices of one host: what the kernel lists, and what sources know better."""

    def __init__(self, host: str, root: Path = Path("/")) -> None:
        """`root` is where /proc and /sys are."""
        self._host, self._root = host, root
        self._told: dict[str, tuple[Row, ...]] = {}

    def take(self, source: str, rows: Sequence[Mapping[str, str | None]]) -> bool:
        """Keep what a source knows of devices; whether that is news."""
        complete = tuple(_row(**{"host": self._host, **row}) for row in rows)
        news = self._told.get(source) != complete
        self._told[source] = complete
        return news

    def snapshot(self) -> InventoryPart:
        """Every device; where a source and the kernel name the same one, what either knows."""
        host, root = self._host, self._root
        told = [row for rows in self._told.values() for row in rows]
        names = {r["address"]: r["device"] for r in told if r["kind"] == "disk"}
        disks = [_named(row, names, f"{host}-{row['address']}") for row in _disks(host, root)]
        listed = [_machine(host, root), *_processors(host, root), *disks]
        unique: dict[str | None, Row] = {}
        for row in (*listed, *told):
            before = unique.get(row[Device.device.name], row)
            unique[row[Device.device.name]] = {k: v or before[k] for k, v in row.items()}
        return InventoryPart(Device.name, snapshot=True, rows=tuple(unique.values()))


def _named(row: Row, names: Mapping[str | None, str | None], nameless: str) -> Row:
    """A disk that the kernel cannot name, under the name that it told a source."""
    if row["device"] != nameless:
        return row
    return {**row, "device": names.get(row["address"]) or nameless}


def _row(**given: str | None) -> Row:
    return {f.name: _clean(given.get(f.name)) for f in Device.fields}


def _machine(host: str, root: Path) -> Row:
    dmi = root / "sys/class/dmi/id"
    maker, product = _word(dmi / "sys_vendor"), _word(dmi / "product_name")
    serial = _word(dmi / "product_serial")
    return _row(
        host=host, device=f"machine-{serial or host}", kind="machine",
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
        _row(
            host=host,
            device=f"{host}-cpu{number}",
            kind="processor",
            model=name,
            size=f"{count} threads",
        )
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
        sectors = _word(disk / "size")
        rows.append(
            _row(
                host=host,
                device=disk_identity(disk) or f"{host}-{name}",
                kind="disk",
                address=name,
                model=_word(disk / "device/model"),
                serial=_word(disk / "device/serial") or _word(disk / "serial"),
                firmware=_word(disk / "device/firmware_rev") or _word(disk / "device/rev"),
                size=f"{int(sectors) * SECTOR_BYTES} B" if sectors and sectors.isdigit() else None,
            )
        )
    return rows


def disk_identity(disk: Path) -> str | None:
    """What names a disk for good: its world-wide name, else its serial number, else None.

    `disk` is its directory in /sys/block. Every source that speaks of disks names them so.
    """
    wwid = _word(disk / "wwid") or _word(disk / "device/wwid")
    name = wwid or _word(disk / "device/serial") or _word(disk / "serial")
    return name and name.encode()[:MAX_KEY_BYTES].decode(errors="ignore")


def _word(path: Path) -> str | None:
    """The text of a small file; None where it is missing, forbidden or empty."""
    try:
        return _clean(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _clean(text: str | None) -> str | None:
    plain = "".join(c for c in text or "" if c.isprintable()).strip()
    return plain.encode()[:MAX_DETAIL_BYTES].decode(errors="ignore") or None
