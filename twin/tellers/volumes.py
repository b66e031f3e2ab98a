"""The file systems of hosts: a system disk each, that fills as logs and images pile up."""

from typing import Final

import numpy as np

from twin.chance import Floats, salt, uniforms
from twin.hall.container import Model
from twin.hall.struck import Struck
from twin.tellers.hosts import Standing
from twin.tellers.incidents import Incidents
from twin.tellers.names import Names
from twin.turn import Columns
from vigie.catalogue import Filesystem
from vigie.shape import Measurement

MOUNT: Final = "/"
SIZE_BYTES: Final = float(480 * 10**9)
INODES: Final = 30_000_000.0
USED: Final = 0.25, 0.35
"""What is used at least, and how much more by what happens to lie there."""


class VolumeTeller:
    """Every system disk; `volume_fills` takes its value of the whole each hour."""

    measurement: type[Measurement] = Filesystem

    def __init__(self, model: Model, names: Names, seed: int, incidents: Incidents) -> None:
        self._incidents, path, count = incidents, model.build.path, model.build.hosts
        least, more = USED
        self._used: Floats = least + more * uniforms(salt(seed, path, "volumes"), count)
        self._struck = Struck(model.faults, count, seed, path, "volumes")
        keys = {Filesystem.host: names.hosts, Filesystem.mount: [MOUNT] * count}
        self._rows = Standing(keys, np.arange(count))
        self._size = np.full(count, SIZE_BYTES)

    def tell(self, time: float) -> Columns:
        """One row a host."""
        used = np.minimum(self._used + self._struck.since("volume_fills", time) / 3_600, 1.0)
        told = {
            Filesystem.size_bytes: self._size,
            Filesystem.available_bytes: np.floor(self._size * (1.0 - used)),
            Filesystem.inodes_total: np.full(len(used), INODES),
            Filesystem.inodes_available: np.floor(INODES * (1.0 - used / 4)),
            Filesystem.read_only: np.zeros(len(used)),
        }
        return self._rows.of(told, self._incidents.down)
