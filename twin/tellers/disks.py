"""Disks: they age, some of them visibly, and tell it by SMART as real ones do.

How a disk is judged is the agent's own business: `agent.disks.health` judges these too.
"""

import math
from typing import Final

import numpy as np

from agent.disks.health import Health, judge
from twin.chance import Floats, Whole, generator, salt, uniforms
from twin.faults import Fault, Faults
from twin.hall.build import DISK_BYTES, Build
from twin.hall.struck import Struck
from twin.tellers.names import Names
from twin.turn import Columns
from vigie.catalogue import DISK_RISK, Disk
from vigie.frame import Happening
from vigie.shape import Field, Measurement, Value

YEAR: Final = 365.25 * 86_400
OLDEST_YEARS: Final = 4.0
SICK_SHARE: Final = 0.02
"""Disks that have begun to replace sectors, in a fleet of mixed age."""
READ_RATE: Final = 4e6
WRITE_RATE: Final = 1.5e6
GROWING_RATE: Final = 6.0 / 600
"""Sectors that a failing disk loses in a second."""
FAILED_SECONDS: Final = 3_600.0
"""After which a failing disk says itself that it fails."""
MICROSECONDS: Final = 1_000_000
_REASONS: Final = Disk.health_reason.codes
_DAY_ONE: Final = 1_760_000_000.0
"""October 2025: since then the fleet ages as one."""


def disk_names(seed: int, path: str, count: int) -> list[str]:
    """World-wide names."""
    numbers = (uniforms(salt(seed, path, "wwn"), count) * 2.0**36).astype(np.int64)
    return [f"5000c500{number:08x}"[:16].ljust(16, "0") for number in numbers.tolist()]


