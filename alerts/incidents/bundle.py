"""The archive that an incident leaves the house in: files, their sums, and a signature.

A gzipped tar of one folder. `SHA256SUMS` names every other file as `sha256sum` does,
`SHA256SUMS.sig` is its Ed25519 signature, `key.pem` the public key. `vigie.bundle` verifies it.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

from vigie.bundle import KEY, PIECE, SIGNATURE, SUMS
from vigie.ed25519 import pem

LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a bundle: its path in the folder, and its content, or where that lies."""

    name: str
    content: bytes | Path


class Sealer(Protocol):
    """Who signs."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""


def write(file: IO[bytes], folder: str, parts: Iterable[Part], sealer: Sealer, now: float) -> None:
    """Write a bundle; the parts are taken one by one, so that each may be made when it is wanted.

    Raises:
        OSError: the disk is full, or a part cannot be read.
    """
    with (
        gzip.GzipFile("", "wb", LEVEL, file, mtime=now) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):

        def put(name: str, content: bytes | Path) -> str:
            """Add a file; the SHA-256 of what was added."""
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.mtime, entry.mode = int(now), 0o644
            entry.size = len(content) if isinstance(content, bytes) else content.stat().st_size
            opened = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
            with opened as source:
                counted = _Summed(source)
                archive.addfile(entry, counted)
            return counted.digest.hexdigest()

        sums = [f"{put(part.name, part.content)}  {part.name}\n" for part in parts]
        text = "".join(sums).encode()
        put(SUMS, text)
        put(SIGNATURE, sealer.sign(text))
        put(KEY, pem(sealer.public).encode())


class _Summed:
    """Reads, and sums up what was read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int = PIECE) -> bytes:
        piece = self._source.read(size)
        self.digest.update(piece)
        return piece
