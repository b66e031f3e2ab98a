"""What hangs at /sys/class/hwmon: the sensors of each chip, their places and their names.

The numbers of the kernel (hwmon3, i2c-5, nvme0) change from one start to the next, so a chip is
named by its driver and by where it hangs: `coretemp:coretemp.0`, `nvme:0000:01:00.0`,
`pmbus:0000:00:1f.4-0058`.

File names and units: the kernel's Documentation/ABI/testing/sysfs-class-hwmon.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import sysfs
from vigie.frame import MAX_KEY_BYTES
from vigie.units import CELSIUS_PER_MILLICELSIUS, WATTS_PER_MICROWATT

PROCESSOR_CHIPS: Final = frozenset(
    {"coretemp", "k10temp", "k8temp", "zenpower", "cpu_thermal", "via_cputemp", "fam15h_power"}
)
MEMORY_CHIPS: Final = frozenset({"jc42", "spd5118"})
DISK_CHIPS: Final = frozenset({"nvme", "drivetemp"})
GPU_CHIPS: Final = frozenset({"amdgpu", "radeon", "nouveau", "i915", "xe"})
COUNTED_CHIPS: Final = frozenset({"amd_energy", "fam15h_power"})
"""They tell of the packages that RAPL counts: where that is, they are left out."""
SUPPLY_CHIPS: Final = (
    "acbel", "bpa", "cffps", "crps", "dps", "fsp", "intel_crps", "ipsps", "pfe", "pmbus", "yh",
    "ym",
)  # fmt: skip
"""How PMBus drivers for the power supplies of servers are called; others regulate boards."""
METER_CHIP: Final = "power_meter"
"""ACPI's power meter (acpi_power_meter): of the whole machine, or of a part that it names."""

PLACES: Final = (
    ("inlet", re.compile(r"inlet|intake|ambient|front", re.IGNORECASE)),
    ("exhaust", re.compile(r"exhaust|outlet", re.IGNORECASE)),
    ("memory", re.compile(r"dimm|memory", re.IGNORECASE)),
    ("processor", re.compile(r"\bcpu|package id|t(ctl|die)", re.IGNORECASE)),
)
TAKEN: Final = "pin"
"""How PMBus labels the power that a device takes."""
PMBUS_POWER: Final = re.compile(r"p(in|out)\d*")
FAN_ALARMS: Final = {"fault": "fault", "alarm": "low", "min_alarm": "low", "max_alarm": "high"}
"""Bit of `Cooling.alarms` by end of file name; a bare alarm of a fan is that it is too slow."""
METER_ALARMS: Final = dict.fromkeys(("alarm", "max_alarm", "crit_alarm"), "overload")
"""The same, of `Power.alarms`."""
I2C_CLIENT: Final = re.compile(r"\d+-[0-9a-f]{4}")
I2C_ADAPTER: Final = re.compile(r"i2c-\d+")
SCSI: Final = re.compile(r"\d+:\d+:\d+:\d+")
DETAIL: Final = re.compile(r"Core \d+|Tccd\d+", re.IGNORECASE)
"""Sensors inside a processor: what the package says is the hottest of them."""
LIMITS_CELSIUS: Final = (0.0, 200.0)
"""A limit beyond is a register that was never set: some NVMe say 65,261 °C."""


@dataclass(frozen=True, slots=True)
class Thermometer:
    """`prefix` is the path up to temp1, `limit` the maker's in °C."""

    prefix: str
    sensor: str
    place: str
    limit: float | None
    has_fault: bool
    humidity: str | None


