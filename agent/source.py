"""What a source is: one means of reading this machine, and the contract that it keeps.

A source lives in one file of `agent/sources/`, is made from the settings, and does nothing until
`open()`. It may block and it may fail: the runner gives it a thread of its own, a time limit, and
counts both. One that may hang for good in a driver says so, and lives in a process of its own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from vigie import catalogue
from vigie.catalogue import Device
from vigie.frame import MAX_KEY_BYTES as KEY_BYTES
from vigie.frame import Happening
from vigie.shape import Columns, Field, Kind, Measurement, Quality, Value

LIMIT_SECONDS: Final = 5.0
"""How long a turn may take before its source counts as stuck, as a rule."""
UNIT: Final = "vigie-agent"
_DROP_INS: Final = Path(__file__).resolve().parent / "units" / f"{UNIT}.service.d"


def grant(name: str) -> str:
    """The command that gives the shipped unit one more right: installs the drop-in `name`.conf."""
    to = f"/etc/systemd/system/{UNIT}.service.d/{name}.conf"
    return (
        f"sudo install -D -m644 {_DROP_INS / name}.conf {to} && "
        f"sudo systemctl daemon-reload && sudo systemctl restart {UNIT}"
    )


@dataclass(frozen=True, slots=True)
class Read:
    """One file, directory, device or address that a source opens; `*` is any one component.

    An address is written `tcp://127.0.0.1:3493`.

    `right` is what it takes beyond a plain user account, "" for nothing. `grant` is the command
    or setting that makes the file there and readable where it is not. An `optional` file that is
    missing leaves some fields unknown, and the source still works.
    """

    path: str
    why: str
    right: str = ""
    grant: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One program that a source starts, with the arguments that it gives it.

    `grant` is the command that installs it, or gives the right to run it as needed.
    """

    program: str
    arguments: str
    why: str
    right: str = ""
    grant: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What one turn of a source found.

    `columns` are keyed by the catalogue's attributes, in base units, None where the machine does
    not say, equally long for each measurement. `quality` is by name of a measurement, one a row;
    what it leaves out is measured. `devices` are all rows that this source has for the `device`
    inventory (the host left out), or None where it knows no better than before.
    """

    columns: Columns
    happenings: Sequence[Happening] = ()
    quality: Mapping[str, Sequence[Quality]] = field(default_factory=dict)
    devices: Sequence[Mapping[str, str | None]] | None = None


class Source(Protocol):
    """One means of reading; `agent/sources/` holds them all.

    A source that speaks of this host alone leaves the `host` key out, of columns as of happenings:
    whoever frames them fills it in.
    """

    @property
    def name(self) -> str:
        """One word, unique among the sources."""

    @property
    def measurements(self) -> tuple[type[Measurement], ...]:
        """What it gives rows of."""

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every file, device and address that `open` and `read` open."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every program that they start."""

    @property
    def period_seconds(self) -> float:
        """Seconds between two turns, unless settings say otherwise."""

    @property
    def limit_seconds(self) -> float:
        """How long a turn may take before the source counts as stuck."""

    @property
    def apart(self) -> bool:
        """Whether it may hang beyond the end of a thread, and so needs a process of its own.

        Such a source can be pickled while it is not open.
        """

    def open(self) -> None:
        """Import what is needed and take hold of files; called again after a failure.

        Raises:
            Absent: the machine does not have what this reads.
            SourceFailed: it has it and does not let us.
        """

    def read(self, now: int) -> Found:
        """One turn at `now` (wall clock, ns); raises as `open`."""

    def close(self) -> None:
        """Give everything back; harmless when not open."""


def fault(found: Found, measurements: tuple[type[Measurement], ...]) -> str | None:
    """How what a turn found breaks the contract of a source, or None when it keeps it."""
    lengths: dict[str, int] = {}
    return (
        _cells(found.columns, measurements, lengths)
        or _keys(found.columns, measurements, lengths)
        or _told_badly(found, lengths)
    )


def _cells(
    columns: Columns, measurements: tuple[type[Measurement], ...], lengths: dict[str, int]
) -> str | None:
    """How a cell or column breaks it; fills in how many rows each measurement has."""
    names = {m.name for m in measurements}
    for of, cells in columns.items():
        if of.measurement not in names:
            return f"{of.full_name} is of a measurement that this source does not declare"
        if of.origin != "agent":
            return f"{of.full_name} is for the {of.origin} to fill in"
        if lengths.setdefault(of.measurement, len(cells)) != len(cells):
            return f"{of.full_name} has {len(cells)} rows, others have another number"
        for cell in cells:
            if not _fits(of, cell):
                return f"{of.full_name} cannot be {cell!r:.80}"
    return None


def _keys(
    columns: Columns, measurements: tuple[type[Measurement], ...], lengths: Mapping[str, int]
) -> str | None:
    for measurement in measurements:
        keys = [columns[k] for k in measurement.keys if k in columns]
        missing = [k.name for k in measurement.keys if k not in columns and k.name != "host"]
        if measurement.name in lengths and missing:
            return f"{measurement.name} lacks its key {missing[0]}"
        rows = list(zip(*keys, strict=True))
        if len(set(rows)) != len(rows):
            return f"{measurement.name} has two rows of one key"
    return None


def _told_badly(found: Found, lengths: Mapping[str, int]) -> str | None:
    for name, qualities in found.quality.items():
        if len(qualities) != lengths.get(name):
            return f"{name} has {lengths.get(name)} rows and {len(qualities)} qualities"
    for happening in found.happenings:
        declared = catalogue.event(happening.code)
        if declared is None or declared.origin != "agent":
            return f"{happening.code} is no event that an agent may tell"
        missing = set(declared.keys) - set(happening.keys) - {"host"}
        if missing:
            return f"{happening.code} lacks its key {min(missing)}"
    known = {f.name for f in Device.fields}
    for row in found.devices or ():
        if not row.get("device") or not set(row) <= known:
            return f"a device needs an identity, and columns of the inventory: {dict(row)!r:.120}"
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
