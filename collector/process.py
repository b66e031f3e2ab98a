"""What this process takes of the machine: files, memory, and the right to be the only one."""

import contextlib
import fcntl
import os
import resource
import threading
from pathlib import Path
from typing import IO, Final

import pyarrow as pa

from vigie.errors import VigieError

NICENESS: Final = 5
"""Questions and duties take the processor after what comes in."""


def allow_files(files: int) -> None:
    """Raise the soft limit of open files, 1024 as a rule, to what is needed if the hard one lets.

    Sockets are files too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def allocate() -> None:
    """Have Arrow keep freed memory for a second: giving back a tail's is dearer than sorting it."""
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())


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
