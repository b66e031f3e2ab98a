"""How the journal writes down what a record is, beside its body: one line of compact JSON."""

import json
from dataclasses import dataclass
from typing import Final

from collector.store.entry import Clock, Envelope
from vigie.errors import StoreError

FRAMES: Final = "frames"
NOTE: Final = "note"


@dataclass(frozen=True, slots=True)
class Note:
    """A record of the store's own: its body is a list of events in JSON; `received` as there."""

    received: int


def pack(envelope: Envelope | Note) -> bytes:
    """The bytes that `unpack` reads."""
    if isinstance(envelope, Note):
        return json.dumps([NOTE, envelope.received], separators=(",", ":")).encode()
    clock = envelope.clock
    return json.dumps(
        [
            FRAMES,
            envelope.principal,
            envelope.scope,
            envelope.simulated,
            envelope.received,
            envelope.compressed,
            clock and [clock.boot, clock.wall, clock.monotonic],
        ],
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def unpack(text: bytes) -> Envelope | Note:
    """What `pack` was given.

    Raises:
        StoreError: the bytes are no envelope.
    """
    try:
        kind, *fields = json.loads(text)
        if kind == NOTE:
            return Note(*fields)
        principal, scope, simulated, received, compressed, clock = fields
        clock = clock and Clock(*clock)
        envelope = Envelope(principal, scope, simulated, received, compressed, clock)
    except (ValueError, TypeError) as error:
        raise StoreError(f"envelope: {error}") from error
    if kind != FRAMES:
        raise StoreError(f"envelope: no record is a {kind!r}")
    return envelope
