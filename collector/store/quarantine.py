"""Where what is damaged goes: kept for people to look at, out of the way of the store."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.store.disk import make_directory, put, sync_directory

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """One damage: which file, and what is lost or was done about it."""

    path: Path
    detail: str


class Quarantine:
    """One directory, and what was put there since the start."""

    def __init__(self, directory: Path, tell: Callable[[Found], None]) -> None:
        """`tell` is called with each damage, once it is safe."""
        self._directory = directory
        self._tell = tell

    def bytes(self, path: Path, offset: int, data: bytes, detail: str) -> None:
        """Copy damaged bytes of a file."""
        make_directory(self._directory)
        copy = self._directory / f"{path.name}.{offset}"
        put(copy, data)
        self._found(path, f"{detail}; bytes {offset} to {offset + len(data)} are in {copy.name}")

    def file(self, path: Path, detail: str) -> None:
        """Move a damaged file or folder."""
        make_directory(self._directory)
        place = self._directory / path.name
        number = 0
        while place.exists():
            number += 1
            place = self._directory / f"{path.name}.{number}"
        os.rename(path, place)  # noqa: PTH104
        sync_directory(self._directory)
        sync_directory(path.parent)
        self._found(path, f"{detail}; it is in {place.name}")

    def missing(self, path: Path, detail: str) -> None:
        """Name a file that should be there and is not."""
        self._found(path, detail)

    def _found(self, path: Path, detail: str) -> None:
        log.error("damaged data", extra={"file": str(path), "detail": detail})
        self._tell(Found(path, detail))
