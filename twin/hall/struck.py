"""Whom of many alike a lasting fault strikes, and how hard: the same ones in every run."""

import numpy as np

from twin.chance import Floats, Whole, generator
from twin.faults import Fault, Faults, What


class Struck:
    """The GPUs, hosts, disks or pools of one container, by their positions."""

    def __init__(self, faults: Faults, count: int, *names: object) -> None:
        """`names` are of the stream of chance that picks them."""
        self._faults, self._count, self._names = faults, count, names
        self._chosen: dict[Fault, Whole] = {}

    def values(self, what: What, time: float) -> Floats | None:
        """The values of all faults of a kind that last at that time, added; None where none does.

        One that has no value counts as 1.
        """
        faults = self._faults.on(what, time)
        if not faults or not self._count:
            return None
        told: Floats = np.zeros(self._count)
        for fault in faults:
            told[self.chosen(fault)] += 1.0 if fault.value is None else fault.value
        return told

    def flags(self, what: What, time: float) -> Floats:
        """1 where such a fault lasts at that time, else 0."""
        told: Floats = np.zeros(self._count)
        for fault in self._faults.on(what, time):
            told[self.chosen(fault)] = 1.0
        return told

    def since(self, what: What, time: float) -> Floats:
        """The seconds for which such faults have lasted, times their values: what has grown."""
        told: Floats = np.zeros(self._count)
        for fault in self._faults.on(what, time):
            told[self.chosen(fault)] += (fault.value or 0.0) * self._faults.since(fault, time)
        return told

    def chosen(self, fault: Fault) -> Whole:
        """Whom it strikes."""
        kept = self._chosen.get(fault)
        if kept is None:
            draw = generator(*self._names, fault.what, fault.at, fault.where)
            some = draw.choice(self._count, size=min(fault.count, self._count), replace=False)
            kept = self._chosen[fault] = np.sort(some)
        return kept
