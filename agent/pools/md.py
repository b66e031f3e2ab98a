"""md arrays: /proc/mdstat for which there are, /sys/block/*/md for how they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.devices import SECTOR_BYTES
from agent.foreign import decimal
from agent.pools.state import PoolState

KIND: Final = "md"
MDSTAT: Final = Path("/proc/mdstat")
ATTRIBUTES: Final = (
    "array_state", "level", "raid_disks", "degraded", "sync_action", "sync_completed",
    "mismatch_cnt",
)  # fmt: skip

_SPARE_DISKS: Final = {"raid4": 1, "raid5": 1, "raid6": 2}
"""How many disks an array can lose; a mirror can lose all but one."""
_STATES: Final = {
    "clear": "offline", "inactive": "offline", "suspended": "suspended", "broken": "faulted",
}  # fmt: skip
_ACTIONS: Final = {
    "idle": "idle", "frozen": "idle", "check": "scrub", "repair": "scrub", "resync": "rebuild",
    "recover": "rebuild", "reshape": "reshape", "recovery": "rebuild",
}  # fmt: skip
_ARRAY: Final = re.compile(r"^(md\S*) : (active|inactive|broken)\b(.*)$", re.MULTILINE)
_COUNT: Final = re.compile(r"\[(\d{1,6})/(\d{1,6})\] \[[U_]+\]")
_ACTION: Final = re.compile(r"(check|repair|resync|recovery|reshape) *= *(\d+(?:\.\d+)?)%")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What sysfs tells of an array: texts by name, and by member its state and its read errors."""

    texts: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    sectors: int | None = None


def names(mdstat: str) -> list[str]:
    """The arrays of /proc/mdstat."""
    return [found[1] for found in _ARRAY.finditer(mdstat)]


def attributes(block: Path, name: str) -> Attributes:
    """What sysfs tells of one array; a file that is not there is left out."""
    folder = block / name / "md"
    texts = {n: text for n in ATTRIBUTES if (text := _text(folder / n))}
    try:
        members = sorted(p for p in folder.iterdir() if p.name.startswith("dev-"))
    except OSError:
        members = []
    states = {p.name.removeprefix("dev-"): _text(p / "state") for p in members}
    errors = {p.name.removeprefix("dev-"): decimal(_text(p / "errors")) for p in members}
    counted = {name: count for name, count in errors.items() if count is not None}
    return Attributes(texts, states, counted, decimal(_text(block / name / "size")))


def pool(mdstat: str, name: str, known: Attributes) -> PoolState:
    """One array, from its part of /proc/mdstat and what sysfs knows better."""
    part = _part(mdstat, name)
    texts = known.texts
    count = _COUNT.search(part)
    disks = decimal(texts.get("raid_disks") or "") or (int(count[1]) if count else None)
    failed = decimal(texts.get("degraded") or "")
    if failed is None and count:
        failed = int(count[1]) - int(count[2])
    if failed is None and known.states:  # without redundancy there is no degree of it
        failed = sum("faulty" in state.split(",") for state in known.states.values())
    action = _ACTION.search(part)
    word = texts.get("sync_action") or (action[1] if action else "idle")
    return PoolState(
        name, KIND, _status(part, texts, disks, failed), disks, failed,
        read_errors=sum(known.errors.values()) if known.errors else None,
        checksum_errors=decimal(texts.get("mismatch_cnt") or ""),
        activity=_ACTIONS.get(word), progress=_progress(texts.get("sync_completed"), action),
        size=None if known.sectors is None else known.sectors * SECTOR_BYTES,
    )  # fmt: skip


def _part(mdstat: str, name: str) -> str:
    for found in _ARRAY.finditer(mdstat):
        if found[1] == name:
            # An array ends at an empty line.
            return mdstat[found.start() :].partition("\n\n")[0].partition("\nunused")[0]
    return ""


def _status(
    part: str, texts: Mapping[str, str], disks: int | None, failed: int | None
) -> str | None:
    state = texts.get("array_state")
    if state is None:
        written = _ARRAY.match(part)
        state = written[2] if written else None
    if state is None:
        return None
    if state in _STATES:
        return _STATES[state]
    if not failed or disks is None:
        return "online"
    level = texts.get("level") or next((w for w in part.split() if w.startswith("raid")), "")
    most = {"raid1": disks - 1, "raid0": 0, "linear": 0}.get(level, _SPARE_DISKS.get(level, disks))
    return "faulted" if failed > most else "degraded"


def _progress(completed: str | None, action: re.Match[str] | None) -> float | None:
    """Of `done / total` in sectors, else of the line for people."""
    done, _, total = (completed or "").partition(" / ")
    of, to = decimal(done), decimal(total)
    if of is not None and to:
        return min(1.0, of / to)
    return min(1.0, float(action[2]) / 100) if action else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
