"""Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alerts.delivery.private import lines
from vigie.errors import SettingsError

PREFIX: Final = "whsec_"
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64
MOST_SECRETS: Final = 2
"""The new one and the old one, during a rotation."""
TOLERANCE: Final = 300.0
"""How far the clock of who signed may be from ours, in seconds."""
MOST_SIGNATURES: Final = 8


def secret(text: str) -> bytes:
    """The bytes of a secret `whsec_<base64>`.

    Raises:
        ValueError: it is none, or too short or long.
    """
    if not text.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    try:
        found = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"what follows {PREFIX} is no base64") from None
    if not LEAST_BYTES <= len(found) <= MOST_BYTES:
        raise ValueError(f"{LEAST_BYTES} to {MOST_BYTES} bytes are wanted, got {len(found)}")
    return found


def secrets(path: Path) -> tuple[bytes, ...]:
    """The secrets of a file, one a line, the newest first.

    Raises:
        SettingsError: it cannot be read, others may read it, or a line is no secret.
    """
    written = [word for line in lines(path) for word in line.split()]
    if not 1 <= len(written) <= MOST_SECRETS:
        raise SettingsError(f"{path}: one secret is wanted, or two during a rotation")
    found = []
    for number, line in enumerate(written, 1):
        try:
            found.append(secret(line))
        except ValueError as error:
            raise SettingsError(f"{path}:{number}: {error}") from None
    return tuple(found)


def sign(keys: Sequence[bytes], identity: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one `v1,` signature a key, the newest first."""
    signed = f"{identity}.{timestamp}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


@dataclass(frozen=True, slots=True)
class Signed:
    """What proves who sent a message: its headers, as they came."""

    identity: str
    timestamp: str
    signature: str


def verify(keys: Sequence[bytes], signed: Signed, body: bytes, now: float) -> None:
    """Check that one of these keys signed a message, and that of late.

    Raises:
        ValueError: none did, or it is too old or from the future.
    """
    stamp = signed.timestamp
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise ValueError("webhook-timestamp is no Unix time")
    if not signed.identity or not signed.identity.isprintable():
        raise ValueError("webhook-id is missing")
    if abs(now - int(stamp)) > TOLERANCE:
        raise ValueError(f"webhook-timestamp is more than {TOLERANCE:g} s from our clock")
    wanted = [sign([key], signed.identity, int(stamp), body) for key in keys]
    given = [s for s in signed.signature.split()[:MOST_SIGNATURES] if s.isascii()]
    # All are compared, so that none takes longer than another.
    if not any([hmac.compare_digest(w, g) for w in wanted for g in given]):  # noqa: C419
        raise ValueError("not signed with this receiver's secret")
