"""The driver's library, libnvidia-ml.so.1: loading it, beginning, ending, and its return codes.

Calls on the hot path go to the functions of the library themselves, with buffers made once: the
wrappers of `pynvml` make new ones and raise an exception for every refusal.
"""

import contextlib
import logging
from collections.abc import Callable
from ctypes import CDLL, byref, c_uint, c_void_p, cast, create_string_buffer
from typing import Any, Final

import pynvml

from vigie.errors import Absent, SourceFailed
from vigie.units import NANOSECONDS_PER_SECOND

Function = Callable[..., int]
"""A function of the library: it gives a return code and writes into what it was handed."""
Handle = Any
"""An opaque pointer to a GPU, good until the library is ended."""

SUCCESS: Final = pynvml.NVML_SUCCESS
TIMEOUT: Final = pynvml.NVML_ERROR_TIMEOUT
REFUSALS: Final = frozenset({
    pynvml.NVML_ERROR_INVALID_ARGUMENT,
    pynvml.NVML_ERROR_NOT_SUPPORTED,
    pynvml.NVML_ERROR_NO_PERMISSION,
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
    pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
    pynvml.NVML_ERROR_DEPRECATED,
})  # fmt: skip
"""Codes that stay as they are under one driver: asking again at the next turn is useless."""
LOST: Final = frozenset({pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_GPU_NOT_FOUND})
"""Codes of a GPU that does not answer any more; one that needs a reset may still answer a lot."""
OVER: Final = frozenset({
    pynvml.NVML_ERROR_UNINITIALIZED,
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
})  # fmt: skip
"""Codes after which no call works before a new beginning."""
REFUSED_SECONDS: Final = 86_400.0
"""How long a refusal is believed."""
_NOBODY: Final = frozenset({
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND,
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
    pynvml.NVML_ERROR_NOT_FOUND,
})  # fmt: skip
_TEXT: Final = 96

log = logging.getLogger(__name__)


class Lost(Exception):
    """A GPU does not answer any more."""


class Over(Exception):
    """The library must begin again."""


def fine(code: int) -> bool:
    """Whether a call succeeded; what is neither success nor the end of something is not.

    Raises:
        Lost: the GPU is gone.
        Over: the library is.
    """
    if code == SUCCESS:
        return True
    if code in LOST:
        raise Lost(words(code))
    if code in OVER:
        raise Over(words(code))
    return False


def within(now: int, since: int | None, seconds: float) -> bool:
    """Whether less than that has passed (ns); a clock that was set back ends every wait."""
    return since is not None and 0 <= now - since < seconds * NANOSECONDS_PER_SECOND


def words(code: int) -> str:
    """What a return code is called."""
    return str(pynvml.NVMLError(code))


def address(handle: Handle) -> int | None:
    """Where a handle points to: two handles of one device point to the same."""
    return cast(handle, c_void_p).value


class Library:
    """NVML, once begun."""

    def __init__(self, *, gpus_seen: bool, grant: str) -> None:
        """`gpus_seen` is whether the machine has a GPU of NVIDIA, whatever its driver says.

        `grant` is the command that lets us use the devices.
        """
        self._seen, self._grant = gpus_seen, grant
        self._lib: CDLL | None = None
        self._once = False

    def begin(self) -> None:
        """Load the library and begin.

        Raises:
            Absent: there is no library, or no GPU for it.
            SourceFailed: `driver` the driver does not work, `denied` it does not let us.
            SystemExit: the driver is another than the one whose library this process has loaded,
                and cannot unload: only a new process gets the new one.
        """
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            if self._once and error.value == pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
                log.warning("gpu driver was replaced: its library is loaded by a new process")
                raise SystemExit(1) from error
            raise self._refused(error.value) from error
        self._lib, self._once = pynvml.nvmlLib, True

    def end(self) -> None:
        """Give everything back; harmless when it has not begun."""
        if self._lib is not None:
            self._lib = None
            with contextlib.suppress(pynvml.NVMLError):
                pynvml.nvmlShutdown()

    def function(self, name: str) -> Function | None:
        """A function by its name; None where this driver is too old to have it."""
        found: Function | None = getattr(self._lib, name, None)
        return found

    def call(self, name: str, *arguments: Any) -> int:
        """The return code of one call, off the hot path."""
        function = self.function(name)
        return pynvml.NVML_ERROR_FUNCTION_NOT_FOUND if function is None else function(*arguments)

    def ask(self, name: str, handle: Handle, *cells: Any) -> bool:
        """Whether a function wrote into all those cells; raises as `fine`."""
        return fine(self.call(name, handle, *(byref(cell) for cell in cells)))

    def number(self, name: str, *arguments: Any) -> int | None:
        """What a function writes into its last argument, an unsigned int; raises as `fine`."""
        cell = c_uint()
        return cell.value if fine(self.call(name, *arguments, byref(cell))) else None

    def text(self, name: str, *arguments: Any) -> str | None:
        """What a function writes into its last two, buffer and size; raises as `fine`."""
        buffer = create_string_buffer(_TEXT)
        if not fine(self.call(name, *arguments, buffer, c_uint(_TEXT))):
            return None
        return buffer.value.decode(errors="replace").strip() or None

    def driver(self) -> str | None:
        """The version of the driver."""
        return self.text("nvmlSystemGetDriverVersion")

    def handles(self) -> tuple[list[tuple[str, Handle]], list[int]]:
        """UUID and handle of every GPU that answers, and the indexes of those that are lost."""
        found, lost = [], []
        for index in range(self.number("nvmlDeviceGetCount_v2") or 0):
            handle = pynvml.c_nvmlDevice_t()
            try:
                if not fine(self.call("nvmlDeviceGetHandleByIndex_v2", index, byref(handle))):
                    continue
                uuid = self.text("nvmlDeviceGetUUID", handle)
            except Lost:
                lost.append(index)  # its UUID cannot be asked
                continue
            if uuid:
                found.append((uuid, handle))
        return found, lost

    def _refused(self, code: int) -> Exception:
        said = f"libnvidia-ml.so.1: {words(code)}"
        if code in _NOBODY and not self._seen:
            return Absent(said)
        if code == pynvml.NVML_ERROR_NO_PERMISSION:
            return SourceFailed("denied", f"{said}: {self._grant}")
        if code == pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
            return SourceFailed(
                "driver", f"{said}: the driver was replaced under its kernel module; "
                "restart the host, or unload and load the nvidia modules",
            )  # fmt: skip
        if code == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
            return SourceFailed(
                "driver", f"{said}: there is an NVIDIA GPU and no driver for it: sudo apt install "
                "nvidia-driver (in a container: NVIDIA_DRIVER_CAPABILITIES=utility)",
            )  # fmt: skip
        return SourceFailed("driver", f"{said}: look at dmesg and at nvidia-smi")
