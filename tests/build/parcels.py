"""Parcels as agents' requests become, for tests of the relay."""

import zstandard

from agent.relay.parcel import Clock, Parcel, accept
from agent.relay.segments import Kept
from vigie.frame import Gap, Header, Section, pack

MACHINE = "0123456789abcdef"
SECOND = 1_000_000_000


def frame(
    sequence: int, *, agent: str = "a1", boot: str = "b1", container: str = "site/c1",
    gaps: tuple[Gap, ...] = (), payload: bytes = b"xyz",
) -> bytes:  # fmt: skip
    """The bytes of a frame whose section is no Arrow at all: a relay does not look."""
    sections = (Section("host", len(payload), 1),) if payload else ()
    time = 1_790_000_000 * SECOND + sequence * SECOND
    header = Header(
        agent, boot, sequence, container, time, sequence * SECOND, 1, sections, gaps=gaps
    )
    return pack(header, payload)


def zipped(*frames: bytes) -> bytes:
    """A request body."""
    return zstandard.ZstdCompressor().compress(b"".join(frames))


def parcel(*frames: bytes, scope: str = "site", clock: Clock | None = None) -> Parcel:
    """What the relay makes of a request with these frames."""
    return accept(zipped(*frames), scope, clock, zipped=True)


def kept(number: int, one: Parcel, machine: str = MACHINE) -> Kept:
    """The same, on the shelf."""
    return Kept(number, number, machine, one)
