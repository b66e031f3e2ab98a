"""Memory of a GPU or of an instance: total, used, and what the driver keeps for itself."""

from ctypes import byref
from dataclasses import dataclass
from typing import Final

import pynvml

from agent.gpu.library import REFUSALS, REFUSED_SECONDS, Handle, Library, fine, within


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes; None where the driver does not say."""

    total: int | None = None
    used: int | None = None
    reserved: int | None = None


NONE: Final = Memory()


class MemoryOf:
    """The memory of one handle, by the second version of the call where there is one.

    The first version, of drivers before 510, does not tell the driver's reserve apart.
    """

    def __init__(self, library: Library, handle: Handle) -> None:
        self._new = library.function("nvmlDeviceGetMemoryInfo_v2")
        self._old = library.function("nvmlDeviceGetMemoryInfo")
        self._handle = handle
        self._told = pynvml.c_nvmlMemory_v2_t(version=pynvml.nvmlMemory_v2)
        self._before = pynvml.c_nvmlMemory_t()
        self._into, self._into_old = byref(self._told), byref(self._before)
        self._refused_at: int | None = None

    def read(self, now: int) -> Memory:
        """What the driver says; raises as `fine`."""
        if self._new is not None and not within(now, self._refused_at, REFUSED_SECONDS):
            code = self._new(self._handle, self._into)
            if fine(code):
                told = self._told
                return Memory(told.total, told.used, told.reserved) if told.total else NONE
            self._refused_at = now if code in REFUSALS else None
        if self._old is not None and fine(self._old(self._handle, self._into_old)):
            told = self._before
            return Memory(told.total, told.used) if told.total else NONE
        return NONE
