"""How the journal writes down what a record is, beside its body: one line of compact JSON."""

import json
from dataclasses import dataclass
from typing import Any, Final

from collector.store.entry import Clock, Envelope
from vigie.errors import StoreError

FRAMES: Final = "frames"
NOTE: Final = "note"
TOLD: Final = "told"


@dataclass(frozen=True, slots=True)
class Note:
    """A record of the store's own: its body is a list of events in JSON; `received` as there."""

    received: int


@dataclass(frozen=True, slots=True)
class Told:
    """A record of rows that the collector found out by itself (`told.py`); `received` as there."""

    received: int


def pack(envelope: Envelope | Note | Told) -> bytes:
    """The bytes that `unpack` reads."""
    if isinstance(envelope, Told):
        return json.dumps([TOLD, envelope.received], separators=(",", ":")).encode()
    if isinstance(envelope, Note):
        return json.dumps([NOTE, envelope.received], separators=(",", ":")).encode()
    clocks = [[c.boot, c.wall, c.monotonic] for c in envelope.clocks.values()]
    return json.dumps(
        [
            FRAMES,
            envelope.principal,
            envelope.scope,
            envelope.simulated,
            envelope.received,
            envelope.compressed,
            clocks,
            *([envelope.scopes] if envelope.scopes else []),
        ],
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def unpack(text: bytes) -> Envelope | Note | Told:
    """What `pack` was given.

    Raises:
        StoreError: the bytes are no envelope.
    """
    try:
        kind, *fields = json.loads(text)
        if kind == NOTE:
            return Note(*fields)
        if kind == TOLD:
            return Told(*fields)
        principal, scope, simulated, received, compressed, told, *scopes = fields
        envelope = Envelope(
            principal, scope, simulated, received, compressed, _clocks(told), *scopes
        )
    except (ValueError, TypeError) as error:
        raise StoreError(f"envelope: {error}") from error
    if kind != FRAMES:
        raise StoreError(f"envelope: no record is a {kind!r}")
    return envelope


def _clocks(told: Any) -> dict[str, Clock]:
    """Clocks by boot; releases before 0.2 wrote the one that there was, or null."""
    several = [] if told is None else [told] if told and isinstance(told[0], str) else told
    return {boot: Clock(boot, wall, monotonic) for boot, wall, monotonic in several}
