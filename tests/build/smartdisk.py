"""A made-up ATA disk that the real smartctl reads: the transcript of its commands, for stdin.

`smartctl -` plays back what `smartctl --report=ataioctl,2` printed (smartctl(8)); here the sectors
are built by hand after ACS-4 and SFF-8035i. The disk's words are ours, the decoding smartctl's.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

SECTOR: Final = 512
_ENTRIES: Final = 30
_PREFAIL: Final = 0x0003


@dataclass(frozen=True, slots=True)
class Attribute:
    """One SMART attribute: normalised value, threshold, and a raw value of 48 bits."""

    raw: int
    value: int = 100
    threshold: int = 0
    flags: int = 0x0032


@dataclass(frozen=True, slots=True)
class SmartDisk:
    """What the disk says; `rpm` 1 is a solid state disk, 0 does not say.

    `awake` False refuses CHECK POWER MODE, as a disk in SLEEP does.
    """

    model: str = "VIGIE TEST DISK"
    serial: str = "VT0001"
    firmware: str = "F1"
    wwn: int = 0x5000_C500_A1B2_C3D4
    sectors: int = 7_814_037_168
    rpm: int = 7_200
    attributes: Mapping[int, Attribute] = field(default_factory=dict)
    passes: bool = True
    awake: bool = True

    def transcript(self) -> bytes:
        """All that smartctl may ask for, in the order in which it does."""
        parts = [
            _command("CHECK POWER MODE", returned=0 if self.awake else -1),
            _command("IDENTIFY DEVICE", data=self._identity()),
            _command("SMART READ ATTRIBUTE VALUES", data=self._values()),
            _command("SMART READ ATTRIBUTE THRESHOLDS", data=self._thresholds()),
            _command("SMART STATUS CHECK", returned=0 if self.passes else 1),
        ]
        return "\n".join(line for part in parts for line in part).encode() + b"\n"

    def _identity(self) -> bytes:
        words = bytearray(SECTOR)
        for at, length, text in (
            (10, 10, self.serial), (23, 4, self.firmware), (27, 20, self.model),
        ):  # fmt: skip
            padded = text.encode().ljust(2 * length)
            swapped = b"".join(padded[n : n + 2][::-1] for n in range(0, 2 * length, 2))
            words[2 * at : 2 * (at + length)] = swapped
        name = [self.wwn >> shift & 0xFFFF for shift in (48, 32, 16, 0)]
        size = [self.sectors >> shift & 0xFFFF for shift in (0, 16, 32, 48)]
        for at, word in {
            49: 0x0200, 60: size[0], 61: size[1], 80: 0x07F0, 82: 0x0001, 83: 0x4400, 84: 0x4100,
            85: 0x0001, 86: 0x0400, 87: 0x4100, **dict(zip(range(100, 104), size, strict=True)),
            **dict(zip(range(108, 112), name, strict=True)), 217: self.rpm,
        }.items():  # fmt: skip
            struct.pack_into("<H", words, 2 * at, word)
        return bytes(words)

    def _values(self) -> bytes:
        page = bytearray(struct.pack("<H", 16))
        for number, of in list(self.attributes.items())[:_ENTRIES]:
            head = struct.pack("<BHBB", number, of.flags, of.value, min(of.value, 100))
            page += head + of.raw.to_bytes(6, "little") + b"\0"
        return _checked(page)

    def _thresholds(self) -> bytes:
        page = bytearray(struct.pack("<H", 16))
        for number, of in list(self.attributes.items())[:_ENTRIES]:
            page += struct.pack("<BB10x", number, of.threshold)
        return _checked(page)


def prefail(raw: int, value: int, threshold: int) -> Attribute:
    """An attribute that announces failure when it reaches its threshold."""
    return Attribute(raw, value, threshold, _PREFAIL)


def _checked(page: bytearray) -> bytes:
    """A sector whose bytes add up to nothing."""
    sector = page.ljust(SECTOR, b"\0")
    sector[-1] = -sum(sector[:-1]) & 0xFF
    return bytes(sector)


def _command(name: str, *, returned: int = 0, data: bytes | None = None) -> Iterator[str]:
    report = f"REPORT-IOCTL: Device=vigie Command={name}"
    yield report
    yield f"{report} returned {returned}" + (" errno=5 [I/O error]" if returned < 0 else "")
    if data is not None:
        yield f"===== [{name}] DATA START (BASE-16) ====="
        for at in range(0, SECTOR, 16):
            row = " ".join(f"{byte:02x}" for byte in data[at : at + 16])
            yield f"{at:03d}-{at + 15:03d}: {row} |................|"
        yield f"===== [{name}] DATA END (512 Bytes) ====="
