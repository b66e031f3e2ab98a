"""The key with which a collector signs what it hands out: made once, and never shown."""

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vigie.errors import VigieError

NAME: Final = "signing.key"
SECRET_BYTES: Final = 32


class Signer:
    """Signs with the key in a file, which is made at the first need; Ed25519 (RFC 8032)."""

    def __init__(self, directory: Path) -> None:
        """`directory` is the collector's own; nothing is read or written yet."""
        self._path = directory / NAME

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes.

        Raises:
            VigieError: the key cannot be read, or is none.
            OSError: it cannot be written.
        """
        return bytes(self._key().sign(message))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes. Raises as `sign`."""
        return bytes(self._key().public_key().public_bytes_raw())

    def _key(self) -> Ed25519PrivateKey:
        if not self._path.exists():
            _write(self._path, os.urandom(SECRET_BYTES))
        secret = self._path.read_bytes()
        if len(secret) != SECRET_BYTES:
            raise VigieError(
                f"{self._path}: {len(secret)} bytes are no key; put back the file, or move it away "
                "and what is signed from then on has another key"
            )
        return Ed25519PrivateKey.from_private_bytes(secret)


def _write(path: Path, secret: bytes) -> None:
    """Make the file whole or not at all; whoever comes first is right."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(new)
    except FileExistsError:
        pass
    finally:
        new.unlink()
