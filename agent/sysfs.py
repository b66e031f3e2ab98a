"""The small files in which the kernel tells one value each; a file that says none is unknown."""

import os
from pathlib import Path
from typing import Final

_BYTES: Final = 4096
"""No attribute of sysfs is longer than a page, and any page is as long."""


def text(path: str | Path) -> str | None:
    """What a file says, without the end of its line; None where it is missing, denied or failing.

    Drivers fail with any of EIO, ENODATA, EAGAIN, ENXIO, EINVAL for a sensor that does not answer.
    """
    try:
        return read(path)
    except OSError:
        return None


def read(path: str | Path) -> str:
    """The same, told apart.

    Raises:
        OSError: it is missing, denied, or its driver fails.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _BYTES).decode(errors="replace").strip()
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        os.close(descriptor)


def number(path: str | Path) -> int | None:
    """The whole number that a file says; None where it says none."""
    return whole(text(path))


def whole(said: str | None) -> int | None:
    """A text as a whole number, or None."""
    try:
        return None if said is None else int(said)
    except ValueError:
        return None
