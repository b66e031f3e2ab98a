"""Energy between two instants: what counters of it grew by, or what power adds up to."""

from collections.abc import Mapping, Sequence
from typing import Final

from vigie import catalogue
from vigie.errors import SettingsError
from vigie.replies import Cell
from vigie.shape import Kind, Measurement
from vigie.units import JOULE, JOULES_PER_KWH, WATT

COLUMN: Final = "kilowatt_hours"


def of(measurement: str, fields: str | None) -> tuple[str, str]:
    """The field to ask for and its aggregate: a counter of joules, or else power over time.

    Raises:
        SettingsError: the measurement has neither, or the field named is neither.
    """
    declared = catalogue.measurement(measurement)
    if declared is None:
        raise SettingsError(f"no measurement is called {measurement!r}")
    known = {**_fields(declared, Kind.COUNTER), **_fields(declared, Kind.GAUGE)}
    if fields is None and known:
        return next(iter(known.items()))
    if fields in known:
        return fields, known[fields]
    said = ", ".join(known) or "none"
    raise SettingsError(f"energy: {measurement} has of energy or power: {said}")


def in_kilowatt_hours(columns: Mapping[str, Sequence[Cell]], field: str) -> dict[str, list[Cell]]:
    """The same columns with kilowatt hours beside joules."""
    shown = {name: list(cells) for name, cells in columns.items() if name != field}
    joules = list(columns[field])
    shown["joules"] = joules
    shown[COLUMN] = [
        cell / JOULES_PER_KWH if isinstance(cell, int | float) else None for cell in joules
    ]
    return shown


def _fields(measurement: type[Measurement], kind: Kind) -> dict[str, str]:
    """Fields in joules or watts, the plainest name first, with their aggregate."""
    unit, agg = (JOULE, "increase") if kind is Kind.COUNTER else (WATT, "integral")
    names = [f.name for f in measurement.values if f.kind is kind and f.unit == unit]
    return dict.fromkeys(sorted(names, key=len), agg)
