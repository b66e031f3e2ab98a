"""The disk space that is kept free, so that a flush and a merge can always be finished."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

CHECK_SECONDS: Final = 0.5
SMALL_DISK_SHARE: Final = 10
"""A small disk keeps one part in so many, when that is less than the setting says."""


def needed(total: int, setting: int, unflushed: int) -> int:
    """Bytes that must stay free on a disk of `total` bytes.

    The setting, or its share of a small disk; and room for the tail as table files and for a merge
    of as much again.
    """
    return min(setting, total // SMALL_DISK_SHARE) + min(2 * unflushed, total // 4)


class Reserve:
    """Whether the disk of a directory is too full to take more; looked at twice a second."""

    def __init__(
        self, directory: Path, setting: int, unflushed: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._directory = directory
        self._setting = setting
        self._unflushed = unflushed
        self._monotonic = monotonic
        self._checked = float("-inf")
        self._full = False

    @property
    def full(self) -> bool:
        """Below the reserve."""
        now = self._monotonic()
        if now - self._checked >= CHECK_SECONDS:
            self._checked = now
            disk = os.statvfs(self._directory)
            free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
            self._full = free < needed(total, self._setting, self._unflushed())
        return self._full
