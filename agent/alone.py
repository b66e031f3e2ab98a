"""One process a data directory: two would write over each other."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from vigie.errors import SettingsError


@contextlib.contextmanager
def alone(directory: Path, setting: str) -> Iterator[None]:
    """Hold the directory; `setting` is what names it.

    Raises:
        SettingsError: another process holds it.
    """
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(
                f"{setting}: another process runs with {directory}; give it its own --data"
            ) from error
        yield
    finally:
        os.close(file)
