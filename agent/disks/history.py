"""What disks said before: their last values, and by how much their errors grew in 30 days.

Kept in one small file, so that growth and the age of a sleeping disk's values survive a restart.
"""

import contextlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent import files, foreign
from agent.disks.health import WATCHED, Health
from vigie.catalogue import Disk
from vigie.shape import Field, Kind, Value

DAY: Final = 86_400
WINDOW_SECONDS: Final = 30 * DAY
FORGET_SECONDS: Final = 90 * DAY
"""A disk not seen for so long has left; should it come back, it begins anew."""
WRITE_SECONDS: Final = 3_600.0
"""How often last values are written while nothing grows."""
STEP: Final = 0.1
"""A fall of the same component is told again when it is larger than this."""
MAX_DISKS: Final = 4_096
_VERSION: Final = 1

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Past:
    """One disk: when it last spoke (s UTC), what it said, and what grew on which day.

    `told` is, by component, the score that people were last told of and when.
    """

    spoke: float
    values: dict[Field, Value] = field(default_factory=dict)
    rises: dict[Field, dict[int, int]] = field(default_factory=dict)
    score: float | None = None
    told: dict[str, tuple[float, float]] = field(default_factory=dict)

    def risen(self, now: float) -> dict[Field, int]:
        """By how much each watched counter grew in the last 30 days."""
        first, last = _window(now)
        sums = {
            f: sum(n for day, n in days.items() if first <= day <= last)
            for f, days in self.rises.items()
        }
        return {f: n for f, n in sums.items() if n > 0}

    def take(self, now: float, values: Mapping[Field, Value]) -> bool:
        """Remember what it says now; whether a watched counter grew.

        A counter that is first seen has a level and no growth; one that falls began anew.
        """
        grew = False
        for counted in WATCHED:
            before, after = self.values.get(counted), values.get(counted)
            if isinstance(before, int) and isinstance(after, int) and after > before:
                days = self.rises.setdefault(counted, {})
                today = int(now // DAY)
                days[today] = days.get(today, 0) + after - before
                grew = True
        first, last = _window(now)
        for counted, days in list(self.rises.items()):
            self.rises[counted] = {day: n for day, n in days.items() if first <= day <= last}
        # What it leaves out this time it may say again: a counter is compared with the last seen.
        self.values |= {f: v for f, v in values.items() if v is not None or f not in WATCHED}
        self.spoke = now
        return grew

    def fell(self, now: float, health: Health) -> float | None:
        """The score before, when this health is a fall that people have not been told of."""
        before, ratio = 1.0 if self.score is None else self.score, health.ratio
        for component, (score, when) in list(self.told.items()):
            better = health.components.get(component, 0.0) >= score + STEP
            if better and now - when > DAY:
                del self.told[component]
        if ratio is None:
            return None
        self.score = ratio
        known, _ = self.told.get(health.reason, (2.0, 0.0))
        if ratio >= before or ratio > known - STEP:
            return None
        self.told[health.reason] = (ratio, now)
        return before


def _window(now: float) -> tuple[float, float]:
    """First and last day that count; a clock that was ahead once has written days beyond."""
    return (now - WINDOW_SECONDS) // DAY, now // DAY + 1


class History:
    """Every disk's past; `path` is where it is kept, None for memory alone."""

    def __init__(self, path: Path | None = None) -> None:
        """Nothing is read before `load`."""
        self._path = path
        self._disks: dict[str, Past] = {}
        self._written = float("-inf")
        self._news = False

    def load(self) -> None:
        """Read what an earlier run kept; a damaged file is put aside and said."""
        self._disks, self._news = {}, False
        if self._path is None:
            return
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("disk history cannot be read", extra={"file": self._path, "error": error})
            return
        told = foreign.parse(text)
        if told is None or foreign.whole(told, "version") != _VERSION:
            log.warning("disk history is damaged and put aside", extra={"file": self._path})
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".damaged"))
            return
        disks = foreign.at(told, "disks")
        for disk, kept in disks.items() if isinstance(disks, dict) else ():
            self._disks[disk] = _past(kept)

    def of(self, disk: str, now: float) -> Past | None:
        """The past of a disk; None when it never spoke."""
        past = self._disks.get(disk)
        if past is not None and past.spoke > now + DAY:
            past.spoke = now  # the clock was wrong then or is now
        return past

    def take(self, disk: str, now: float, values: Mapping[Field, Value]) -> Past:
        """Remember what a disk says now."""
        past = self._disks.get(disk)
        if past is None:
            past = self._disks[disk] = Past(now)
            self._news = True
        self._news |= past.take(now, values)
        return past

    def note(self) -> None:
        """Something worth keeping at once has happened."""
        self._news = True

    def save(self, now: float, *, whatever: bool = False) -> None:
        """Write it when something grew, every hour otherwise, or `whatever`."""
        due = self._news or whatever or not 0 <= now - self._written < WRITE_SECONDS
        if self._path is None or not due or not self._disks:
            return
        young = {d: p for d, p in self._disks.items() if now - p.spoke < FORGET_SECONDS}
        self._disks = dict(sorted(young.items(), key=lambda of: -of[1].spoke)[:MAX_DISKS])
        told = {"version": _VERSION, "disks": {d: _kept(p) for d, p in self._disks.items()}}
        self._written, self._news = now, False
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            files.replace(self._path, json.dumps(told, separators=(",", ":")).encode())
        except OSError as error:
            log.warning("disk history cannot be kept", extra={"file": self._path, "error": error})


def _kept(past: Past) -> dict[str, Any]:
    return {
        "spoke": past.spoke,
        "values": {f.name: v for f, v in past.values.items() if v is not None},
        "rises": {f.name: days for f, days in past.rises.items() if days},
        "score": past.score,
        "told": past.told,
    }


def _past(kept: Any) -> Past:
    """One disk as it was kept; what makes no sense is left out."""
    past = Past(foreign.number(kept, "spoke") or 0.0)
    for field_ in Disk.values:
        value = foreign.at(kept, "values", field_.name)
        if _sound(field_, value):
            past.values[field_] = value
    for counted in WATCHED:
        days = foreign.at(kept, "rises", counted.name)
        for day, amount in days.items() if isinstance(days, dict) else ():
            if day.isdecimal() and len(day) < 9 and foreign.whole(days, day):
                past.rises.setdefault(counted, {})[int(day)] = amount
    past.score = foreign.number(kept, "score")
    told = foreign.at(kept, "told")
    for component in told if isinstance(told, dict) else ():
        score, when = foreign.number(told, component, 0), foreign.number(told, component, 1)
        if score is not None and when is not None:
            past.told[component] = (score, when)
    return past


def _sound(of: Field, value: Any) -> bool:
    """Whether a value can be one of that field."""
    if of.kind is Kind.FLAG:
        return isinstance(value, bool)
    if of.integer:
        return foreign.whole({"": value}, "") is not None
    return foreign.number({"": value}, "") is not None
