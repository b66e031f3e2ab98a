"""What smartctl says: its arguments, its exit status, and its JSON as one answer of a disk.

The exit status is a set of bits, most of which come with a complete document: the document is
read whatever the status (smartctl(8), EXIT STATUS). Needs smartctl 7.0 or later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from agent import foreign
from agent.disks import ata, nvme, scsi
from agent.foreign import Document
from vigie.catalogue import Disk
from vigie.shape import Field, Value
from vigie.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE

SCAN: Final = ("--json=c", "--scan-open")
SCAN_CLOSED: Final = ("--json=c", "--scan")
"""The same without opening any drive, for where one of them hangs."""
ASK: Final = (
    "--json=c", "--nocheck=standby", "--info", "--health", "--attributes",
    "--log=error", "--log=devstat", "--log=ssd",
)  # fmt: skip
"""All that the catalogue has a field for, and no more.

`--xall` would also read the temperature history, the log directories of self-tests and the
counters of the link: two dozen commands more a disk, some of which hang bridges.
"""

COMMAND_LINE: Final = 0x01
FAILING: Final = 0x08
PREFAIL: Final = 0x10
BITS: Final = (
    "the command line was refused",
    "the device could not be opened or identified, or sleeps",
    "a SMART command failed, or a checksum of the disk's data is wrong",
    "the disk says that it is failing",
    "an attribute that announces failure is at its threshold",
    "an attribute has been at its threshold in the past",
    "the disk's log holds errors",
    "the disk's log holds self-tests that failed",
)
"""What each bit of the exit status says, lowest first."""

_MODES: Final = (("SLEEP", "sleep"), ("STANDBY", "standby"), ("LOW POWER", "standby"),
                 ("IDLE", "idle"))  # fmt: skip
REFUSALS: Final = ("Permission denied", "Operation not permitted", "must be root", "requires root")
_UNKNOWN: Final = ("Unable to detect device type", "Unknown USB bridge", "SMART support is",
                   "Unsupported USB bridge", "specify device type")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a disk gave no values: a short machine word, and words for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one disk said.

    `values` are in base units, None where the disk does not say. `rotates` is None when unknown;
    `nvme` says that its self-assessment is no more than `critical_warning`. `prefail` is that an
    attribute which announces failure has reached its threshold. `notes` explain the exit status.
    """

    values: Mapping[Field, Value] = field(default_factory=dict)
    mode: str | None = None
    asleep: bool = False
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    rotates: bool | None = None
    nvme: bool = False
    prefail: bool = False
    wwn: str | None = None
    serial: str | None = None
    model: str | None = None
    firmware: str | None = None


def explain(status: int) -> tuple[str, ...]:
    """Each bit of an exit status in words."""
    return tuple(meaning for bit, meaning in enumerate(BITS) if status >> bit & 1)


def answer(status: int, out: bytes, complaint: str = "") -> Answer:
    """What a disk said, from what smartctl left when it was asked with `ASK`."""
    told = foreign.parse(out)
    if told is None:
        return Answer(problem=unreadable(out, complaint), notes=explain(status & 0xFF))
    # The document says it too, and more surely than a wrapper's exit.
    status = foreign.whole(told, "smartctl", "exit_status") or status & 0xFF
    messages = [
        m for e in foreign.each(told, "smartctl", "messages")
        if (m := foreign.words(e, "string")) is not None
    ]  # fmt: skip
    mode, asleep = _power(told, messages)
    if asleep:
        return Answer(mode=mode, asleep=True)
    values = _values(told)
    if not any(v is not None for f, v in values.items() if f is not Disk.size_bytes):
        return Answer(problem=_silent(status, messages), notes=explain(status), mode=mode)
    if values.get(Disk.smart_passed) is None and status & FAILING:
        values[Disk.smart_passed] = False
    turning = foreign.number(told, "rotation_rate")
    return Answer(
        values, mode or ("active" if _protocol(told) in {"ATA", "SCSI"} else None),
        notes=explain(status), rotates=None if turning is None else turning > 0,
        nvme=nvme.PAGE in told, prefail=bool(status & PREFAIL), wwn=_wwn(told),
        serial=foreign.words(told, "serial_number"),
        model=foreign.words(told, "model_name") or foreign.words(told, "scsi_model_name"),
        firmware=foreign.words(told, "firmware_version") or foreign.words(told, "scsi_revision"),
    )  # fmt: skip


