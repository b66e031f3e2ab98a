"""Activity counters (GPM, Hopper and later): what the multiprocessors did between two samples.

DCGM reads the same counters, and two readers disturb each other: where DCGM runs, we do not.
"""

import math
import struct
from collections.abc import Mapping
from ctypes import byref
from pathlib import Path
from typing import Any, Final

import pynvml

from agent.gpu.library import (
    REFUSALS,
    REFUSED_SECONDS,
    SUCCESS,
    Function,
    Handle,
    Library,
    fine,
    within,
)  # fmt: skip

METRICS: Final[Mapping[str, int]] = {
    "sm_active_ratio": pynvml.NVML_GPM_METRIC_SM_UTIL,
    "sm_occupancy_ratio": pynvml.NVML_GPM_METRIC_SM_OCCUPANCY,
    "tensor_active_ratio": pynvml.NVML_GPM_METRIC_ANY_TENSOR_UTIL,
    "dram_active_ratio": pynvml.NVML_GPM_METRIC_DRAM_BW_UTIL,
}
"""Names of fields, in `gpu` as in `gpu_instance`, and the metric of each; percent."""
RIVALS: Final = frozenset({"nv-hostengine", "dcgm-exporter", "dcgmproftester1", "dcgmi"})
"""Names of programs, as /proc/PID/comm cuts them, that read the same counters."""
RIVAL_SECONDS: Final = 60.0
_PERCENT: Final = 100.0
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
        for place, metric in zip(self._told.metrics, METRICS.values(), strict=False):
            place.metricId = metric
        self._into = byref(self._told)

    def supports(self, handle: Handle) -> bool:
        """Whether that GPU has the counters; raises as `fine`."""
        told = pynvml.c_nvmlGpmSupport_t(version=pynvml.NVML_GPM_SUPPORT_VERSION)
        code = self.library.call("nvmlGpmQueryDeviceSupport", handle, byref(told))
        return self._get is not None and fine(code) and bool(told.isSupportedDevice)

    def between(self, first: Any, second: Any) -> dict[str, float | None]:
        """What happened from the first sample to the second, by name; raises as `fine`."""
        self._told.sample1, self._told.sample2 = first, second
        if self._get is None or not fine(self._get(self._into)):
            return {}
        cells = _READING.unpack_from(self._told, _HEAD)
        readings = zip(METRICS, cells[0::2], cells[1::2], strict=True)
        return {
            name: ratio(percent) if code == SUCCESS else None for name, code, percent in readings
        }


class Activity:
    """The counters of one GPU, or of one GPU instance of it; keeps its last sample."""

    def __init__(self, meter: Meter, handle: Handle, instance: int | None = None) -> None:
        """`instance` is the number of a GPU instance under MIG."""
        self._meter, library = meter, meter.library
        self._alloc = library.function("nvmlGpmSampleAlloc")
        self._free = library.function("nvmlGpmSampleFree")
        name = "nvmlGpmSampleGet" if instance is None else "nvmlGpmMigSampleGet"
        self._get = library.function(name)
        self._of = (handle,) if instance is None else (handle, instance)
        self._samples: list[Any] = []
        self._kept = False
        self._refused: int | None = None

    def read(self, now: int) -> dict[str, float | None]:
        """Ratios since the last turn, by name; empty at the first. Raises as `fine`."""
        if self._get is None or within(now, self._refused, REFUSED_SECONDS):
            return {}
        if not self._samples and not self._make():
            return {}
        last, new = self._samples
        code = self._get(*self._of, new)
        if not fine(code):
            self._refused = now if code in REFUSALS else None
            self._kept = False
            return {}
        self._samples, kept, self._kept = [new, last], self._kept, True
        return self._meter.between(last, new) if kept else {}

    def drop(self) -> None:
        """Give the samples back."""
        for sample in self._samples if self._free is not None else ():
            self._free(sample)  # type: ignore[misc]
        self._samples, self._kept = [], False

    def _make(self) -> bool:
        samples = [pynvml.c_nvmlGpmSample_t(), pynvml.c_nvmlGpmSample_t()]
        if self._alloc is None or not all(fine(self._alloc(byref(s))) for s in samples):
            return False
        self._samples = samples
        return True


def ratio(percent: float) -> float | None:
    """A share from a percentage; rounding may take it a hair over the whole."""
    return min(1.0, percent / _PERCENT) if math.isfinite(percent) and percent >= 0 else None