class Disks:
    """All disks of a container."""

    measurement: type[Measurement] = Disk

    def __init__(self, build: Build, names: Names, faults: Faults, seed: int) -> None:
        self.count, self.path, self._faults = build.disks, build.path, faults
        self._seeds = (seed, build.path, "disks")
        of = salt(*self._seeds)
        self.names = disk_names(seed, build.path, build.disks)
        first, many = build.first_disk_host, build.hosts - build.first_disk_host
        self.hosts = [names.hosts[first + n % many] for n in range(build.disks)]
        self._keys: Columns = {Disk.host: self.hosts, Disk.disk: self.names}
        self._born = uniforms(of + 1, self.count) * OLDEST_YEARS * YEAR
        self._warm = 4.0 * uniforms(of + 2, self.count)
        sick = uniforms(of + 3, self.count) < SICK_SHARE
        self._old = np.where(sick, np.floor(8 + 90 * uniforms(of + 4, self.count)), 0.0)
        self._grown: Floats = np.zeros(self.count)
        self._struck = Struck(faults, self.count, *self._seeds)
        self._hotter: Floats = np.zeros(self.count)
        self._crossed: Floats = np.zeros(self.count)
        self._failing: dict[int, Fault] = {}
        self._health = np.ones(self.count)
        self._reason = np.zeros(self.count)
        for disk in np.flatnonzero(sick):
            self._judge(int(disk), 0.0)

    def step(self, before: float, now: float) -> list[Happening]:
        """What failing disks say up to `now` (Unix seconds)."""
        for fault in self._faults.begun("disk_failing", before, now):
            for disk in self._chosen(fault):
                self._failing[int(disk)] = fault
        hotter, crossed = (self._struck.values(k, now) for k in ("disk_hot", "disk_cable"))
        self._hotter = np.zeros(self.count) if hotter is None else hotter
        if crossed is not None:
            self._crossed = self._crossed + crossed * (now - before)
        told = []
        ended = [d for d, f in self._failing.items() if f not in self._faults.on(f.what, now)]
        for disk in ended:  # somebody put in a new one
            del self._failing[disk]
            self._grown[disk] = self._old[disk] = 0.0
            self._judge(disk, 0.0)
        for disk, fault in self._failing.items():
            self._grown[disk] = math.floor(GROWING_RATE * self._faults.since(fault, now)) + 1
            worse = self._judge(disk, self._faults.since(fault, now))
            if worse is not None:
                keys = {"host": self.hosts[disk], "disk": self.names[disk]}
                told.append(Happening(DISK_RISK.code, round(now * MICROSECONDS), keys, worse))
        return told

    def tell(self, time: float) -> Columns:
        """One row a disk."""
        if not self.count:
            return {}
        age = np.maximum(time - _DAY_ONE + self._born, 0.0)
        pending = np.floor(self._grown * 0.6)
        return {
            **self._keys,
            Disk.smart_passed: self._passed(time),
            Disk.health_ratio: self._health.copy(),
            Disk.health_reason: self._reason.copy(),
            Disk.power_mode: np.zeros(self.count),
            Disk.smart_age_seconds: np.zeros(self.count),
            Disk.size_bytes: np.full(self.count, float(DISK_BYTES)),
            Disk.temperature_celsius: np.round(32.0 + self._warm + self._hotter),
            Disk.power_on_seconds_total: np.floor(age / 3_600) * 3_600,
            Disk.power_cycles_total: np.floor(4 + age / YEAR * 3),
            Disk.reallocated_sectors: self._old + np.floor(self._grown),
            Disk.pending_sectors: pending,
            Disk.offline_uncorrectable_sectors: np.floor(self._grown * 0.3),
            Disk.reported_uncorrectable_total: np.floor(self._grown * 0.2),
            Disk.command_timeouts_total: np.zeros(self.count),
            Disk.crc_errors_total: np.floor(self._crossed),
            **self._worn(time),
            Disk.read_bytes_total: np.floor(age * READ_RATE),
            Disk.written_bytes_total: np.floor(age * WRITE_RATE),
        }

    def _worn(self, time: float) -> dict[Field, Floats]:
        """What flash says of itself: those that are worn are of flash, all others turn."""
        used = self._struck.values("disk_worn", time)
        if used is None:
            return {}
        flash = used > 0
        return {
            Disk.endurance_used_ratio: np.where(flash, used, np.nan),
            Disk.spare_ratio: np.where(flash, np.maximum(1.0 - used, 0.0), np.nan),
            Disk.spare_threshold_ratio: np.where(flash, 0.1, np.nan),
        }

    def failed(self, time: float) -> frozenset[int]:
        """Positions of those that say themselves that they fail."""
        return frozenset(np.flatnonzero(~self._passed(time)).tolist())

    def _passed(self, time: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        passed = np.ones(self.count, np.bool_)
        for disk, fault in self._failing.items():
            passed[disk] = self._faults.since(fault, time) < FAILED_SECONDS
        return passed

    def _judge(self, disk: int, since: float) -> str | None:
        """Judge it anew; the words of it where it has become worse."""
        grown = int(self._grown[disk])
        values: dict[Field, Value] = {
            Disk.smart_passed: not grown or since < FAILED_SECONDS,
            Disk.reallocated_sectors: int(self._old[disk]) + grown,
            Disk.pending_sectors: int(grown * 0.6),
            Disk.offline_uncorrectable_sectors: int(grown * 0.3),
            Disk.reported_uncorrectable_total: int(grown * 0.2),
            Disk.temperature_celsius: 36.0,
        }
        score: Health = judge(values, {Disk.reallocated_sectors: grown}, rotates=True)
        before, after = float(self._health[disk]), 1.0 if score.ratio is None else score.ratio
        self._health[disk], self._reason[disk] = after, _REASONS.index(score.reason)
        if after >= before:
            return None
        return f"{score.reason}, {before:.2f} → {after:.2f}: {score.why}"

    def _chosen(self, fault: Fault) -> Whole:
        draw = generator(*self._seeds, fault.at, fault.where)
        return np.sort(draw.choice(self.count, size=min(fault.count, self.count), replace=False))
