"""Readings that have a call of their own, into buffers that are made once, for all GPUs."""

from collections.abc import Iterable
from ctypes import byref, c_int, c_ubyte, c_uint, c_ulonglong, sizeof
from typing import Any, Final, NamedTuple

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
)
from vigie.catalogue import Gpu
from vigie.units import HERTZ_PER_MEGAHERTZ, JOULES_PER_MILLIJOULE, WATTS_PER_MILLIWATT

GA100: Final = (8, 0)
"""Compute capability of the last chip whose power reading is an instant (nvml.h on PowerUsage)."""
PERCENT: Final = 100
_HIGH: Final = 2**32 - 2
_SIGNED: Final = 2**63 - 1
_REASONS: Final = (
    "nvmlDeviceGetCurrentClocksEventReasons",
    "nvmlDeviceGetCurrentClocksThrottleReasons",
)
_FABRIC: Final = (  # function, structure, where the state is in it
    ("nvmlDeviceGetGpuFabricInfoV", pynvml.c_nvmlGpuFabricInfo_v3_t, 28),
    ("nvmlDeviceGetGpuFabricInfoV", pynvml.c_nvmlGpuFabricInfo_v2_t, 28),
    ("nvmlDeviceGetGpuFabricInfo", pynvml.c_nvmlGpuFabricInfo_t, 24),
)


class Call(NamedTuple):
    """One way to ask: a function of the GPU's handle, and where the answer is in what it writes.

    An answer above `high` is none; `factor` makes the base unit of it.
    """

    function: Function
    arguments: tuple[Any, ...]
    cells: Any
    at: int
    factor: float
    high: int


class Refused(NamedTuple):
    """Up to which call the driver refused a GPU's reading, and since when (ns)."""

    next: int
    since: int


class Probe:
    """One reading of any GPU, by the first call that its driver does not refuse."""

    def __init__(self, *calls: Call | None) -> None:
        """None is a call that this driver is too old for."""
        self._calls = [call for call in calls if call is not None]

    @property
    def first(self) -> Call | None:
        """The call that is asked of a GPU that refuses none."""
        return self._calls[0] if self._calls else None

    def become(self, calls: Iterable[Call]) -> None:
        """The same calls with another buffer; what GPUs refused stays refused."""
        self._calls = list(calls)

    def read(self, handle: Handle, now: int, refusals: "Refusals") -> float | None:
        """The reading of one GPU, None where there is none; raises as `fine`.

        `refusals` are that GPU's, kept from turn to turn.
        """
        first = 0
        if refusals and (refused := refusals.get(self)) is not None:
            if within(now, refused.since, REFUSED_SECONDS):
                first = refused.next
            else:
                del refusals[self]
        for number in range(first, len(self._calls)):
            function, arguments, cells, at, factor, high = self._calls[number]
            code = function(handle, *arguments)
            if code == SUCCESS:
                value = cells[at]
                return value * factor if value <= high else None
            if not fine(code) and code not in REFUSALS:
                return None
            refusals[self] = Refused(number + 1, now)
        return None


Refusals = dict[Probe, Refused]


def call(
    library: Library, name: str, cells: Any, *arguments: Any, at: int = 0,
    factor: float = 1, high: int = _HIGH,
) -> Call | None:  # fmt: skip
    """A call of that name that writes `cells` at the address in its last argument."""
    function = library.function(name)
    if function is None:
        return None
    return Call(function, (*arguments, byref(cells)), cells, at, factor, high)


def number(library: Library, name: str, *arguments: Any, factor: float = 1) -> Call | None:
    """A function that writes one unsigned int; all ones are "not available"."""
    return call(library, name, (c_uint * 1)(), *arguments, factor=factor)


class Probes:
    """What has a call of its own, for all GPUs under one driver."""

    def __init__(self, library: Library) -> None:
        sensor = pynvml.NVML_TEMPERATURE_GPU
        told = (c_int * 3)(pynvml.nvmlTemperature_v1, sensor)  # nvmlTemperature_t
        self.temperature = Probe(
            call(library, "nvmlDeviceGetTemperatureV", told, at=2),
            number(library, "nvmlDeviceGetTemperature", sensor),
        )
        """Degrees of the core; the older call goes away with CUDA 14."""
        told = (c_int * 2)(pynvml.nvmlMarginTemperature_v1)  # nvmlMarginTemperature_t
        self.margin = Probe(call(library, "nvmlDeviceGetMarginTemperature", told, at=1))
        """Degrees left before the clocks slow down; Hopper and later."""
        self.sm_clock = _clock(library, pynvml.NVML_CLOCK_SM)
        self.memory_clock = _clock(library, pynvml.NVML_CLOCK_MEM)
        """Hertz."""
        mask = (c_ulonglong * 1)()
        self.reasons = Probe(*(call(library, name, mask, high=_SIGNED) for name in _REASONS))
        """Bits that say why the clocks are low; the older name is of drivers before 535."""
        rates = (c_uint * 2)()
        self.utilization = Probe(
            call(library, "nvmlDeviceGetUtilizationRates", rates, factor=1 / PERCENT, high=PERCENT)
        )
        """Share of time with a kernel running; no driver has it under MIG."""
        self.mig = _mig(library)
        """1 where the GPU is cut into instances now; what waits for a reset is not looked at."""
        self.fabric = _fabric(library)
        """State of the registration with the NVLink fabric, 0 on a board that has none."""
        name = "nvmlDeviceGetTotalEnergyConsumption"
        joules = (c_ulonglong * 1)()
        self.energy = Probe(call(library, name, joules, factor=JOULES_PER_MILLIJOULE, high=_SIGNED))
        """Joules since the driver loaded; for drivers without the field."""
        name = "nvmlDeviceGetPowerUsage"
        self.power = Probe(number(library, name, factor=WATTS_PER_MILLIWATT))
        """Watts, for drivers without the fields; what they mean is `is_mean`'s to say."""
        name = "nvmlDeviceGetEnforcedPowerLimit"
        self.limit = Probe(number(library, name, factor=WATTS_PER_MILLIWATT))
        """Watts, for drivers without the field."""


def is_mean(capability: tuple[int, int] | None) -> bool | None:
    """Whether nvmlDeviceGetPowerUsage is the mean of 1 s (after GA100) or an instant (up to it).

    None for a GPU that does not tell its compute capability.
    """
    return None if capability is None else capability > GA100


def _clock(library: Library, kind: int) -> Probe:
    name = "nvmlDeviceGetClockInfo"
    return Probe(number(library, name, kind, factor=HERTZ_PER_MEGAHERTZ))


def _mig(library: Library) -> Probe:
    function = library.function("nvmlDeviceGetMigMode")
    current, pending = (c_uint * 1)(), c_uint()
    told = (byref(current), byref(pending))
    return Probe(None if function is None else Call(function, told, current, 0, 1, 1))


def _fabric(library: Library) -> Probe:
    high, calls = len(Gpu.fabric_state.codes) - 1, []
    for name, kind, at in _FABRIC:
        told = (c_ubyte * sizeof(kind)).from_buffer(kind())
        calls.append(call(library, name, told, at=at, high=high))
    return Probe(*calls)
