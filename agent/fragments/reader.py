"""How the fragments of a store lie in its directories, and how their content is checked.

A reader knows one layout. It is told paths below a root and never walks by itself.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from vigie.fragments import Scheme, Status

Pace = Callable[[int], None]
"""Told of every piece before it is read, in bytes; returns when it may be."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Which fragment a path is: the name of its object in the store, and its index."""

    name: str
    idx: int


@dataclass(frozen=True, slots=True)
class Check:
    """What reading a fragment gave: OK, CORRUPT, UNREADABLE, or UNVERIFIED where there is no sum.

    `size` is how many bytes were read; `detail` says what was wrong.
    """

    status: Status
    size: int
    detail: str = ""


class Reader(Protocol):
    """One layout; `agent/fragments/` has a file for each."""

    def piece(self, path: str) -> Piece | None:
        """Which fragment lies at this path below a root; None where it is none of this store."""

    def scheme(self, path: str) -> Scheme:
        """The erasure code of the fragment in this file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no fragment.
        """

    def check(self, path: str, pace: Pace) -> Check:
        """Read the whole fragment in this file once and compare it with what was written.

        Raises:
            OSError: the file is gone, or this process lacks memory or descriptors: neither says
                anything of the fragment.
        """


_NOT_ITS_FAULT: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR}
)


def unreadable(error: OSError) -> Check:
    """What it means for a fragment that it could not be read: the disk or its rights refuse it.

    Raises:
        OSError: it says nothing of the fragment; see `Reader.check`.
    """
    if error.errno in _NOT_ITS_FAULT:
        raise error
    return Check(Status.UNREADABLE, 0, error.strerror or str(error))
