"""A key that tests sign with."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Sealed:
    """Signs as a collector does; the same seed is the same key."""

    def __init__(self, seed: int = 1) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)

    @property
    def public(self) -> bytes:
        """The public key."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature."""
        return self._key.sign(message)
