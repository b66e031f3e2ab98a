"""XID errors: each is an event once, and a count by code; never a gauge that keeps the last one.

The driver hands events out to who waits for them, so a thread waits.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from ctypes import byref
from dataclasses import dataclass
from typing import Final

import pynvml

from agent.gpu.library import OVER, SUCCESS, TIMEOUT, Handle, Library, address, fine
from vigie.catalogue import GPU_XID, GPU_XID_HARDWARE
from vigie.frame import Happening
from vigie.shape import Event

WAIT_MILLISECONDS: Final = 200
"""How long one wait is, and so how long ending takes."""
END_SECONDS: Final = 1.0
APPLICATION: Final[Mapping[int, str]] = {
    8: "GPU stopped processing",
    11: "invalid or corrupted push buffer",
    13: "graphics engine exception",
    31: "GPU memory page fault",
    43: "GPU stopped processing",
    45: "preemptive cleanup, due to previous errors",
    68: "video processor exception",
    109: "context switch timeout",
}
"""Codes that a program causes: those that NVIDIA's device plugin for Kubernetes ignores
(internal/rm/health.go), and those that its XID catalogue answers with "restart the program"
(docs.nvidia.com/deploy/xid-errors). Every other code is taken as the hardware's."""
HARDWARE: Final[Mapping[int, str]] = {
    48: "double bit ECC error",
    62: "internal micro-controller halt",
    63: "row remapping recorded",
    64: "row remapping failed",
    74: "NVLink error",
    79: "GPU has fallen off the bus",
    92: "high rate of single bit ECC errors",
    94: "contained ECC error",
    95: "uncontained ECC error",
    119: "GSP firmware does not answer",
    120: "GSP firmware error",
    140: "ECC error not recovered",
    154: "recovery action changed",
}
"""Names of those that matter most, from the same catalogue."""


@dataclass(frozen=True, slots=True)
class Xid:
    """One error as the driver told it: UUID of the board, code, wall clock in µs."""

    uuid: str
    code: int
    time: int


class Watch:
    """Waits for XID errors of some GPUs, until it is stopped."""

    def __init__(self, library: Library, boards: Iterable[tuple[str, Handle]]) -> None:
        """Begin; a GPU or driver that has no such events is left out of `watched`."""
        self._library = library
        self._wait = library.function("nvmlEventSetWait_v2") or library.function("nvmlEventSetWait")
        self._set = pynvml.c_nvmlEventSet_t()
        self._told: list[Xid] = []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None
        self._uuids: dict[int | None, str] = {}
        if self._wait is None or not fine(library.call("nvmlEventSetCreate", byref(self._set))):
            self.watched: frozenset[str] = frozenset()
            return
        kind = pynvml.c_ulonglong(pynvml.nvmlEventTypeXidCriticalError)
        for uuid, handle in boards:
            code = library.call("nvmlDeviceRegisterEvents", handle, kind, self._set)
            if code == SUCCESS:  # whatever else is that board's own, lost or too old
                self._uuids[address(handle)] = uuid
        self.watched = frozenset(self._uuids.values())
        if self.watched:
            self._thread = threading.Thread(target=self._serve, name="gpu-xid", daemon=True)
            self._thread.start()

    def take(self) -> list[Xid]:
        """What was told since the last time."""
        with self._lock:
            told, self._told = self._told, []
        return told

    def end(self) -> None:
        """End the thread, unless it hangs in the driver, and free the set."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)
            if self._thread.is_alive():
                return
            self._thread = None
        if self._set:
            self._library.call("nvmlEventSetFree", self._set)
            self._set = pynvml.c_nvmlEventSet_t()

    def _serve(self) -> None:
        data, wait = pynvml.c_nvmlEventData_t(), pynvml.c_uint(WAIT_MILLISECONDS)
        into = byref(data)
        while self._wait is not None and not self._stop.is_set():
            code = self._wait(self._set, into, wait)
            uuid = self._uuids.get(address(data.device)) if code == SUCCESS else None
            if uuid is not None:
                with self._lock:
                    self._told.append(Xid(uuid, int(data.eventData), time.time_ns() // 1000))
            elif code in OVER:
                return
            elif code not in {SUCCESS, TIMEOUT}:
                self._stop.wait(END_SECONDS)  # a lost GPU answers at once, each time


class Tally:
    """Errors by board and code since the agent started."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()

    def add(self, told: Iterable[Xid]) -> list[Happening]:
        """Count, and tell each code of each board once a turn, with how often it was."""
        first: dict[tuple[str, int], Xid] = {}
        times: Counter[tuple[str, int]] = Counter()
        for one in told:
            first.setdefault((one.uuid, one.code), one)
            times[one.uuid, one.code] += 1
        self.counts.update(times)
        return [_happening(one, times[which]) for which, one in first.items()]

    def totals(self) -> Counter[str]:
        """All codes together, by board."""
        totals: Counter[str] = Counter()
        for (uuid, _), count in self.counts.items():
            totals[uuid] += count
        return totals


def event(code: int) -> Event:
    """The event that a code is."""
    return GPU_XID if code in APPLICATION else GPU_XID_HARDWARE


def _happening(one: Xid, times: int) -> Happening:
    name = APPLICATION.get(one.code) or HARDWARE.get(one.code) or "see NVIDIA's XID catalogue"
    detail = f"XID {one.code}: {name}" + (f", {times} times" if times > 1 else "")
    keys = {"gpu": one.uuid, "xid": str(one.code)}
    return Happening(event(one.code).code, one.time, keys, detail)
