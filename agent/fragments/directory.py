"""Fragments that are files named by a pattern, with their checksums beside or upon them."""

import errno
import hashlib
import os
import re
from pathlib import Path
from typing import Final

from agent.fragments.reader import Check, Pace, Piece, unreadable
from agent.fragments.stride import Strides
from vigie.fragments import Scheme, Status
from vigie.settings import FragmentStore

ATTRIBUTE: Final = "user.sum"
SIDECAR: Final = ".sum"
_SIDECAR_BYTES: Final = 4096
_NO_ATTRIBUTE: Final = frozenset({errno.ENODATA, errno.ENOTSUP})


class DirectoryReader:
    """A `Reader` of such files, as the settings of their store describe them."""

    def __init__(self, store: FragmentStore) -> None:
        self._pattern = re.compile(store.pattern)
        self._scheme = Scheme(store.k, store.n)
        self._sums, self._algorithm = store.sums, store.algorithm
        self._bytes = hashlib.new(store.algorithm, usedforsecurity=False).digest_size

    def piece(self, path: str) -> Piece | None:
        """See `Reader`; an index beyond the scheme is no fragment's."""
        found = self._pattern.fullmatch(path)
        if found is None or (self._sums == "sidecar" and path.endswith(SIDECAR)):
            return None
        name, index = found["object"], found["index"]
        if not name or not (index.isascii() and index.isdigit()):
            return None
        return Piece(name, int(index)) if len(index) < 8 and int(index) < self._scheme.n else None

    def scheme(self, path: str) -> Scheme:
        """See `Reader`; the settings know it."""
        return self._scheme

    def check(self, path: str, pace: Pace) -> Check:
        """See `Reader`; a fragment without a sum is read all the same: its disk may refuse it."""
        hasher = hashlib.new(self._algorithm, usedforsecurity=False)
        try:
            with Strides(path, pace) as file:
                for view in file.strides():
                    hasher.update(view)
                wanted, lack = self._sum(path, file.descriptor)
        except OSError as error:
            return unreadable(error)
        if wanted is None:
            return Check(Status.UNVERIFIED, file.read, lack)
        if hasher.digest() == wanted:
            return Check(Status.OK, file.read)
        return Check(Status.CORRUPT, file.read, f"{self._algorithm} is {hasher.hexdigest()}")

    def _sum(self, path: str, descriptor: int) -> tuple[bytes | None, str]:
        """What the digest should be; None, and why that is not known."""
        if self._sums == "none":
            return None, "this store keeps no sums"
        try:
            if self._sums == "xattr":
                text = os.getxattr(descriptor, ATTRIBUTE)
            else:
                with Path(path + SIDECAR).open("rb") as file:
                    text = file.read(_SIDECAR_BYTES)
        except OSError as error:
            if isinstance(error, FileNotFoundError) or error.errno in _NO_ATTRIBUTE:
                return None, "it has no sum"
            return None, f"its sum cannot be read: {error.strerror}"
        found = digest(text, self._bytes)
        return found, "" if found else f"its sum is no {self._algorithm}"


def digest(text: bytes, size: int) -> bytes | None:
    """A digest of `size` bytes, written as such, or in hex as sha256sum does; None: neither."""
    if len(text) == size:
        return text
    word = text.split(maxsplit=1)[0].removeprefix(b"\\") if text.split() else b""
    try:
        found = bytes.fromhex(word.decode("ascii"))
    except ValueError:
        return None
    return found if len(found) == size else None