@dataclass(frozen=True, slots=True)
class Fan:
    """`alarms` are the files that say what is wrong, with the name of the bit."""

    prefix: str
    component: str
    greatest_rpm: int | None
    alarms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Meter:
    """One point where power or energy is told, by the paths of its files."""

    name: str
    role: str
    watts: str | None
    window: str | None
    joules: str | None
    volts: str | None
    amperes: str | None
    capacity: float | None
    alarms: tuple[tuple[str, str], ...]
    zero_is_unknown: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip: its folder, its driver, its name among all, and the files that it has."""

    folder: str
    driver: str
    title: str
    files: frozenset[str]

    def thermometers(self) -> Iterator[Thermometer]:
        """Its temperatures, without those inside a processor whose package tells its own."""
        labels = self._labels("temp")
        whole = {n: label for n, label in labels.items() if not DETAIL.fullmatch(label)}
        if "Tdie" in whole.values():  # Tctl is the same with an offset, to steer fans by
            whole = {n: label for n, label in whole.items() if label != "Tctl"}
        for n, label in (whole or labels).items():
            yield Thermometer(
                prefix=f"{self.folder}/temp{n}",
                sensor=self._named(label),
                place=place(self.driver, label),
                limit=self._limit(n),
                has_fault=f"temp{n}_fault" in self.files,
                humidity=self._path(f"humidity{n}_input"),
            )

    def fans(self) -> Iterator[Fan]:
        """Its fans; one that is switched off in the chip is none."""
        for n, label in self._labels("fan").items():
            if sysfs.number(f"{self.folder}/fan{n}_enable") != 0:
                greatest = sysfs.number(f"{self.folder}/fan{n}_max") or None
                alarms = self._alarms(f"fan{n}", FAN_ALARMS)
                yield Fan(f"{self.folder}/fan{n}", self._named(label), greatest, alarms)

    def meters(self) -> Iterator[Meter]:
        """Where it tells power or energy; what a supply gives lies within what it takes."""
        labels = self._labels("energy") | self._labels("power", "average") | self._labels("power")
        if any(label.startswith(TAKEN) for label in labels.values()):
            labels = {n: label for n, label in labels.items() if label.startswith(TAKEN)}
        if self.driver == "amd_energy":  # a socket contains its cores
            labels = {n: label for n, label in labels.items() if label.startswith("Esocket")}
        for n, label in labels.items():
            yield self._meter(n, label)

    def _meter(self, n: int, label: str) -> Meter:
        instant, mean = self._path(f"power{n}_input"), self._path(f"power{n}_average")
        rated = sysfs.number(f"{self.folder}/power{n}_rated_max")
        return Meter(
            name=self._named(label),
            role=role(self.driver, label, n),
            watts=instant or mean,
            window=None if instant else self._path(f"power{n}_average_interval"),
            joules=self._path(f"energy{n}_input"),
            volts=self._beside("in", "v", n, label),
            amperes=self._beside("curr", "i", n, label),
            capacity=rated * WATTS_PER_MICROWATT if rated else None,
            alarms=self._alarms(f"power{n}", METER_ALARMS),
            zero_is_unknown=self.driver == METER_CHIP,
        )

    def _labels(self, kind: str, value: str = "input") -> dict[int, str]:
        """What each sensor of a kind is called, by number; `temp3` where that is not unique."""
        found = (re.fullmatch(rf"{kind}(\d+)_{value}", file) for file in self.files)
        said = {n: self._label(kind, n) for n in sorted(int(m[1]) for m in found if m)}
        times = Counter(said.values())
        return {n: name if times[name] == 1 else f"{kind}{n}" for n, name in said.items()}

    def _label(self, kind: str, n: int) -> str:
        files = (f"{kind}{n}_label", f"{kind}{n}_oem_info")
        said = (sysfs.text(f"{self.folder}/{file}") for file in files if file in self.files)
        return next(filter(None, (clean(text or "") for text in said)), f"{kind}{n}")

    def _beside(self, kind: str, letter: str, n: int, label: str) -> str | None:
        """The voltage or current at the point of a power: vin and iin go with pin, in2 with power2.

        Voltages without a power are left out: what a board's chip says of its rails is not scaled.
        """
        if PMBUS_POWER.fullmatch(label):
            wanted, labels = letter + label[1:], self._labels(kind)
            n = next((number for number, name in labels.items() if name == wanted), -1)
        return self._path(f"{kind}{n}_input")

    def _alarms(self, prefix: str, bits: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        files = ((f"{prefix}_{suffix}", bit) for suffix, bit in bits.items())
        return tuple((f"{self.folder}/{file}", bit) for file, bit in files if file in self.files)

    def _path(self, file: str) -> str | None:
        return f"{self.folder}/{file}" if file in self.files else None

    def _limit(self, n: int) -> float | None:
        low, high = LIMITS_CELSIUS
        for suffix in ("crit", "max"):
            said = sysfs.number(f"{self.folder}/temp{n}_{suffix}")
            celsius = None if said is None else said * CELSIUS_PER_MILLICELSIUS
            if celsius is not None and low < celsius < high:
                return celsius
        return None

    def _named(self, label: str) -> str:
        return f"{self.title}:{label}".encode()[:MAX_KEY_BYTES].decode(errors="ignore")


def chips(hwmon: Path) -> list[Chip]:
    """Every chip there, in the kernel's order.

    Raises:
        OSError: the folder is missing or closed to us.
    """
    found: list[Chip] = []
    named: Counter[str] = Counter()
    for entry in sorted(hwmon.iterdir(), key=lambda path: (len(path.name), path.name)):
        device = entry / "device"
        folder = entry if (entry / "name").exists() else device  # as drivers of old have it
        files = frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else None
        if files is None:
            continue  # it has just gone
        driver = clean(sysfs.text(folder / "name") or "") or "unknown"
        name = f"{driver}:{_hung(device)}"
        named[name] += 1
        title = name if named[name] == 1 else f"{name}#{named[name]}"
        found.append(Chip(str(folder), driver, title, files))
    return found


def _hung(device: Path) -> str:
    """Where the device behind a link hangs; of a disk on SCSI or SATA, which disk it is."""
    if not device.exists():
        return "virtual"
    where = device.resolve()
    disk = clean(sysfs.text(device / "wwid") or "") if SCSI.fullmatch(where.name) else ""
    return disk.replace(" ", "_") or anchor(where)


def anchor(device: Path) -> str:
    """Where a device hangs, in words that stay: without the numbers in order of discovery."""
    if I2C_CLIENT.fullmatch(device.name):
        above = next(p for p in device.parents if not I2C_ADAPTER.fullmatch(p.name))
        return f"{anchor(above)}-{device.name.partition('-')[2]}"
    if device.parent.name == "nvme":
        return anchor(device.parent.parent)
    return device.name


def place(driver: str, label: str) -> str:
    """Where a thermometer sits, as the key `place` of `environment` says it."""
    if driver in DISK_CHIPS:
        return "disk"
    if driver in MEMORY_CHIPS:
        return "memory"
    if driver in PROCESSOR_CHIPS:
        return "processor"
    if driver in GPU_CHIPS:
        return "board"  # its `mem` and `edge` are not the host's
    return next((where for where, words in PLACES if words.search(label)), "board")


def role(driver: str, label: str, number: int) -> str:
    """The place in the PUE of a point where a chip tells power: always a part.

    A board or module contains what its further numbers tell: only the first is the GPU. Of Grace
    only the rail of the cores is `cpu`, as a RAPL package is: module and socket contain it.
    """
    if label.startswith(TAKEN) and driver.startswith(SUPPLY_CHIPS):
        return "supply"
    if driver in GPU_CHIPS and number == 1:
        return "gpu"
    if driver in COUNTED_CHIPS or (driver == METER_CHIP and label.startswith("CPU Power")):
        return "cpu"
    return "other"


def clean(text: str) -> str:
    """A word that may be part of a key: printable, single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
