"""What this process takes of the machine: files, memory, and the right to be the only one."""

import contextlib
import ctypes
import fcntl
import os
import resource
import threading
from pathlib import Path
from typing import IO, Final

from vigie.errors import VigieError

NICENESS: Final = 5
"""Questions and duties take the processor after what comes in."""
HEAPS: Final = 2
"""Of the C library. By itself it makes eight a core, and each keeps what its threads once held."""
_ARENA_MAX: Final = -8
"""What `mallopt` calls that, in malloc.h."""


def allow_files(files: int) -> None:
    """Raise the soft limit of open files, 1024 as a rule, to what is needed if the hard one lets.

    Sockets are files too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def allocate() -> None:
    """Keep few heaps, where the C library lets; before threads are many.

    Arrow has an allocator of its own, which the verb chooses: it is asked for before Arrow loads.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, HEAPS)


def give_back() -> None:
    """Let the machine have what is free between what is held, where the C library can.

    A flush, a rollup or a question of many series needs hundreds of megabytes for a moment. What
    is small and stays comes to lie between, so that by itself nothing goes back.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def locked(path: Path) -> IO[str]:
    """The open lock file; the lock goes with the process.

    Raises:
        VigieError: another collector holds it.
    """
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise VigieError(f"another collector uses {path.parent}; end it first") from error
    return file


def yielding() -> None:
    """Let the calling thread come after others, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
