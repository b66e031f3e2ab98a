"""What an ATA disk says: attributes whose meaning depends on the maker, and standard statistics.

An attribute counts only under a name of its own meaning: makers of SSDs use the numbers of
errors for bytes written, and smartctl's drive database knows which do.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from agent.foreign import Document, at, each, whole, words
from vigie.catalogue import Disk
from vigie.shape import Field, Value
from vigie.units import BYTES_PER_GIBIBYTE, BYTES_PER_MEBIBYTE, RATIO_PER_PERCENT

_MEANINGS: Final = {
    5: (Disk.reallocated_sectors, re.compile(r"Reallo|Retire|Retried|Bad_Bl")),
    187: (Disk.reported_uncorrectable_total, re.compile(r"Uncorr|_UE_|_Unc_")),
    188: (Disk.command_timeouts_total, re.compile(r"Timeout")),
    197: (Disk.pending_sectors, re.compile(r"Pending")),
    198: (Disk.offline_uncorrectable_sectors, re.compile(r"Uncorr|Uncor_|UErr")),
    199: (Disk.crc_errors_total, re.compile(r"CRC")),
}  # fmt: skip
_ANY: Final = re.compile("")
_UNITS: Final = (
    (re.compile(r".*32MiB"), 32 * BYTES_PER_MEBIBYTE),
    (re.compile(r"(?:Host|Lifetime|Total)_(?:Reads|Writes)_GiB"), BYTES_PER_GIBIBYTE),
    (re.compile(r"Total_(?:Host_)?LBAs?_(?:Read|Written)"), 0),
)
"""Units of attributes 241 and 242 by their name; 0 is the logical block."""
_UNSUPPORTED: Final = (1 << 48) - 1
"""All bits of a raw value: the disk does not count this."""
_GENERAL, _SOLID_STATE = 1, 7
"""Pages of the device statistics (ACS-4, 9.5)."""


def values(told: Document) -> dict[Field, Value]:
    """The fields that only ATA disks have; empty for others."""
    if at(told, "ata_smart_attributes") is None and at(told, "ata_device_statistics") is None:
        return {}
    found: dict[Field, Value] = {}
    for attribute in each(told, "ata_smart_attributes", "table"):
        field, meaning = _MEANINGS.get(whole(attribute, "id") or 0, (None, _ANY))
        if field is not None and meaning.search(words(attribute, "name") or ""):
            found[field] = _count(attribute, field)
    block = whole(told, "logical_block_size")
    found[Disk.read_bytes_total] = _bytes(told, block, "host_reads", 40, 242)
    found[Disk.written_bytes_total] = _bytes(told, block, "host_writes", 24, 241)
    worn = _statistic(told, _SOLID_STATE, 8)
    found[Disk.endurance_used_ratio] = None if worn is None else worn * RATIO_PER_PERCENT
    logs = ("extended", "summary")
    counts = [whole(told, "ata_smart_error_log", log, "count") for log in logs]
    found[Disk.error_log_entries_total] = next((c for c in counts if c is not None), None)
    return found


def _count(attribute: Any, field: Field) -> int | None:
    """The number of things that a raw value of 48 bits holds.

    188 packs three counters of 16 bits, the lowest of which is the number of timeouts. Others may
    have more in their upper bits, and smartctl writes the part that counts first.
    """
    raw = whole(attribute, "raw", "value")
    if raw is None or raw >= _UNSUPPORTED:
        return None
    if field is Disk.command_timeouts_total:
        return raw & 0xFFFF
    first = re.match(r"\d+", words(attribute, "raw", "string") or "")
    return int(first[0]) if first and int(first[0]) <= raw else raw


def _bytes(told: Document, block: int | None, name: str, offset: int, id_: int) -> int | None:
    """Bytes of a life: what smartctl worked out, else the statistics, else the attribute."""
    units, per_unit = whole(told, name, "units"), whole(told, name, "bytes_per_unit")
    if units is not None and per_unit:
        return units * per_unit
    sectors = _statistic(told, _GENERAL, offset)
    if sectors is not None and block:
        return sectors * block
    for attribute in each(told, "ata_smart_attributes", "table"):
        raw = whole(attribute, "raw", "value")
        if whole(attribute, "id") == id_ and raw and at(told, "in_smartctl_database") is True:
            called = words(attribute, "name") or ""
            for meaning, factor in _UNITS:
                if meaning.fullmatch(called) and (factor or block):
                    return raw * (factor or block or 0)
    return None


def _statistic(told: Document, page: int, offset: int) -> int | None:
    """One value of the standard device statistics, when the disk says that it is valid."""
    for entry in _entries(told, page):
        if whole(entry, "offset") == offset and at(entry, "flags", "valid") is True:
            return whole(entry, "value")
    return None


def _entries(told: Document, page: int) -> Iterator[Any]:
    for part in each(told, "ata_device_statistics", "pages"):
        if whole(part, "number") == page:
            yield from each(part, "table")