def _values(told: Document) -> dict[Field, Value]:
    """The fields that every kind of disk has, and those of its own kind."""
    hours = foreign.whole(told, "power_on_time", "hours")
    minutes = foreign.whole(told, "power_on_time", "minutes") or 0
    common: dict[Field, Value] = {
        Disk.smart_passed: foreign.flag(told, "smart_status", "passed"),
        Disk.size_bytes: foreign.whole(told, "user_capacity", "bytes") or None,
        Disk.temperature_celsius: _temperature(told),
        Disk.power_on_seconds_total: (
            None if hours is None else hours * SECONDS_PER_HOUR + minutes * SECONDS_PER_MINUTE
        ),
        Disk.power_cycles_total: foreign.whole(told, "power_cycle_count"),
    }
    own = ata.values(told) | nvme.values(told) | scsi.values(told)
    merged = common | {f: v for f, v in own.items() if v is not None}
    return {f: v if _kept(v) else None for f, v in merged.items()}


def _kept(value: Value) -> bool:
    """Whether a reading can carry it: a count beyond is damage, not data."""
    return not isinstance(value, int) or value <= foreign.LARGEST


def _temperature(told: Document) -> float | None:
    """In degrees Celsius; a SCSI disk that says 0, and no limit, has no sensor."""
    degrees = foreign.number(told, "temperature", "current")
    without = _protocol(told) == "SCSI" and not foreign.number(told, "temperature", "drive_trip")
    return None if degrees == 0 and without else degrees


def _protocol(told: Document) -> str | None:
    return foreign.words(told, "device", "protocol")


def _power(told: Document, messages: list[str]) -> tuple[str | None, bool]:
    """The power mode, and whether smartctl went away so as not to wake the disk."""
    for message in messages:
        if message.startswith("Device is in ") and "exit(" in message:
            return _mode(message.removeprefix("Device is in ")) or "standby", True
    named = foreign.words(told, "power_mode", "name")
    return (None if named is None else _mode(named) or "active"), False


def _mode(name: str) -> str | None:
    if name.startswith("ACTIVE"):
        return "active"
    return next((mode for start, mode in _MODES if name.startswith(start)), None)


def _wwn(told: Document) -> str | None:
    """The world-wide name in the spelling of the kernel's wwid, as naa.5000c500a1b2c3d4."""
    naa = foreign.whole(told, "wwn", "naa")
    oui, unique = foreign.whole(told, "wwn", "oui"), foreign.whole(told, "wwn", "id")
    if naa and oui is not None and unique is not None:
        return f"naa.{naa:x}{oui:06x}{unique:09x}"
    unit = foreign.words(told, "logical_unit_id")
    return f"naa.{unit[2:].lower()}" if unit and unit.startswith("0x") else None


def unreadable(out: bytes, complaint: str) -> Problem:
    """Why what smartctl wrote is no document at all."""
    if out.lstrip()[:8].lower().startswith(b"smartctl"):
        return Problem(
            "old", "this smartctl writes no JSON: smartmontools 7.0 or later is needed; "
            "sudo apt install smartmontools",
        )  # fmt: skip
    if out.lstrip().startswith(b"{"):
        return Problem("answer", f"smartctl's answer is damaged after {len(out)} bytes")
    return Problem("answer", complaint or "smartctl answered nothing")


def _silent(status: int, messages: list[str]) -> Problem:
    """Why a document has no values of the disk."""
    said = "; ".join(dict.fromkeys(messages[:3])) or "; ".join(explain(status))
    if any(refusal in said for refusal in REFUSALS):
        return Problem("denied", said)
    if any(unknown in said for unknown in _UNKNOWN):
        return Problem("unsupported", said)
    if status & COMMAND_LINE:
        return Problem("arguments", said)
    return Problem("open", said) if status & 0x06 else Problem("unsupported", said or "no SMART")
