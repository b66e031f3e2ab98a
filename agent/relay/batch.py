"""Which parcels leave in one request, and its body; pure.

Bodies leave as they came: zstd frames one after the other are a body. Only small ones are
compressed anew, together: that costs about what reading them apart would cost the collector, and
makes a third of the bytes (`bench relay`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from agent.relay.parcel import compressed
from agent.relay.segments import Kept
from vigie.frame import MAX_FRAMES

RAW_BYTES: Final = 4 * 2**20
"""Expanded, a request is no larger unless a parcel alone is."""
FRAMES: Final = MAX_FRAMES // 2
HEAD_BYTES: Final = 40 * 2**10
"""What the clocks and scopes of a request may take of its head."""
CLOCK_BYTES: Final = 48
SMALL_BYTES: Final = 4096
"""A smaller body is compressed anew with others."""
LEVEL: Final = 3


def enough() -> Callable[[Kept], bool]:
    """Asked of one parcel after the other: whether with this one a request is full."""
    raw = frames = 0

    def full(kept: Kept) -> bool:
        nonlocal raw, frames
        raw, frames = raw + kept.parcel.raw, frames + len(kept.parcel.frames)
        return raw >= RAW_BYTES or frames >= FRAMES

    return full


def chosen(candidates: Iterable[Kept]) -> list[Kept]:
    """Those that go first, in their order.

    A boot speaks in one request with one scope: whoever uses the boot of another waits.
    """
    taken: list[Kept] = []
    scopes: dict[str, str] = {}
    raw = frames = head = 0
    for kept in candidates:
        parcel = kept.parcel
        if any(scopes.get(boot, parcel.scope) != parcel.scope for boot in parcel.boots):
            continue
        raw, frames = raw + parcel.raw, frames + len(parcel.frames)
        if new := [boot for boot in parcel.boots if boot not in scopes]:
            head += len(parcel.scopes) + CLOCK_BYTES * len(new)
        if taken and (raw > RAW_BYTES or frames > FRAMES or head > HEAD_BYTES):
            break
        scopes.update(dict.fromkeys(new, parcel.scope))
        taken.append(kept)
    return taken


def body(some: Sequence[Kept]) -> bytes:
    """The body of a request with these, zstd."""
    if len(some) == 1:
        return some[0].parcel.body
    small = [k.parcel for k in some if len(k.parcel.body) < SMALL_BYTES]
    large = [k.parcel.body for k in some if len(k.parcel.body) >= SMALL_BYTES]
    if not small:
        return b"".join(large)
    plain = b"".join(parcel.plain() for parcel in small)
    return b"".join((compressed(plain, LEVEL), *large))


def scopes(some: Iterable[Kept]) -> str:
    """What `Vigie-Scope` is to say of these."""
    told: dict[str, None] = {}
    for kept in some:
        told.update(dict.fromkeys(kept.parcel.scopes.split(",")))
    return ",".join(told)
