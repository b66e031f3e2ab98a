"""One disk under watch: the ways to it, when it is due, and what its row is."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.disks import health
from agent.disks.drive import Drive
from agent.disks.health import Health
from agent.disks.history import Past
from agent.disks.smartctl import Answer, Problem
from agent.tool import Tool
from vigie.catalogue import Device, Disk
from vigie.frame import MAX_KEY_BYTES
from vigie.shape import Field, Value

JITTER: Final = 0.05
"""How far a disk's own interval is from the common one, so that they do not all come at once."""
REST_SECONDS: Final = 3_600.0
"""A turning disk that nobody uses is asked only so often: being asked may keep it from sleeping."""
_ASLEEP: Final = frozenset({"standby", "sleep"})


@dataclass(slots=True)
class Unit:
    """One disk: several drives are several paths to it.

    `disk` is its block device, None behind a controller; `key` its identity, None until it told
    one, and `named` when the kernel gave it; `rotates` is what the kernel says of that.
    `problem` is why it did not answer last time. `tool` is its own, so that a smartctl that hangs
    on it keeps no other disk waiting.
    """

    paths: list[Drive]
    tool: Tool
    disk: str | None = None
    key: str | None = None
    named: bool = False
    rotates: bool | None = None
    due: float = 0.0
    asked: bool = False
    problem: Problem | None = None
    traffic: str = ""
    last: Answer = field(default_factory=Answer)
    mode: str | None = None

    @property
    def drive(self) -> Drive:
        """The path that is tried next."""
        return self.paths[0]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.disk or str(self.drive)

    def is_due(self, now: float, every: float) -> bool:
        """Whether it is its time; a clock that was set back makes it so."""
        return now >= self.due or self.due - now > 2 * every

    def wait(self, now: float, every: float) -> None:
        """Plan its next turn."""
        spread = zlib.crc32((self.key or str(self.drive)).encode()) / 2**32 * 2 - 1
        self.due = now + every * (1 + JITTER * spread)

    def rests(self, now: float, past: Past | None, traffic: str) -> bool:
        """Whether to leave it alone: it turns, nobody has used it since, its values are young."""
        young = past is not None and 0 <= now - past.spoke < REST_SECONDS
        return self.rotates is True and young and traffic != "" and traffic == self.traffic

    def rest(self) -> None:
        """Leave it alone this time: one that was awake may have gone to sleep since."""
        if self.mode not in _ASLEEP:
            self.mode = None

    def next_path(self) -> None:
        """Try another path next time, where there is one."""
        self.paths.append(self.paths.pop(0))

    def learn(self, answer: Answer) -> None:
        """Take what it said of itself, its identity where the kernel knows none."""
        self.last, self.mode = answer, answer.mode
        told = answer.wwn or answer.serial or self.key or self.disk
        if not self.named and told:
            self.key = told.encode()[:MAX_KEY_BYTES].decode(errors="ignore")

    def device(self) -> dict[str, str | None]:
        """Its row of the inventory."""
        size = self.last.values.get(Disk.size_bytes)
        told = self.last
        return {
            Device.device.name: self.key, Device.kind.name: "disk",
            Device.model.name: told.model, Device.serial.name: told.serial,
            Device.firmware.name: told.firmware, Device.address.name: self.name,
            Device.size.name: None if size is None else f"{size} B",
        }  # fmt: skip


def judge(unit: Unit, past: Past, now: float, *, refused: bool | None) -> Health:
    """The health of a disk by its last values, and what the pools say of it."""
    known = unit.last.rotates if unit.rotates is None else unit.rotates
    return health.judge(
        past.values, past.risen(now), rotates=known, nvme=unit.last.nvme or _is_nvme(past.values),
        prefail=unit.last.prefail, refused=refused,
    )  # fmt: skip


def _is_nvme(values: Mapping[Field, Value]) -> bool:
    return values.get(Disk.critical_warning) is not None


def row(unit: Unit, past: Past | None, score: Health, now: float) -> dict[Field, Value]:
    """Its row: what it said last, how old that is, and how it is judged."""
    known: dict[Field, Value] = dict(past.values) if past is not None else {}
    reason = Disk.health_reason.codes.index(score.reason) if score.ratio is not None else None
    return known | {
        Disk.disk: unit.key,
        Disk.power_mode: None if unit.mode is None else Disk.power_mode.codes.index(unit.mode),
        Disk.smart_age_seconds: None if past is None else max(0.0, now - past.spoke),
        Disk.health_ratio: score.ratio,
        Disk.health_reason: reason,
    }


def silent_row(unit: Unit, past: Past, now: float) -> dict[Field, Value]:
    """The row of a disk that does not answer: how long ago it did, and nothing else."""
    return {Disk.disk: unit.key, Disk.smart_age_seconds: max(0.0, now - past.spoke)}
