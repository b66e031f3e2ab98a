"""One file read from its disk in long strides, past the page cache, and no faster than allowed.

A scrub reads everything once and nothing soon again: what it read is dropped from the cache, times
of last access stay as they were where the right is there, and the disk gets requests of 4 MiB.
"""

import contextlib
import os
import stat
import threading
from collections import deque
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Final, Self

from agent.fragments.reader import Pace

STRIDE_BYTES: Final = 4 * 2**20
SHORT_BYTES: Final = 256 * 2**10
_LONG: Final = 8


class Buffers:
    """A few long buffers for all disks; who finds none left makes do with a short one.

    A hundred disks are read in turns, rarely all at once; and one that hangs keeps its buffer.
    """

    def __init__(self, long: int = _LONG) -> None:
        self._left = threading.BoundedSemaphore(long)
        self._spare: deque[bytearray] = deque()

    @contextlib.contextmanager
    def lent(self, wanted: int) -> Iterator[memoryview]:
        """A buffer of that size, or of less."""
        if wanted <= SHORT_BYTES or not self._left.acquire(blocking=False):
            yield memoryview(bytearray(min(wanted, SHORT_BYTES)))
            return
        buffer = self._spare.pop() if self._spare else bytearray(STRIDE_BYTES)
        try:
            yield memoryview(buffer)[:wanted]
        finally:
            self._spare.append(buffer)
            self._left.release()


_BUFFERS: Final = Buffers()


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
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while start < stop:
            length = min(STRIDE_BYTES, stop - start)
            self._pace(length)
            count = yield from self._stride(start, length)
            if not count:
                return
            start += count

    def _stride(self, start: int, length: int) -> Generator[memoryview, None, int]:
        """One stride, in one view or several; how long it was."""
        at, end = start, start + length
        with _BUFFERS.lent(length) as buffer:
            while at < end:
                view = buffer[: end - at]
                count = os.preadv(self.descriptor, [view], at)
                if not count:
                    break
                self.read += count
                yield view[:count]
                at += count
        os.posix_fadvise(self.descriptor, start, length, os.POSIX_FADV_DONTNEED)
        return at - start


def _opened(path: str) -> int:
    """A descriptor; without touching the time of last access, which only its owner may ask for."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        return os.open(path, flags)
