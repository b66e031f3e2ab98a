"""What a SCSI or SAS disk says: its error counters and its list of grown defects."""

from typing import Final

from agent.foreign import Document, at, whole, words
from vigie.catalogue import Disk
from vigie.shape import Field, Value
from vigie.units import RATIO_PER_PERCENT

_ERRORS: Final = "scsi_error_counter_log"
_BYTES_PER_GIGABYTE: Final = 10**9


def values(told: Document) -> dict[Field, Value]:
    """The fields that only SCSI disks have; empty for others."""
    if words(told, "device", "protocol") != "SCSI":
        return {}
    uncorrected = [
        count for done in ("read", "write", "verify")
        if (count := whole(told, _ERRORS, done, "total_uncorrected_errors")) is not None
    ]  # fmt: skip
    worn = whole(told, "scsi_percentage_used_endurance_indicator")
    return {
        Disk.grown_defects: whole(told, "scsi_grown_defect_list"),
        Disk.uncorrected_errors_total: sum(uncorrected) if uncorrected else None,
        Disk.read_bytes_total: _bytes(told, "read"),
        Disk.written_bytes_total: _bytes(told, "write"),
        Disk.endurance_used_ratio: None if worn is None else worn * RATIO_PER_PERCENT,
        Disk.power_cycles_total: whole(
            told, "scsi_start_stop_cycle_counter", "accumulated_start_stop_cycles"
        ),
    }


def _bytes(told: Document, done: str) -> int | None:
    """Bytes processed, which smartctl writes as a text of 10^9 bytes with three decimals."""
    text = at(told, _ERRORS, done, "gigabytes_processed")
    whole_part, _, decimals = text.partition(".") if isinstance(text, str) else ("", "", "")
    if not (whole_part.isdecimal() and decimals.isdecimal() and len(whole_part) < 10):
        return None
    return int(whole_part) * _BYTES_PER_GIGABYTE + int(f"{decimals:0<9.9}")
