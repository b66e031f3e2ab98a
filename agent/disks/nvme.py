"""What an NVMe disk says: log page 02h, SMART / health information (NVMe base specification)."""

from typing import Final

from agent.foreign import Document, at, whole
from vigie.catalogue import Disk
from vigie.shape import Field, Value
from vigie.units import RATIO_PER_PERCENT, SECONDS_PER_HOUR

PAGE: Final = "nvme_smart_health_information_log"
DATA_UNIT_BYTES: Final = 512_000
"""A data unit is a thousand blocks of 512 bytes, whatever the disk's own block is."""


def values(told: Document) -> dict[Field, Value]:
    """The fields that only NVMe disks have; empty for others."""
    page = at(told, PAGE)
    if not isinstance(page, dict):
        return {}
    read, written = whole(page, "data_units_read"), whole(page, "data_units_written")
    spare, threshold = _ratio(page, "available_spare"), _ratio(page, "available_spare_threshold")
    if not spare and not threshold:  # virtual disks say 0 and 0: they have no spare at all
        spare = threshold = None
    hours = whole(page, "power_on_hours")
    return {
        Disk.critical_warning: _bits(page),
        Disk.endurance_used_ratio: _ratio(page, "percentage_used"),
        Disk.spare_ratio: spare,
        Disk.spare_threshold_ratio: threshold,
        Disk.media_errors_total: whole(page, "media_errors"),
        Disk.error_log_entries_total: whole(page, "num_err_log_entries"),
        Disk.read_bytes_total: None if read is None else read * DATA_UNIT_BYTES,
        Disk.written_bytes_total: None if written is None else written * DATA_UNIT_BYTES,
        Disk.power_cycles_total: whole(page, "power_cycles"),
        Disk.power_on_seconds_total: None if hours is None else hours * SECONDS_PER_HOUR,
        Disk.size_bytes: whole(told, "nvme_total_capacity") or None,
    }


def _bits(page: Document) -> int | None:
    """The warnings that the catalogue names; the others are reserved."""
    found = whole(page, "critical_warning")
    return None if found is None else found & (1 << len(Disk.critical_warning.codes)) - 1


def _ratio(page: Document, name: str) -> float | None:
    percent = whole(page, name)
    return None if percent is None or percent > 255 else percent * RATIO_PER_PERCENT
