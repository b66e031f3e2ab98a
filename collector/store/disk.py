"""Files that are on the disk before anyone names them."""

import os
import zlib
from pathlib import Path

from vigie.errors import StoreError


def sync_directory(directory: Path) -> None:
    """Make the names in a directory last.

    Raises:
        OSError: the disk failed.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(directory: Path) -> None:
    """Make a directory, and those above it that lack, so that their names last.

    Raises:
        OSError: the disk is full, or failed.
    """
    if not directory.is_dir():
        make_directory(directory.parent)
        directory.mkdir(exist_ok=True)
        sync_directory(directory.parent)


def sync_file(path: Path) -> None:
    """Make the content of a file last.

    Raises:
        OSError: the disk failed.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put(path: Path, data: bytes) -> None:
    """Write a whole file so that after a crash it is there as it was or as it is now.

    Raises:
        OSError: the disk failed.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    keep(fresh, path)


def keep(fresh: Path, path: Path) -> None:
    """Give a written file its name, synced."""
    sync_file(fresh)
    fresh.rename(path)
    sync_directory(path.parent)


def summed(data: bytes) -> bytes:
    """Data with its checksum before it."""
    return zlib.crc32(data).to_bytes(4, "little") + data


def unsummed(path: Path) -> bytes:
    """The data of a file that `summed` made.

    Raises:
        StoreError: it is not what was written.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    data = content[4:]
    if len(content) < 4 or summed(data)[:4] != content[:4]:
        raise StoreError(f"{path}: the content is not what was written")
    return data
