"""What is known of every unit in every step, gathered from partials; bounded in memory."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from collector.store.questions.partial import NEVER, Partial
from collector.store.questions.units import Units
from vigie.errors import QueryError

MAX_BYTES: Final = 512 * 2**20
FIRST_CELLS: Final = 250_000
"""Room made at once. Memory that nothing is written to costs little, but what the allocator has to
ask the system for each time is 5 ms for a matrix of 32 MB, where a small question takes as long."""

Matrix = np.ndarray[tuple[int, int], Any]

_EMPTY: Final[Mapping[str, float]] = {
    "total": 0.0, "count": 0.0, "low": np.nan, "high": np.nan, "last": np.nan, "last_time": NEVER,
}  # fmt: skip
_TAKE: Final[Mapping[str, Callable[..., Any]]] = {
    "total": np.add.at, "count": np.add.at, "low": np.fmin.at, "high": np.fmax.at,
}  # fmt: skip


class Cells:
    """A row a unit, a column a step: a matrix for each thing needed of each field."""

    def __init__(self, units: Units, steps: int, needs: Sequence[Sequence[str]]) -> None:
        """`needs` by field."""
        self.units, self.steps = units, steps
        self._matrices: list[dict[str, Matrix]] = [
            {name: np.zeros((0, steps), _kind(name)) for name in some} for some in needs
        ]
        self._seen: Matrix = np.zeros((0, steps), np.bool_)
        self._empty = 0

    @property
    def seen(self) -> Matrix:
        """Where there was any row."""
        return self._seen[: len(self.units)]

    def of(self, field: int, name: str) -> Matrix:
        """One matrix."""
        return self._matrices[field][name][: len(self.units)]

    def add(self, partial: Partial) -> None:
        """Take a partial in.

        Raises:
            QueryError: that is more than memory bears.
        """
        numbers = self.units.numbers(partial.units, partial.heads, once=partial.once)
        self._grow()
        if partial.head is not None:
            numbers = numbers[partial.head]
        keys = numbers * self.steps + partial.step
        self._seen.reshape(-1)[keys] = True
        for matrices, values in zip(self._matrices, partial.values, strict=True):
            flat = {name: matrix.reshape(-1) for name, matrix in matrices.items()}
            for name, take in _TAKE.items():
                if name in flat:
                    take(flat[name], keys, values[name])
            if "last" in flat:
                newer = values["last_time"] > flat["last_time"][keys]
                flat["last"][keys[newer]] = values["last"][newer]
                flat["last_time"][keys[newer]] = values["last_time"][newer]

    def _grow(self) -> None:
        met = len(self.units)
        if met > len(self._seen):
            rows = self._room(met)
            self._seen = _longer(self._seen, rows)
            for matrices in self._matrices:
                matrices.update({name: _longer(m, rows) for name, m in matrices.items()})
        for matrices in self._matrices:
            for name, matrix in matrices.items():
                if _EMPTY[name] != 0:
                    matrix[self._empty : met] = _EMPTY[name]
        self._empty = met

    def _room(self, met: int) -> int:
        """How many rows to make room for."""
        most = MAX_BYTES // (self.steps * (1 + 8 * sum(map(len, self._matrices))))
        if met > most:
            raise QueryError(
                f"{met} series in {self.steps} steps are too much at once: ask for longer steps, "
                "a shorter span, fewer fields or fewer devices"
            )
        return min(most, max(met, 2 * len(self._seen), FIRST_CELLS // self.steps))


def _longer(matrix: Matrix, rows: int) -> Matrix:
    """The same with more rows, of zeros."""
    made: Matrix = np.zeros((rows, matrix.shape[1]), matrix.dtype)
    made[: len(matrix)] = matrix
    return made


def _kind(name: str) -> type:
    return np.int64 if name == "last_time" else np.float64
