"""Energy of processors and memory by their own counters, from RAPL through /sys/class/powercap.

A package contains its cores and uncore, and psys contains the packages: they are never added. Cores
and uncore are not given at all; `dram` is beside the package, and is.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import clock, sysfs
from agent.energy import PERIOD_SECONDS, Counter, Energy, doubted
from agent.rows import Row, columns
from agent.source import LIMIT_SECONDS, Found, Read, Run, grant
from vigie.catalogue import Power
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings
from vigie.units import JOULES_PER_MICROJOULE, WATTS_PER_MICROWATT

POWERCAP: Final = "/sys/class/powercap"
ZONE: Final = re.compile(r"(intel|amd)-rapl:\d+(:\d+)?")
"""A zone of packages or within one. `intel-rapl-mmio` shows the same packages once more."""

LONGEST_SECONDS: Final = 60.0
"""Where the range is not told, a counter may wrap once at 65 kJ: at 1 kW not within a minute."""
PACKAGE_WATTS: Final = 1_000.0
"""More than any package draws; over a minute still less than the smallest range, so that a known
range leaves no doubt."""
PLATFORM_WATTS: Final = 4_000.0

ROLES: Final = {"package": "cpu", "dram": "memory", "psys": "other"}
"""Place in the PUE by what the zone is; all of them are parts."""

_ROOT: Final = "root, or CAP_DAC_READ_SEARCH, since CVE-2020-8694"


@dataclass(frozen=True, slots=True)
class _Zone:
    path: str
    meter: str
    role: str
    counter: Counter


class RaplReader:
    """Reads each package, its memory, and the platform as a whole where it is counted."""

    name = "rapl"
    measurements = (Power,)
    runs: tuple[Run, ...] = ()
    period_seconds = PERIOD_SECONDS
    limit_seconds = LIMIT_SECONDS
    apart = False
    reads = (
        Read(POWERCAP, "which packages count their energy", grant="sudo modprobe intel_rapl_msr"),
        Read(f"{POWERCAP}/*/name", "what a zone is"),
        Read(f"{POWERCAP}/*/energy_uj", "energy of a zone", right=_ROOT, grant=grant("rapl")),
        Read(f"{POWERCAP}/*/max_energy_range_uj", "where its counter wraps", optional=True),
        Read(f"{POWERCAP}/*/constraint_0_power_limit_uw", "what it may draw", optional=True),
    )

    def __init__(
        self, powercap: str = POWERCAP, roles: Mapping[str, str] | None = None,
        seconds: Callable[[], float] = clock.seconds,
    ) -> None:  # fmt: skip
        """`roles` is by meter, where the default is wrong; `seconds` a clock that never steps."""
        self._powercap, self._roles, self._seconds = Path(powercap), roles or {}, seconds
        self._zones: list[_Zone] = []
        self._counters: dict[str, Counter] = {}
        self._doubted: dict[str, int] = {}
        self._is_open = False

    def open(self) -> None:
        """Find the zones; their counters go on where they were."""
        self._look()
        self._is_open = True

    def close(self) -> None:
        """No file is kept open."""
        self._is_open = False

    def read(self, now: int) -> Found:
        """One row for each zone; one that cannot be read has unknown fields."""
        if not self._is_open:
            raise SourceFailed("closed", "rapl: read before open")
        refusals: list[OSError] = []
        rows = [_row(zone, self._energy(zone, refusals)) for zone in self._zones]
        if len(refusals) == len(rows):
            self._look()  # another driver may have come in the place of one that went
            raise _failed(refusals)
        return Found(columns(Power, rows))

    def _look(self) -> None:
        try:
            entries = sorted(e for e in self._powercap.iterdir() if ZONE.fullmatch(e.name))
        except OSError:
            entries = []
        names = {entry.name: sysfs.text(entry / "name") for entry in entries}
        found: dict[str, _Zone] = {}
        for entry in entries:
            above = entry.name.rpartition(":")[0] if entry.name.count(":") > 1 else ""
            zone = self._zone(entry, names[entry.name] or "", names.get(above))
            if zone is not None:
                found.setdefault(zone.meter, zone)
        if not found:
            raise Absent(
                f"{self._powercap}: no energy counter of a processor (a virtual machine has none; "
                "else load one: sudo modprobe intel_rapl_msr)"
            )
        self._zones = list(found.values())

    def _zone(self, path: Path, name: str, above: str | None) -> _Zone | None:
        """A zone that is given, or None; `above` is what contains it, if anything does."""
        kind = name.partition("-")[0]
        if kind not in ROLES or (above is not None and kind != "dram"):
            return None
        meter = "rapl:" + "/".join(filter(None, (above, name)))
        if meter not in self._counters:
            span = sysfs.number(path / "max_energy_range_uj") or None
            self._counters[meter] = Counter(
                PLATFORM_WATTS if kind == "psys" else PACKAGE_WATTS,
                range_joules=span and span * JOULES_PER_MICROJOULE,
                longest_seconds=LONGEST_SECONDS,
            )
        role = self._roles.get(meter, ROLES[kind])
        return _Zone(str(path), meter, role, self._counters[meter])

    def _energy(self, zone: _Zone, refusals: list[OSError]) -> Energy:
        microjoules = None
        try:
            microjoules = sysfs.whole(sysfs.read(f"{zone.path}/energy_uj"))
        except OSError as error:
            refusals.append(error)
        joules = None if microjoules is None else microjoules * JOULES_PER_MICROJOULE
        energy = zone.counter.read(self._seconds(), joules)
        doubted(zone.meter, energy, self._doubted)
        return energy


def _row(zone: _Zone, energy: Energy) -> Row:
    """Its power is the mean since the reading before, by the counter."""
    return {
        Power.meter: zone.meter,
        Power.role: zone.role,
        Power.phase: "all",
        Power.method: "counter",
        Power.power_watts: energy.watts,
        Power.energy_joules_total: energy.joules,
        Power.capacity_watts: _limit(zone),
        Power.energy_error_ratio: None if energy.joules is None else energy.error_ratio,
        Power.gap_seconds_total: energy.gap_seconds,
        Power.resets_total: energy.resets,
    }


def _limit(zone: _Zone) -> float | None:
    """The long-term power limit that is set; 0 where the kernel cannot tell it."""
    microwatts = sysfs.number(f"{zone.path}/constraint_0_power_limit_uw")
    return microwatts * WATTS_PER_MICROWATT if microwatts else None


def _failed(refusals: list[OSError]) -> SourceFailed:
    """Why no zone at all can be read, and what to do."""
    first = refusals[0]
    if isinstance(first, PermissionError):
        return SourceFailed("denied", f"{first.filename}: only root may read it: {grant('rapl')}")
    return SourceFailed(
        "read", f"{first.filename}: {first.strerror}; is the module intel_rapl_msr still loaded?"
    )


def source(settings: AgentSettings) -> RaplReader:
    """The source, with the roles of its meters as set."""
    return RaplReader(roles=settings.roles)
