"""What a GPU and its instances are, as rows of the `device` inventory."""

from ctypes import byref

import pynvml

from agent.gpu.instruments import Instruments
from agent.gpu.library import Handle, fine
from agent.gpu.mig import Instances

Row = dict[str, str | None]


def board(instruments: Instruments, uuid: str, handle: Handle, now: int) -> Row:
    """The row of a GPU; raises as `fine`."""
    library = instruments.library
    total = instruments.memories.read(handle, now, {}).total
    told = pynvml.nvmlPciInfo_t()
    at = None
    if fine(library.call("nvmlDeviceGetPciInfo_v3", handle, byref(told))):
        at = f"{told.domain:04x}:{told.bus:02x}:{told.device:02x}.0"
    driver, vbios = library.driver(), library.text("nvmlDeviceGetVbiosVersion", handle)
    versions = (driver and f"driver {driver}", vbios and f"vbios {vbios}")
    return {
        "device": uuid,
        "kind": "gpu",
        "model": library.text("nvmlDeviceGetName", handle),
        "serial": library.text("nvmlDeviceGetSerial", handle),
        "firmware": ", ".join(filter(None, versions)) or None,
        "size": _size(total),
        "address": at,
    }


def parts(instruments: Instruments, of: Row, instances: Instances, now: int) -> list[Row]:
    """The rows of the instances of the GPU whose row is `of`; raises as `fine`."""
    rows: list[Row] = []
    for uuid, (model, handle) in instances.models().items():
        total = instruments.memories.read(handle, now, {}).total
        row: Row = {**of, "device": uuid, "kind": "gpu_instance", "model": model, "serial": None}
        rows.append({**row, "size": _size(total)})
    return rows


def _size(total: int | None) -> str | None:
    return None if total is None else f"{total} B"
