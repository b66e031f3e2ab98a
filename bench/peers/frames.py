"""Vigie's own format: one Arrow frame a container, zstd over the request, as its agents send."""

import hashlib
from collections.abc import Iterator
from functools import cache

from bench.peers.telemetry import FIELDS, GPUS, STEP, Tick
from tests.build.world import compressed, stream
from vigie import frame
from vigie.catalogue import VERSION, Gpu
from vigie.units import NANOSECONDS_PER_SECOND

ROOT = "load"
"""The path above all containers."""
BOOT = "boot-1"


def container(number: int) -> str:
    """The path of a container."""
    return f"{ROOT}/{short(number)}"


def short(number: int) -> str:
    """A container's name where there is no path: of one length, as peers' labels are."""
    return f"c{number:05d}"


@cache
def boards(number: int) -> tuple[list[str], list[str]]:
    """Host and UUID of each GPU of a container; UUIDs as long and as random as real ones."""
    digests = [hashlib.md5(f"{number} {n}".encode(), usedforsecurity=False) for n in range(GPUS)]
    texts = [digest.hexdigest() for digest in digests]
    uuids = [f"GPU-{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in texts]
    return [f"node-{n // 8:02d}" for n in range(GPUS)], uuids


def bodies(tick: Tick, each: int) -> Iterator[bytes]:
    """The request bodies of a tick, `each` containers in one."""
    containers = len(tick.values[FIELDS[0]])
    for first in range(0, containers, each):
        made = (one(tick, n) for n in range(first, min(first + each, containers)))
        yield compressed(*made)


def one(tick: Tick, number: int) -> bytes:
    """The frame of one container."""
    hosts, uuids = boards(number)
    columns = {Gpu.host: hosts, Gpu.gpu: uuids, **{f: tick.values[f][number] for f in FIELDS}}
    data = stream(Gpu, tick.time * 1_000_000, columns)
    header = frame.Header(
        agent=f"agent-{short(number)}",
        boot=BOOT,
        sequence=tick.number,
        container=container(number),
        time=tick.time * NANOSECONDS_PER_SECOND,
        monotonic=(tick.number * STEP + STEP) * NANOSECONDS_PER_SECOND,
        catalogue=VERSION,
        sections=(frame.Section(Gpu.name, len(data), GPUS),),
    )
    return frame.pack(header, data)
