"""Activity counters (GPM, Hopper and later): what the multiprocessors did between two samples.

DCGM reads the same counters, and two readers disturb each other: where DCGM runs, we do not.
"""

import math
import struct
from collections.abc import Sequence
from ctypes import byref
from pathlib import Path
from typing import Any, Final

import pynvml

from agent.gpu.library import (
    REFUSALS,
    REFUSED_SECONDS,
    Function,
    Handle,
    Library,
    fine,
    within,
)  # fmt: skip
from vigie.catalogue import Gpu, GpuInstance
from vigie.shape import Field, Value

METRICS: Final = (
    pynvml.NVML_GPM_METRIC_SM_UTIL,
    pynvml.NVML_GPM_METRIC_ANY_TENSOR_UTIL,
    pynvml.NVML_GPM_METRIC_DRAM_BW_UTIL,
    pynvml.NVML_GPM_METRIC_SM_OCCUPANCY,
)
"""What is asked, in percent; in the order of `OF_BOARD` and `OF_INSTANCE`."""
OF_BOARD: Final = (
    Gpu.sm_active_ratio, Gpu.tensor_active_ratio, Gpu.dram_active_ratio, Gpu.sm_occupancy_ratio,
)  # fmt: skip
OF_INSTANCE: Final = (
    GpuInstance.sm_active_ratio, GpuInstance.tensor_active_ratio, GpuInstance.dram_active_ratio,
)  # fmt: skip
RIVALS: Final = frozenset({"nv-hostengine", "dcgm-exporter", "dcgmproftester1", "dcgmi"})
"""Names of programs, as /proc/PID/comm cuts them, that read the same counters."""
RIVAL_SECONDS: Final = 60.0
_PERCENT: Final = 100.0
_SAMPLES: Final = struct.Struct("<QQ")
_SAMPLES_AT: Final = 8
"""Where nvmlGpmMetricsGet_t has its two samples, after version and count; metrics follow."""
_HEAD: Final = 24
_READING: Final = struct.Struct("<" + "4xId24x" * len(METRICS))


def rival(proc: Path) -> str | None:
    """The program that reads the counters already, if one runs."""
    for comm in proc.glob("[0-9]*/comm"):
        try:
            name = comm.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue  # it ended meanwhile, or is not ours to see
        if name in RIVALS:
            return name
    return None


class Meter:
    """Where the differences of all GPUs are computed: one buffer, for it is large."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._get: Function | None = library.function("nvmlGpmMetricsGet")
        self._told = pynvml.c_nvmlGpmMetricsGet_t(
            version=pynvml.NVML_GPM_METRICS_GET_VERSION, numMetrics=len(METRICS)
        )
        for place, metric in zip(self._told.metrics, METRICS, strict=False):
            place.metricId = metric
        self._into = byref(self._told)

    def supports(self, handle: Handle) -> bool:
        """Whether that GPU has the counters; raises as `fine`."""
        told = pynvml.c_nvmlGpmSupport_t(version=pynvml.NVML_GPM_SUPPORT_VERSION)
        code = self.library.call("nvmlGpmQueryDeviceSupport", handle, byref(told))
        return self._get is not None and fine(code) and bool(told.isSupportedDevice)

    def between(self, first: int, second: int, of: Sequence[Field]) -> dict[Field, Value]:
        """What happened from the first sample to the second; raises as `fine`."""
        _SAMPLES.pack_into(self._told, _SAMPLES_AT, first, second)
        if self._get is None or not fine(self._get(self._into)):
            return {}
        cells = _READING.unpack_from(self._told, _HEAD)
        return {
            field: None if code else ratio(percent)
            for field, code, percent in zip(of, cells[0::2], cells[1::2], strict=False)
        }


class Activity:
    """The counters of one GPU, or of one GPU instance of it; keeps its last sample."""

    def __init__(self, meter: Meter, handle: Handle, instance: int | None = None) -> None:
        """`instance` is the number of a GPU instance under MIG."""
        self._meter, library = meter, meter.library
        self._fields = OF_BOARD if instance is None else OF_INSTANCE
        self._alloc = library.function("nvmlGpmSampleAlloc")
        self._free = library.function("nvmlGpmSampleFree")
        name = "nvmlGpmSampleGet" if instance is None else "nvmlGpmMigSampleGet"
        self._get = library.function(name)
        self._of = (handle,) if instance is None else (handle, instance)
        self._samples: list[tuple[Any, int]] = []
        self._kept = False
        self._refused: int | None = None

    def read(self, now: int) -> dict[Field, Value]:
        """Ratios since the last turn; empty at the first. Raises as `fine`."""
        if self._get is None or within(now, self._refused, REFUSED_SECONDS):
            return {}
        if not self._samples and not self._make():
            return {}
        last, new = self._samples
        code = self._get(*self._of, new[0])
        if not fine(code):
            self._refused = now if code in REFUSALS else None
            self._kept = False
            return {}
        self._samples, kept, self._kept = [new, last], self._kept, True
        return self._meter.between(last[1], new[1], self._fields) if kept else {}

    def drop(self) -> None:
        """Give the samples back."""
        if self._free is not None:
            for sample, _ in self._samples:
                self._free(sample)
        self._samples, self._kept = [], False

    def _make(self) -> bool:
        samples = [pynvml.c_nvmlGpmSample_t(), pynvml.c_nvmlGpmSample_t()]
        if self._alloc is None or not all(fine(self._alloc(byref(s))) for s in samples):
            return False
        self._samples = [(s, pynvml.cast(s, pynvml.c_void_p).value or 0) for s in samples]
        return True


def ratio(percent: float) -> float | None:
    """A share from a percentage; rounding may take it a hair over the whole."""
    if not 0 <= percent < math.inf:
        return None
    return percent / _PERCENT if percent < _PERCENT else 1.0
