"""MIG: the instances that a GPU is cut into.

Memory, processes and activity exist for an instance; power, clocks and temperatures only for the
board, and are never repeated on instances.
"""

from collections import Counter
from ctypes import byref
from dataclasses import dataclass, field

import pynvml

from agent.gpu.gpm import Activity, Meter
from agent.gpu.library import Handle, Library, fine
from agent.gpu.memory import Memory, MemoryOf
from agent.gpu.processes import Process, Running

MOST: int = 7
"""Instances that a GPU can be cut into, where the driver does not say."""


@dataclass(frozen=True, slots=True)
class Part:
    """One instance as it is now."""

    uuid: str
    memory: Memory
    processes: list[Process] | None
    activity: dict[str, float | None] = field(default_factory=dict)


class _Instance:
    """One instance and the buffers to read it."""

    def __init__(self, library: Library, handle: Handle) -> None:
        self.handle = handle
        self.number = library.number("nvmlDeviceGetGpuInstanceId", handle)
        self.model = library.text("nvmlDeviceGetName", handle)
        self.memory = MemoryOf(library, handle)
        self.running = Running(library, handle)


class Instances:
    """All instances of one board."""

    def __init__(self, library: Library, board: Handle, meter: Meter) -> None:
        self._library, self._board, self._meter = library, board, meter
        self._known: dict[str, _Instance] = {}
        self._activities: dict[int, Activity] = {}

    def read(self, now: int, *, active: bool) -> list[Part]:
        """The instances that there are; raises as `fine`. `active` is whether GPM may be read."""
        self._find()
        owners = Counter(one.number for one in self._known.values())
        alone = {n for n, count in owners.items() if n is not None and count == 1}
        shares = {n: self._activity(n).read(now) for n in alone} if active else {}
        for number in self._activities.keys() - shares.keys():
            self._activities.pop(number).drop()
        return [
            Part(uuid, one.memory.read(now), one.running.read(now),
                 shares.get(one.number, {}) if one.number is not None else {})
            for uuid, one in self._known.items()
        ]  # fmt: skip

    def models(self) -> dict[str, tuple[str | None, Handle]]:
        """Name and handle of each instance, by UUID."""
        return {uuid: (one.model, one.handle) for uuid, one in self._known.items()}

    def drop(self) -> None:
        """Forget them, and give their samples back."""
        for activity in self._activities.values():
            activity.drop()
        self._activities, self._known = {}, {}

    def _activity(self, number: int) -> Activity:
        """Of a GPU instance; compute instances that share one are not told apart by it."""
        if number not in self._activities:
            self._activities[number] = Activity(self._meter, self._board, number)
        return self._activities[number]

    def _find(self) -> None:
        """Instances come and go while the GPU is used: look at every turn."""
        library, found = self._library, {}
        most = library.number("nvmlDeviceGetMaxMigDeviceCount", self._board)
        for index in range(MOST if most is None else most):
            handle = pynvml.c_nvmlDevice_t()
            code = library.call(
                "nvmlDeviceGetMigDeviceHandleByIndex", self._board, index, byref(handle)
            )
            uuid = library.text("nvmlDeviceGetUUID", handle) if fine(code) else None
            if uuid:
                known = self._known.get(uuid)
                same = known is not None and address(known.handle) == address(handle)
                found[uuid] = known if known and same else _Instance(library, handle)
        self._known = found


def address(handle: Handle) -> int | None:
    """Where a handle points to: two handles of one device point to the same."""
    value: int | None = pynvml.cast(handle, pynvml.c_void_p).value
    return value
