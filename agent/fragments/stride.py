"""One file read from its disk in long strides, past the page cache, and no faster than allowed.

A scrub reads everything once and nothing soon again: what it read is dropped from the cache, times
of last access stay as they were where the right is there, and the disk gets requests of 4 MiB.
"""

import os
import stat
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from agent.fragments.reader import Pace

STRIDE_BYTES: Final = 4 * 2**20
_SPARE: Final[deque[bytearray]] = deque(maxlen=4)
"""Buffers that nobody reads into now: a hundred disks are read in turns, rarely all at once."""


class Strides:
    """An open file; everything read from it was announced to `pace` first, and is counted."""

    def __init__(self, path: str, pace: Pace, *, keep: bool = False) -> None:
        """Open it; `keep` leaves what is read of it in the cache.

        Raises:
            OSError: it cannot be opened, or is no regular file.
        """
        self._pace = pace
        self.descriptor = _opened(path)
        status = os.fstat(self.descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(self.descriptor)
            raise OSError(f"{path} is no regular file")
        self.size = status.st_size
        self.read = 0
        """Bytes read so far."""
        self._keep = keep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._keep:
            os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(self.descriptor)

    def part(self, start: int, length: int) -> bytes:
        """The bytes of a small range; fewer where the file ends before.

        Raises:
            OSError: the disk does not give them.
        """
        self._pace(length)
        found = os.pread(self.descriptor, length, start)
        self.read += len(found)
        return found

    def strides(self, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
        """The bytes of a range or, without an end, to where the file ended when it was opened.

        Fewer where it ends before. A view is good until the next one is asked for.

        Raises:
            OSError: the disk does not give them.
        """
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        stop = max(self.size, start + 1) if end is None else end  # a file of /proc says 0 bytes
        while start < stop:
            length = min(STRIDE_BYTES, stop - start)
            self._pace(length)
            buffer = _SPARE.pop() if _SPARE else bytearray(STRIDE_BYTES)
            view = memoryview(buffer)[:length]
            count = os.preadv(self.descriptor, [view], start)
            if not count:
                return
            self.read += count
            yield view[:count]
            os.posix_fadvise(self.descriptor, start, count, os.POSIX_FADV_DONTNEED)
            _SPARE.append(buffer)
            start += count


def _opened(path: str) -> int:
    """A descriptor; without touching the time of last access, which only its owner may ask for."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        return os.open(path, flags)
