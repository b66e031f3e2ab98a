"""MIG: the instances that a GPU is cut into.

Memory, processes and activity exist for an instance; power, clocks and temperatures only for the
board, and are never repeated on instances.
"""

from collections import Counter
from ctypes import byref
from dataclasses import dataclass, field

import pynvml

from agent.gpu.gpm import Activity
from agent.gpu.instruments import Instruments
from agent.gpu.library import Handle, Library, address, fine
from agent.gpu.memory import Memory
from agent.gpu.probe import Refusals
from agent.gpu.processes import Process
from vigie.shape import Field, Value

MOST: int = 7
"""Instances that a GPU can be cut into, where the driver does not say."""


@dataclass(frozen=True, slots=True)
class Part:
    """One instance as it is now."""

    uuid: str
    memory: Memory
    processes: list[Process] | None
    activity: dict[Field, Value] = field(default_factory=dict)


class _Instance:
    """One instance, and what its driver refuses."""

    def __init__(self, library: Library, handle: Handle) -> None:
        self.handle = handle
        self.number = library.number("nvmlDeviceGetGpuInstanceId", handle)
        self.model = library.text("nvmlDeviceGetName", handle)
        self.refusals: Refusals = {}


class Instances:
    """All instances of one board."""

    def __init__(self, instruments: Instruments, board: Handle) -> None:
        self._instruments, self._board = instruments, board
        self._library = instruments.library
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
        memories, running = self._instruments.memories, self._instruments.running
        return [
            Part(
                uuid,
                memories.read(one.handle, now, one.refusals),
                running.read(one.handle, now, one.refusals),
                shares.get(one.number, {}) if one.number is not None else {},
            )
            for uuid, one in self._known.items()
        ]

    def models(self) -> dict[str, tuple[str | None, Handle]]:
        """Name and handle of each instance, by UUID."""
        return {uuid: (one.model, one.handle) for uuid, one in self._known.items()}

    def drop(self) -> None:
        """Forget them, and give their samples back."""
        if not self._known:
            return
        for activity in self._activities.values():
            activity.drop()
        self._activities, self._known = {}, {}

    def _activity(self, number: int) -> Activity:
        """Of a GPU instance; compute instances that share one are not told apart by it."""
        if number not in self._activities:
            self._activities[number] = Activity(self._instruments.meter, self._board, number)
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
