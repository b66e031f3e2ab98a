"""Memory of a GPU or of an instance: total, used, and what the driver keeps for itself."""

from ctypes import c_ulonglong
from typing import Final, NamedTuple

import pynvml

from agent.gpu.library import Handle, Library
from agent.gpu.probe import Probe, Refusals, call


class Memory(NamedTuple):
    """Bytes; None where the driver does not say."""

    total: int | None = None
    used: int | None = None
    reserved: int | None = None


NONE: Final = Memory()
_HIGH: Final = 2**63 - 1


class Memories:
    """Asks for the memory of any GPU or instance.

    The first version of the call, of drivers before 510, does not tell the driver's reserve apart.
    """

    def __init__(self, library: Library) -> None:
        self._told = (c_ulonglong * 5)(pynvml.nvmlMemory_v2)  # total reserved free used
        self._before = (c_ulonglong * 3)()  # total free used
        self._new = Probe(call(library, "nvmlDeviceGetMemoryInfo_v2", self._told, at=1, high=_HIGH))
        self._old = Probe(call(library, "nvmlDeviceGetMemoryInfo", self._before, high=_HIGH))

    def read(self, handle: Handle, now: int, refusals: Refusals) -> Memory:
        """What the driver says; raises as `fine`."""
        if self._new.read(handle, now, refusals):
            _, total, reserved, _, used = self._told
            return Memory(total, used, reserved)
        if self._old.read(handle, now, refusals):
            total, _, used = self._before
            return Memory(total, used)
        return NONE
