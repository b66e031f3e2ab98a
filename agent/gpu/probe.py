"""Readings that have a call of their own, into a buffer that is made once."""

from collections.abc import Callable
from ctypes import byref
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pynvml

from agent.gpu.library import REFUSALS, REFUSED_SECONDS, Function, Handle, Library, fine, within
from vigie.shape import Value
from vigie.units import HERTZ_PER_MEGAHERTZ, WATTS_PER_MILLIWATT

GA100: Final = (8, 0)
"""Compute capability of the last chip whose power reading is an instant (nvml.h on PowerUsage)."""
_PERCENT: Final = 100
_STATES: Final = range(1, 4)
_FABRIC: Final = (
    ("nvmlDeviceGetGpuFabricInfoV", pynvml.c_nvmlGpuFabricInfo_v3_t),
    ("nvmlDeviceGetGpuFabricInfoV", pynvml.c_nvmlGpuFabricInfo_v2_t),
    ("nvmlDeviceGetGpuFabricInfo", pynvml.c_nvmlGpuFabricInfo_t),
)


@dataclass(slots=True)
class Call:
    """One way to ask: a function with its arguments, and what to make of what it wrote."""

    function: Function | None
    arguments: tuple[Any, ...]
    take: Callable[[], Value]
    refused: int | None = None
    """When the driver refused it, ns."""


class Probe:
    """One reading of one GPU, by the first call that the driver does not refuse."""

    def __init__(self, *calls: Call) -> None:
        self._calls = [call for call in calls if call.function is not None]

    def read(self, now: int) -> Value:
        """The reading, None where there is none; raises as `fine`."""
        for call in self._calls:
            if call.refused is not None and within(now, call.refused, REFUSED_SECONDS):
                continue
            code = call.function(*call.arguments)  # type: ignore[misc]
            if fine(code):
                call.refused = None
                return call.take()
            if code not in REFUSALS:
                return None
            call.refused = now
        return None


def number(library: Library, name: str, *arguments: Any, factor: float = 1) -> Call:
    """A function that writes one unsigned int as its last argument; all ones are "unknown"."""
    cell = pynvml.c_uint()

    def take() -> Value:
        return None if cell.value == 2**32 - 1 else cell.value * factor

    return Call(library.function(name), (*arguments, byref(cell)), take)


def utilization(library: Library, handle: Handle) -> Probe:
    """Share of time with a kernel running; no driver has it under MIG."""
    rates = pynvml.c_nvmlUtilization_t()
    return Probe(
        Call(library.function("nvmlDeviceGetUtilizationRates"), (handle, byref(rates)),
             lambda: rates.gpu / _PERCENT if rates.gpu <= _PERCENT else None)
    )  # fmt: skip


def temperature(library: Library, handle: Handle) -> Probe:
    """Degrees of the core; the older call goes away with CUDA 14."""
    told = pynvml.c_nvmlTemperature_v1_t(
        version=pynvml.nvmlTemperature_v1, sensorType=pynvml.NVML_TEMPERATURE_GPU
    )
    return Probe(
        Call(library.function("nvmlDeviceGetTemperatureV"), (handle, byref(told)),
             lambda: int(told.temperature)),
        number(library, "nvmlDeviceGetTemperature", handle, pynvml.NVML_TEMPERATURE_GPU),
    )  # fmt: skip


def margin(library: Library, handle: Handle) -> Probe:
    """Degrees left before the clocks slow down; Hopper and later."""
    told = pynvml.c_nvmlMarginTemperature_v1_t(version=pynvml.nvmlMarginTemperature_v1)
    return Probe(
        Call(library.function("nvmlDeviceGetMarginTemperature"), (handle, byref(told)),
             lambda: int(told.marginTemperature))
    )  # fmt: skip


def clock(library: Library, handle: Handle, kind: int) -> Probe:
    """Hertz of a clock (NVML_CLOCK_*)."""
    name = "nvmlDeviceGetClockInfo"
    return Probe(number(library, name, handle, kind, factor=HERTZ_PER_MEGAHERTZ))


def reasons(library: Library, handle: Handle) -> Probe:
    """Bits that say why the clocks are low; the older name is of drivers before 535."""
    mask = pynvml.c_ulonglong()
    names = (
        "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons",
    )  # fmt: skip
    calls = (Call(library.function(n), (handle, byref(mask)), lambda: mask.value) for n in names)
    return Probe(*calls)


def limit(library: Library, handle: Handle) -> Probe:
    """Enforced power limit in watts, on drivers without its field."""
    return Probe(
        number(library, "nvmlDeviceGetEnforcedPowerLimit", handle, factor=WATTS_PER_MILLIWATT)
    )


def power(library: Library, handle: Handle) -> Probe:
    """Watts, on drivers without the fields; what they mean is `is_mean`'s to say."""
    return Probe(number(library, "nvmlDeviceGetPowerUsage", handle, factor=WATTS_PER_MILLIWATT))


def is_mean(capability: tuple[int, int] | None) -> bool | None:
    """Whether nvmlDeviceGetPowerUsage is the mean of 1 s (after GA100) or an instant (up to it).

    None for a GPU that does not tell its compute capability.
    """
    return None if capability is None else capability > GA100


def energy(library: Library, handle: Handle) -> Probe:
    """Joules since the driver loaded, on drivers without the field."""
    cell = pynvml.c_ulonglong()
    return Probe(
        Call(library.function("nvmlDeviceGetTotalEnergyConsumption"), (handle, byref(cell)),
             lambda: cell.value / 1000 or None)
    )  # fmt: skip


def mig(library: Library, handle: Handle) -> Probe:
    """Whether the GPU is cut into instances now."""
    current, pending = pynvml.c_uint(), pynvml.c_uint()
    return Probe(
        Call(library.function("nvmlDeviceGetMigMode"), (handle, byref(current), byref(pending)),
             lambda: current.value == pynvml.NVML_DEVICE_MIG_ENABLE)
    )  # fmt: skip


def fabric(library: Library, handle: Handle) -> Probe:
    """State of the registration with the NVLink fabric; None on a board that has none."""
    calls = []
    for name, kind in _FABRIC:
        told = kind()
        calls.append(Call(library.function(name), (handle, byref(told)), partial(_state, told)))
    return Probe(*calls)


def _state(told: Any) -> Value:
    """Not supported (0) is no state: a rule that waits for "completed" would never rest."""
    return int(told.state) if told.state in _STATES else None
