"""Who tells one measurement, and what its columns are made with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from twin.chance import Floats
from twin.turn import Column, Columns
from vigie.shape import Field, Measurement


class Teller(Protocol):
    """Tells one measurement."""

    @property
    def measurement(self) -> type[Measurement]:
        """Which."""

    def tell(self, time: float) -> Columns:
        """Its rows at that time (Unix seconds); empty where there are none."""


def cells(values: Sequence[float | bool | None]) -> Floats:
    """An array of what may be unknown."""
    return np.array([np.nan if v is None else float(v) for v in values], np.float64)


class Keys:
    """Key columns, the same objects for the same rows."""

    def __init__(self, make: Callable[[tuple[int, ...]], Columns]) -> None:
        self._make = make
        self._rows: tuple[int, ...] | None = None
        self._kept: Columns = {}

    def of(self, rows: tuple[int, ...]) -> Columns:
        """Those of these rows."""
        if rows != self._rows:
            self._rows, self._kept = rows, self._make(rows)
        return self._kept


def chosen(values: Mapping[Field, Floats], rows: tuple[int, ...]) -> dict[Field, Column]:
    """These rows of them."""
    at = list(rows)
    return {name: value[at] for name, value in values.items()}
