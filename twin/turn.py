"""What one container tells at one tick of the model: the seam between physics and the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vigie.frame import Happening
from vigie.shape import Field, Measurement, Value

Column = NDArray[Any] | Sequence[Value]
"""Equally long for each measurement. NaN in an array of floats is null; an array is preferred."""
Columns = Mapping[Field, Column]
"""The rows of one measurement."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Readings of one instant, of every measurement that is due, with what happened since.

    `keys` of a measurement must not change between turns unless its rows do: whoever frames them
    keeps what it encoded. `devices` is the device inventory, where it changed.
    """

    time: int
    """Nanoseconds UTC, of the container's own clock: it may drift."""
    rows: Mapping[type[Measurement], Columns]
    happenings: Sequence[Happening] = ()
    devices: Sequence[Mapping[str, str | None]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """The fragments that a host holds of a store: equally long arrays, and what changed when.

    `objects` has 16 bytes a row (what `vigie.fragments.object_id` gives). `status` are codes of
    `vigie.fragments.Status`.
    """

    host: str
    store: str
    k: int
    n: int
    objects: NDArray[np.void]
    indexes: NDArray[np.uint16]
    sizes: NDArray[np.uint64]
    status: NDArray[np.uint8]
    verified: NDArray[np.uint32]


class Player(Protocol):
    """The model of one container."""

    @property
    def path(self) -> str:
        """Path of the container that it plays."""

    @property
    def connected(self) -> bool:
        """Whether its line to the collector is up; what it tells meanwhile waits in the spool."""

    def step(self, now: int, seconds: float, *, history: bool = False) -> Turn:
        """Go on by so many seconds, up to `now` (ns UTC), and tell.

        In `history` only what is slow is told: no GPU and no host.
        """

    def holdings(self) -> Sequence[Holding]:
        """The fragments of its hosts as they are now; empty where it holds none."""
