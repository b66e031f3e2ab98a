"""What the footers of table files say of their row groups: enough to know which ones to read."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN

MAX_COLUMNS: Final = 200_000
"""Column chunks of which footers are kept; each takes some hundred bytes."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows of a file that are read together; bounds are inclusive, None where unknown."""

    number: int
    rows: int
    start: int
    end: int
    containers: tuple[str, str] | None
    quality: tuple[int, int] | None
    suspect: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Footer:
    """Of one file; `columns` are the names it has."""

    metadata: Any
    columns: frozenset[str]
    groups: tuple[RowGroup, ...]


class Footers:
    """Those read last; safe to use from any thread. A table file never changes."""

    def __init__(self, most: int = MAX_COLUMNS) -> None:
        self._most, self._held = most, 0
        self._lock = threading.Lock()
        self._known: OrderedDict[Path, Footer] = OrderedDict()

    def of(self, path: Path) -> Footer:
        """The footer of a table file.

        Raises:
            OSError, pa.ArrowException: the file is not there, or damaged.
        """
        with self._lock:
            found = self._known.get(path)
            if found is not None:
                self._known.move_to_end(path)
                return found
        found = read(path)
        with self._lock:
            if path not in self._known:
                self._known[path] = found
                self._held += _size(found)
            while self._held > self._most and len(self._known) > 1:
                self._held -= _size(self._known.popitem(last=False)[1])
        return found

    def forget(self, path: Path) -> None:
        """The file went."""
        with self._lock:
            found = self._known.pop(path, None)
            self._held -= _size(found) if found else 0


def read(path: Path) -> Footer:
    """The footer of a file.

    Raises:
        OSError, pa.ArrowException: the file is not there, or damaged.
    """
    metadata = pq.read_metadata(path)
    first = metadata.row_group(0) if metadata.num_row_groups else None
    columns = range(first.num_columns if first else 0)
    places = {first.column(n).path_in_schema: n for n in columns} if first else {}
    groups = tuple(_group(metadata, n, places) for n in range(metadata.num_row_groups))
    return Footer(metadata, frozenset(path.partition(".")[0] for path in places), groups)


def _group(metadata: Any, number: int, places: dict[str, int]) -> RowGroup:
    found = metadata.row_group(number)

    def bounds(name: str, *, raw: bool = False) -> Any:
        said = found.column(places[name]).statistics if name in places else None
        if said is None or not said.has_min_max:
            return None
        return (said.min_raw, said.max_raw) if raw else (said.min, said.max)

    start, end = bounds(TIME_COLUMN, raw=True) or (-(2**63), 2**63 - 1)
    return RowGroup(
        number, found.num_rows, start, end, bounds(CONTAINER_COLUMN), bounds(QUALITY_COLUMN),
        bounds(SUSPECT_COLUMN),
    )  # fmt: skip


def _size(footer: Footer) -> int:
    return int(footer.metadata.num_columns * footer.metadata.num_row_groups)
