"""What questions made of readings, kept for those that ask the same before a table has it.

It counts only as long as the same would be read: a row that comes, a flush, a merge, a file that
goes each make it count no more.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from collector.store.questions.partial import Learned
from collector.store.scan import View

MAX_BYTES: Final = 48 * 2**20
CHUNK_BYTES: Final = 120
"""About what it takes to name a chunk."""

Sources = tuple[tuple[str, ...], tuple[tuple[int, int, int], ...]]


def sources(view: View) -> Sources:
    """What a view is made of: files never change, and no two chunks have the same positions."""
    chunks = tuple((c.first, c.last, len(c.times)) for c in view.chunks)
    return tuple(str(f.path) for f in view.files), chunks


@dataclass(frozen=True, slots=True)
class Made:
    """Rows, what was read to make them, and what was learned on the way."""

    of: Sources
    rows: pa.Table
    learned: Learned

    @property
    def bytes(self) -> int:
        """Memory held, about."""
        return int(self.rows.nbytes) + CHUNK_BYTES * sum(map(len, self.of))


class Kept:
    """Those asked for last; safe to use from any thread."""

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most, self._held = most, 0
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, Made] = OrderedDict()

    def get(self, key: Hashable, of: Sources) -> Made | None:
        """What was made of the same, or None."""
        with self._lock:
            made = self._made.get(key)
            if made is None or made.of != of:
                return None
            self._made.move_to_end(key)
            return made

    def put(self, key: Hashable, made: Made) -> None:
        """Keep it, in place of what was made before, and of what was not asked for longest."""
        with self._lock:
            before = self._made.pop(key, None)
            self._held += made.bytes - (before.bytes if before else 0)
            self._made[key] = made
            while self._held > self._most and self._made:
                self._held -= self._made.popitem(last=False)[1].bytes
