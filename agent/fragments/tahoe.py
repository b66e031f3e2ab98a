"""Shares of Tahoe-LAFS, as a storage server keeps them; read without its code and without a key.

A share is the file `shares/<first two>/<storage index>/<number>` below the server's `storage`.
`shares/incoming` holds what is still being uploaded. Leases come and go: they are not looked at.
"""

import re
from functools import lru_cache
from typing import Final

from agent.fragments import chk, slot
from agent.fragments.chk import Damaged, Unknown
from agent.fragments.reader import Check, Pace, Piece, unreadable
from agent.fragments.stride import Strides
from vigie.fragments import Scheme, Status

_PATH: Final = re.compile(
    r"(?:(?:storage/)?shares/)?(?P<two>[a-z2-7]{2})/(?P<index>(?P=two)[a-z2-7]{24})/"
    r"(?P<number>0|[1-9][0-9]{0,2})"
)
"""Whichever of the server's, the storage's or the shares' directory is the root."""


class TahoeReader:
    """A `Reader` of such shares: immutable ones, and mutable ones as far as they can be judged."""

    def piece(self, path: str) -> Piece | None:
        """See `Reader`; the object is known by its storage index, which is no capability."""
        found = _PATH.fullmatch(path)
        if found is None or int(found["number"]) > 255:
            return None
        return Piece(found["index"], int(found["number"]))

    def scheme(self, path: str) -> Scheme:
        """See `Reader`; it stands in each share."""
        with Strides(path, lambda _: None, keep=True) as file:
            return _one(slot.head(file).scheme if _mutable(file) else chk.head(file)[1].scheme)

    def check(self, path: str, pace: Pace) -> Check:
        """See `Reader`; a share of a version that is not known here stays unverified."""
        number = int(path.rpartition("/")[2])
        read = 0
        try:
            with Strides(path, pace) as file:
                try:
                    (slot if _mutable(file) else chk).verify(file, number)
                finally:
                    read = file.read
        except OSError as error:
            return unreadable(error)
        except Damaged as error:
            return Check(Status.CORRUPT, read, str(error))
        except Unknown as error:
            return Check(Status.UNVERIFIED, read, str(error))
        return Check(Status.OK, read)


@lru_cache(maxsize=256)
def _one(scheme: Scheme) -> Scheme:
    """The first scheme that is equal: there are few, and millions of shares."""
    return scheme


def _mutable(file: Strides) -> bool:
    """Whether it is a mutable share by its first bytes: those of an immutable one are numbers."""
    return file.part(0, 1) == slot.MAGIC[:1]
