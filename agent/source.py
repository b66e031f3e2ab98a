"""What a source is: one means of reading this machine, and the contract that it keeps.

A source lives in one file of `agent/sources/` as `SOURCE`, and does nothing until `open()`. It may
block and it may fail: the runner gives it a thread of its own, a time limit, and counts both.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from vigie.frame import MAX_KEY_BYTES as KEY_BYTES
from vigie.shape import Columns, Field, Kind, Measurement, Value


@dataclass(frozen=True, slots=True)
class Read:
    """One file, directory or device that a source opens; `*` stands for any one component.

    `right` is what it takes beyond a plain user account, "" for nothing. `grant` is the command
    or setting that makes the file there and readable where it is not. An `optional` file that is
    missing leaves some fields unknown, and the source still works.
    """

    path: str
    why: str
    right: str = ""
    grant: str = ""
    optional: bool = False


class Source(Protocol):
    """One means of reading; `agent/sources/` holds them all.

    `read` returns columns keyed by the catalogue's attributes, in base units, None where the
    machine does not say, equally long for each measurement. A source that speaks of this host
    alone leaves the `host` key out: the runner fills it in.
    """

    @property
    def name(self) -> str:
        """One word, unique among the sources."""

    @property
    def measurements(self) -> tuple[type[Measurement], ...]:
        """What it gives rows of; the first one's period is its default period."""

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every file and device that `open` and `read` open."""

    def open(self) -> None:
        """Import what is needed and take hold of files; called again after a failure.

        Raises:
            Absent: the machine does not have what this reads.
            SourceFailed: it has it and does not let us.
        """

    def read(self, now: int) -> Columns:
        """One reading at `now` (wall clock, ns); raises as `open`."""

    def close(self) -> None:
        """Give everything back; harmless when not open."""


def fault(columns: Columns, measurements: tuple[type[Measurement], ...]) -> str | None:
    """How these columns break the contract of a source, or None when they keep it."""
    lengths: dict[str, int] = {}
    names = {m.name for m in measurements}
    for field, cells in columns.items():
        if field.measurement not in names:
            return f"{field.full_name} is of a measurement that this source does not declare"
        if field.origin != "agent":
            return f"{field.full_name} is for the {field.origin} to fill in"
        if lengths.setdefault(field.measurement, len(cells)) != len(cells):
            return f"{field.full_name} has {len(cells)} rows, others have another number"
        for cell in cells:
            if not _fits(field, cell):
                return f"{field.full_name} cannot be {cell!r:.80}"
    for measurement in measurements:
        keys = [columns[k] for k in measurement.keys if k in columns]
        missing = [k.name for k in measurement.keys if k not in columns and k.name != "host"]
        if measurement.name in lengths and missing:
            return f"{measurement.name} lacks its key {missing[0]}"
        rows = list(zip(*keys, strict=True))
        if len(set(rows)) != len(rows):
            return f"{measurement.name} has two rows of one key"
    return None


def _fits(field: Field, cell: Value) -> bool:
    kind = type(cell)
    if field.kind is Kind.KEY:
        return isinstance(cell, str) and cell.isprintable() and 0 < len(cell.encode()) <= KEY_BYTES
    if cell is None:
        return True
    if field.kind is Kind.FLAG:
        return kind is bool
    if field.kind is Kind.STATE:
        return isinstance(cell, int) and kind is int and 0 <= cell < len(field.codes)
    if field.integer:
        return isinstance(cell, int) and kind is int and -(2**63) <= cell < 2**63
    return kind is int or (isinstance(cell, float) and math.isfinite(cell))
