"""Files that are whole or not there: replaced at once, synced, or kept for people to look at."""

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)


def replace(path: Path, data: bytes) -> None:
    """Make `data` the content of the file (mode 0600), synced; a crash leaves the old or the new.

    Raises:
        OSError: the disk refuses; the old content stands.
    """
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        append(descriptor, data)
    finally:
        os.close(descriptor)
    part.replace(path)
    sync_directory(path.parent)


def append(descriptor: int, data: bytes) -> None:
    """Add `data` to an open file, synced.

    Raises:
        OSError: the disk refuses; part of the data may be there.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fdatasync(descriptor)


def keep(directory: Path, name: str, data: bytes, limit: int) -> None:
    """Write a file into a directory of at most `limit` files, the first names making room."""
    try:
        directory.mkdir(exist_ok=True)
        (directory / name).write_bytes(data)
        kept = sorted(directory.iterdir())
        for old in kept[: max(0, len(kept) - limit)]:
            old.unlink()
    except OSError as error:
        log.warning("cannot be kept", extra={"file": directory / name, "error": error})


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
