"""Files that are on the disk before anyone names them."""

import os
from pathlib import Path


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
