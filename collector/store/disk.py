"""Files that are on the disk before anyone names them."""

import os
import zlib
from pathlib import Path
from typing import Final

from vigie.errors import StoreError

_SUM_BYTES: Final = 4


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


def put(path: Path, *data: bytes | memoryview) -> None:
    """Write a whole file so that after a crash it is there as it was or as it is now.

    Raises:
        OSError: the disk failed.
    """
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        for piece in data:
            file.write(piece)
    keep(fresh, path)


def keep(fresh: Path, path: Path) -> None:
    """Give a written file its name, synced."""
    sync_file(fresh)
    fresh.rename(path)
    sync_directory(path.parent)


def put_summed(path: Path, data: bytes | memoryview) -> None:
    """The same with a checksum before the data, for `unsummed`; they are not copied.

    Raises:
        OSError: the disk failed.
    """
    put(path, zlib.crc32(data).to_bytes(_SUM_BYTES, "little"), data)


def unsummed(path: Path) -> memoryview:
    """The data of a file that `put_summed` wrote.

    Raises:
        StoreError: it is not what was written.
        OSError: it cannot be read.
    """
    content = memoryview(path.read_bytes())
    data = content[_SUM_BYTES:]
    if zlib.crc32(data) != int.from_bytes(content[:_SUM_BYTES], "little") or not data:
        raise StoreError(f"{path}: the content is not what was written")
    return data
