"""The equipment of a container, as its agents would list it."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from twin.hall.boards import GIB
from twin.hall.build import DISK_BYTES, Build
from twin.tellers.disks import Disks
from twin.tellers.names import Names
from vigie.frame import MAX_INVENTORY_ROWS

Row = Mapping[str, str | None]
DRIVER: Final = "driver 580.105.08"
KERNEL: Final = "Linux 6.12.48"
DISK_MODEL: Final = "ST18000NM000J"
DISK_FIRMWARE: Final = "SN04"


def devices(build: Build, names: Names, disks: Disks) -> list[Row]:
    """Hosts, then disks, then GPUs, as far as one inventory has room."""
    return list(islice(_all(build, names, disks), MAX_INVENTORY_ROWS))


def _all(build: Build, names: Names, disks: Disks) -> Iterator[Row]:
    for host in names.hosts:
        yield _row(host, host, "machine", "played server", KERNEL)
    size = f"{DISK_BYTES} B"
    for host, disk in zip(disks.hosts, disks.names, strict=True):
        yield _row(host, disk, "disk", DISK_MODEL, DISK_FIRMWARE, size=size)
    model, memory = build.container.gpu or build.board.name, build.board.memory_bytes // GIB
    for host, gpu in zip(names.gpu_hosts, names.gpus, strict=True):
        yield _row(host, gpu, "gpu", model, DRIVER, size=f"{memory} GiB")


def _row(
    host: str, device: str, kind: str, model: str, firmware: str, *, size: str | None = None
) -> Row:  # fmt: skip
    return {
        "host": host, "device": device, "kind": kind, "model": model, "serial": None,
        "firmware": firmware, "size": size, "address": None,
    }  # fmt: skip
