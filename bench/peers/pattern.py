"""Frames of many containers whose time moves, made cheaply: eight containers' readings for all.

What differs from frame to frame (identity, clock, times, UUIDs) is put into bytes that are ready;
then zstd, as an agent does. Sizes on disk say little here: eighths of the site read the same.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import zstandard

from bench.peers import frames
from bench.peers.telemetry import GPUS, STEP, Telemetry, Workload
from vigie import frame
from vigie.catalogue import VERSION, Gpu

PATTERNS: Final = 8
_SEQUENCE, _TIME, _MONOTONIC = 11_111_111_111, 2_222_222_222_222_222_222, 3_333_333_333_333_333_333
"""Stand for what each frame says itself; numbers of the widths that those may have."""
_START: Final = 1_790_000_040


@dataclass(frozen=True, slots=True)
class Pattern:
    """The payload of one tick of one of eight containers, cut where times and UUIDs go."""

    before: bytes
    between: bytes
    after: bytes

    def payload(self, times: bytes, uuids: bytes) -> bytes:
        """The payload of a container at a time."""
        return b"".join((self.before, times, self.between, uuids, self.after))


class Site:
    """Makes the request bodies of a site."""

    def __init__(self, containers: int, ticks: int) -> None:
        """`ticks` are made beforehand, and come again from the first when they are through."""
        self.containers = containers
        made = Telemetry(Workload(PATTERNS, ticks, _START)).ticks()
        self._ticks = [[_cut(frames.one(t, n), n, t.time) for n in range(PATTERNS)] for t in made]
        self._heads = [self._head(n) for n in range(containers)]
        self._uuids = [_uuids(n) for n in range(containers)]
        self._zstd = zstandard.ZstdCompressor(1, write_checksum=True)

    def body(self, first: int, count: int, tick: int, time_ns: int) -> bytes:
        """One request: the frames of `count` containers from `first` on, all read at a time."""
        times = np.full(GPUS, time_ns // 1000, "<i8").tobytes()
        patterns = self._ticks[tick % len(self._ticks)]
        said = (f"{tick + 1:>11}".encode(), f"{time_ns:>19}".encode(), f"{time_ns:>19}".encode())
        parts: list[bytes] = []
        for number in range(first, min(first + count, self.containers)):
            a, b, c, d = self._heads[number]
            parts += (a, said[0], b, said[1], c, said[2], d)
            parts.append(patterns[number % PATTERNS].payload(times, self._uuids[number]))
        packed: bytes = self._zstd.compress(b"".join(parts))
        return packed

    def _head(self, number: int) -> tuple[bytes, bytes, bytes, bytes]:
        """A frame's header, cut where sequence, time and monotonic time go."""
        pattern = self._ticks[0][number % PATTERNS]
        size = len(pattern.payload(bytes(8 * GPUS), _uuids(number)))
        header = frame.Header(
            agent=f"agent-{frames.short(number)}",
            boot=frames.BOOT,
            sequence=_SEQUENCE,
            container=frames.container(number),
            time=_TIME,
            monotonic=_MONOTONIC,
            catalogue=VERSION,
            sections=(frame.Section(Gpu.name, size, GPUS),),
        )
        whole: Any = frame.pack(header, bytes(size))[:-size]
        a, whole = whole.split(str(_SEQUENCE).encode())
        b, whole = whole.split(str(_TIME).encode())
        c, d = whole.split(str(_MONOTONIC).encode())
        return a, b, c, d


@cache
def _uuids(number: int) -> bytes:
    return "".join(frames.boards(number)[1]).encode()


def _cut(made: bytes, number: int, time: int) -> Pattern:
    (whole,) = frame.unpack(made)
    payload = bytes(whole.payload)
    times = np.full(GPUS, time * 1_000_000, "<i8").tobytes()
    before, _, rest = payload.partition(times)
    between, _, after = rest.partition(_uuids(number))
    return Pattern(before, between, after)


def period_ticks(minutes: float, period: float) -> int:
    """How many ticks to make beforehand: all of a run, or an hour of ten-second ones at most."""
    return max(2, min(3600 // STEP, int(minutes * 60 / period) + 1))
