"""Pools: the disks of each host are joined, and live with the loss of a few of them."""

from typing import Final

import numpy as np

from twin.faults import Faults
from twin.hall.build import DISK_BYTES
from twin.hall.struck import Struck
from twin.tellers.disks import Disks
from twin.tellers.hosts import Standing
from twin.tellers.incidents import Incidents
from twin.turn import Columns
from vigie.catalogue import POOL_CHANGED, Pool
from vigie.frame import Happening
from vigie.shape import Measurement

NAME: Final = "tank"
KIND: Final = "zfs"
FULL: Final = 0.62
SCRUB_SECONDS: Final = 28 * 86_400.0
MOST_LOST: Final = 2
_ONLINE, _DEGRADED, _FAULTED = (
    Pool.status.codes.index(word) for word in ("online", "degraded", "faulted")
)
_IDLE: Final = Pool.activity.codes.index("idle")
MICROSECONDS: Final = 1_000_000


class Pools:
    """A pool a host that has disks: degraded by a disk that fails, or by `pool_degraded`."""

    measurement: type[Measurement] = Pool

    def __init__(self, disks: Disks, incidents: Incidents, faults: Faults, seed: int) -> None:
        self._disks, self._incidents = disks, incidents
        self.hosts = list(dict.fromkeys(disks.hosts))
        place = {host: n for n, host in enumerate(self.hosts)}
        self._of = np.array([place[host] for host in disks.hosts], np.int64)
        count = len(self.hosts)
        self._struck = Struck(faults, count, seed, disks.path, "pools")
        self._disks_each = np.bincount(self._of, minlength=count).astype(np.float64)
        keys = {Pool.host: self.hosts, Pool.pool: [NAME] * count, Pool.kind: [KIND] * count}
        self._rows = Standing(keys, np.array([incidents.number(host) for host in self.hosts]))
        self._faults, self._failed = faults, np.zeros(count)

    def step(self, time: float) -> list[Happening]:
        """Whose status became another by that time (Unix seconds)."""
        before, self._failed = self._failed, self._lost(time)
        changed = np.flatnonzero((before > 0) != (self._failed > 0))
        words = {True: "online → degraded", False: "degraded → online"}
        return [
            Happening(
                POOL_CHANGED.code, round(time * MICROSECONDS),
                {"host": self.hosts[n], "pool": NAME}, words[bool(self._failed[n] > 0)],
            )
            for n in changed.tolist()
        ]  # fmt: skip

    def tell(self, time: float) -> Columns:
        """One row a pool."""
        if not self.hosts:
            return {}
        size = self._disks_each * DISK_BYTES
        count = len(self.hosts)
        told = {
            Pool.status: self._status(),
            Pool.devices_count: self._disks_each,
            Pool.devices_failed_count: self._failed,
            Pool.read_errors_total: np.zeros(count),
            Pool.write_errors_total: np.zeros(count),
            Pool.checksum_errors_total: np.floor(self._struck.since("pool_errs", time)),
            Pool.activity: np.full(count, float(_IDLE)),
            Pool.scrub_age_seconds: np.full(
                count, np.floor(time % SCRUB_SECONDS) + self._faults.total("scrub_stalls", time)
            ),
            Pool.size_bytes: size,
            Pool.allocated_bytes: np.floor(
                size * np.minimum(FULL + self._struck.since("pool_fills", time) / 3_600, 1.0)
            ),
        }
        return self._rows.of(told, self._incidents.down)

    def _lost(self, time: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """How many disks of each it refuses."""
        failed = [self._of[disk] for disk in self._disks.failed(time)]
        lost = np.bincount(np.array(failed, np.int64), minlength=len(self.hosts))
        faulted = (MOST_LOST + 1) * self._struck.flags("pool_failed", time)
        return lost + faulted + self._struck.flags("pool_degraded", time)

    def _status(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """It lives with the loss of two."""
        some = np.where(self._failed > 0, float(_DEGRADED), float(_ONLINE))
        return np.where(self._failed > MOST_LOST, float(_FAULTED), some)
