"""Objects of one store and erasure code, and the containers in which their fragments live."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.fragments import Scheme
from vigie.network.policies import Placement

Ints = NDArray[np.int64]
Cells = NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Stripes:
    """Some objects of one store; the plan changes `cells` as it goes, on a copy of its own.

    `cells` has a row for each object and a column for each fragment's index: the number of the
    container in which it is alive, 0 where nobody has it. `names` are the first ten bytes of each
    object's keyed id. `fragment_bytes` is the mean size of a fragment.
    """

    store: str
    scheme: Scheme
    policy: Placement | None
    cells: Cells
    names: NDArray[Any]
    fragment_bytes: float

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def live(self) -> Ints:
        """Of each object, how many of its fragments are alive."""
        live: Ints = np.count_nonzero(self.cells, axis=1)
        return live

    def name(self, row: int) -> str:
        """The name of an object, in hex."""
        return bytes(self.names[row]).hex()

    def copy(self) -> "Stripes":
        """The same, to be changed."""
        return Stripes(
            self.store, self.scheme, self.policy, self.cells.copy(), self.names, self.fragment_bytes
        )


def named(names: Sequence[bytes]) -> NDArray[Any]:
    """Names as `Stripes` has them."""
    return np.array([list(name) for name in names], np.uint8).reshape(len(names), -1)
