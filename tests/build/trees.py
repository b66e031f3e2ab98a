"""Trees of fragments, whole and harmed, as stores leave them on disks."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

OLD = 1_600_000_000.0
"""When fragments were last changed, unless a test says otherwise."""
NOBODY = 65_534
PATTERN = r"(?:[^/]+/)*(?P<object>[^/]+)\.(?P<index>\d+)"
"""How fragments are named here, in whatever directories."""


def content(name: str, index: int, size: int = 64) -> bytes:
    """What a fragment holds."""
    return hashlib.shake_128(f"{name}.{index}".encode()).digest(size)


def put(root: Path, path: str, data: bytes = b"fragment", *, changed: float = OLD) -> Path:
    """A file below a root, with the directories above it."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    os.utime(file, (changed, changed))
    return file


def objects(
    root: Path, count: int, *, first: int = 0, n: int = 3, sums: bool = False
) -> list[Path]:
    """All `n` fragments of some objects, in directories by the first letters of their names."""
    made = []
    for number in range(first, first + count):
        name = hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()
        for index in range(n):
            data = content(name, index)
            made.append(put(root, f"{name[:2]}/{name}.{index}", data))
            if sums:
                put(root, f"{name[:2]}/{name}.{index}.sum", sha256(data))
    return made


def sha256(data: bytes) -> bytes:
    """A checksum as sha256sum writes it."""
    return hashlib.sha256(data).hexdigest().encode() + b"  -\n"


def many(root: Path, count: int, fan: int = 256) -> None:
    """So many empty files, in `fan` directories, for measurements."""
    for number in range(fan):
        (root / f"{number:04x}").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        name = hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()
        file = os.open(root / f"{number % fan:04x}" / f"{name}.{number % 14}", os.O_CREAT, 0o600)
        os.close(file)


@contextlib.contextmanager
def forbidden(path: Path) -> Iterator[None]:
    """A file or directory that may not be read meanwhile, whoever runs the tests.

    Root may read everything: it becomes somebody else for that long, whom the rest is open to.
    """
    mode, user = path.stat().st_mode, os.geteuid()
    path.chmod(0)
    if not user:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if not user:
            os.seteuid(user)
        path.chmod(mode)


class Broken:
    """A directory listing that fails as a broken disk does, after so many entries."""

    def __init__(self, entries: "os._ScandirIterator[str]", after: int, error: int) -> None:
        self._entries, self._left, self._error = entries, after, error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._entries.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> "os.DirEntry[str]":
        if not self._left:
            raise OSError(self._error, os.strerror(self._error))
        self._left -= 1
        return next(self._entries)
