"""Temperatures, fans, and power of a board, its supplies and its chips, from /sys/class/hwmon.

`agent/chips.py` says what there is; here it is read. Power is read at every turn, temperatures and
fans as often as their measurements want, since some chips take milliseconds to answer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from agent import chips, clock, sysfs
from agent.chips import Chip, Fan, Meter, Thermometer
from agent.energy import PERIOD_SECONDS, Counter, Energy, Trapezoid, doubted
from agent.rows import Row, columns
from agent.source import LIMIT_SECONDS, Found, Read, Run
from agent.sources import rapl
from vigie.catalogue import Cooling, Environment, Power
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Field, Measurement
from vigie.units import (
    AMPERES_PER_MILLIAMPERE,
    CELSIUS_PER_MILLICELSIUS,
    JOULES_PER_MICROJOULE,
    RATIO_PER_MILLIPERCENT,
    SECONDS_PER_MILLISECOND,
    VOLTS_PER_MILLIVOLT,
    WATTS_PER_MICROWATT,
)

HWMON: Final = "/sys/class/hwmon"
GREATEST_WATTS: Final = 20_000.0
"""More than any chip in a host measures."""
SLOW_SECONDS: Final = float(min(Cooling.period_seconds, Environment.period_seconds))
EARLY_SECONDS: Final = 1.0
"""Turns are not quite evenly spaced: what is due in so much is due now."""

SENSIBLE_MILLICELSIUS: Final = (-60_000, 150_000)
NOTHING_MILLICELSIUS: Final = frozenset({127_000, 127_500, 127_875, 128_000})
"""What a diode that is not connected reads, in the registers of eight bits."""
EMPTY_MILLICELSIUS: Final = frozenset({-1_000, -1, 0})
"""What a driver says that knows nothing; outside air apart, no sensor of a host is so cold."""
OUTER: Final = frozenset({"inlet", "exhaust"})

_GRANT: Final = "sudo apt install lm-sensors && sudo sensors-detect --auto"


class HwmonReader:
    """Reads every chip but those that tell again what RAPL counts."""

    name = "hwmon"
    measurements = (Power, Cooling, Environment)
    runs: tuple[Run, ...] = ()
    limit_seconds = LIMIT_SECONDS
    apart = False
    reads = (
        Read(HWMON, "which chips there are", grant=_GRANT),
        Read(f"{HWMON}/*", "the sensors of a chip"),
        Read(f"{HWMON}/*/*", "what each sensor says, its name and its limits"),
        Read(f"{HWMON}/*/device", "the same, of drivers of old", optional=True),
        Read(f"{HWMON}/*/device/*", "the same", optional=True),
        Read(rapl.POWERCAP, "whether RAPL counts the packages already", optional=True),
    )

    def __init__(
        self, hwmon: str = HWMON, powercap: str = rapl.POWERCAP,
        roles: Mapping[str, str] | None = None, seconds: Callable[[], float] = clock.seconds,
        period_seconds: float = PERIOD_SECONDS,
    ) -> None:  # fmt: skip
        """`roles` is by meter, where the default is wrong; `seconds` a clock that never steps."""
        self._hwmon, self._powercap = Path(hwmon), Path(powercap)
        self._roles, self._seconds = roles or {}, seconds
        self.period_seconds = period_seconds
        self._is_open = False
        self._entries: list[tuple[str, str]] = []
        self._meters: list[Meter] = []
        self._fans: list[Fan] = []
        self._thermometers: list[Thermometer] = []
        self._counters: dict[str, Counter] = {}
        self._trapezoids: dict[str, Trapezoid] = {}
        self._doubted: dict[str, int] = {}
        self._turned: set[str] = set()
        self._slow_at = 0.0

    def open(self) -> None:
        """Find the sensors; what counts energy goes on where it was."""
        self._entries = []
        self._look()
        self._is_open, self._slow_at = True, 0.0

    def close(self) -> None:
        """No file is kept open."""
        self._is_open = False

    def read(self, now: int) -> Found:
        """One row for each meter, and when they are due, for each fan and thermometer."""
        if not self._is_open:
            raise SourceFailed("closed", "hwmon: read before open")
        self._look()
        energies = [self._energy(meter) for meter in self._meters]
        for meter, energy in zip(self._meters, energies, strict=True):
            doubted(meter.name, energy, self._doubted)
        power = [self._power(m, e) for m, e in zip(self._meters, energies, strict=True)]
        parts: dict[type[Measurement], list[Row]] = {Power: power}
        if self._seconds() >= self._slow_at:
            self._slow_at = self._seconds() + SLOW_SECONDS - EARLY_SECONDS
            parts[Cooling] = [self._fan(fan) for fan in self._fans]
            parts[Environment] = [_temperature(t) for t in self._thermometers]
            self._check(power, parts[Environment])
        cells = {f: c for of, rows in parts.items() for f, c in columns(of, rows).items()}
        return Found(cells, quality={Power.name: [e.quality for e in energies]} if power else {})

    def _check(self, power: Sequence[Row], warmth: Sequence[Row]) -> None:
        """Some sensors fall silent; all of them together do not."""
        told = [row[Power.power_watts] for row in power]
        told += [row[Environment.temperature_celsius] for row in warmth]
        if told and all(value is None for value in told):
            raise SourceFailed(
                "read", f"{self._hwmon}: none of {len(told)} sensors says anything; see the "
                "kernel's log, and load the driver of the board again",
            )  # fmt: skip

    def _look(self) -> None:
        """Find the sensors again when a chip has come, gone or been given another number."""
        try:
            entries = sorted((e.name, _target(e)) for e in self._hwmon.iterdir())
            if entries == self._entries:
                return
            self._take(chips.chips(self._hwmon))
        except FileNotFoundError:
            entries = []
        except OSError as error:
            raise SourceFailed("read", f"{self._hwmon}: {error.strerror}") from error
        if not entries or not (self._meters or self._fans or self._thermometers):
            self._entries = []
            raise Absent(f"{self._hwmon}: no sensor (a virtual machine has none; else {_GRANT})")
        self._entries = entries

    def _take(self, found: Iterable[Chip]) -> None:
        counted = self._is_counted()
        known = [c for c in found if not (counted and c.driver in chips.COUNTED_CHIPS)]
        self._meters = [meter for chip in known for meter in chip.meters()]
        self._fans = [fan for chip in known for fan in chip.fans()]
        self._thermometers = [t for chip in known for t in chip.thermometers()]

    def _is_counted(self) -> bool:
        """Whether RAPL has the packages, readable or not: each is told by one of the two alone."""
        try:
            return any(rapl.ZONE.fullmatch(entry.name) for entry in self._powercap.iterdir())
        except OSError:
            return False

    def _energy(self, meter: Meter) -> Energy:
        if meter.joules is not None:
            counter = self._counters.setdefault(meter.name, Counter(GREATEST_WATTS))
            return counter.read(self._seconds(), _scaled(meter.joules, JOULES_PER_MICROJOULE))
        trapezoid = self._trapezoids.setdefault(
            meter.name, Trapezoid(self.period_seconds, 0.0, GREATEST_WATTS)
        )
        window = _scaled(meter.window, SECONDS_PER_MILLISECOND)
        return trapezoid.read(self._seconds(), _watts(meter), window)

    def _power(self, meter: Meter, energy: Energy) -> Row:
        counted = meter.joules is not None
        gauged = _watts(meter) if counted else None
        return {
            Power.meter: meter.name,
            Power.role: self._roles.get(meter.name, meter.role),
            Power.phase: "all",
            Power.method: "counter" if counted else "gauge",
            Power.power_watts: energy.watts if gauged is None else gauged,
            Power.energy_joules_total: energy.joules,
            Power.voltage_volts: _scaled(meter.volts, VOLTS_PER_MILLIVOLT),
            Power.current_amperes: _scaled(meter.amperes, AMPERES_PER_MILLIAMPERE),
            Power.capacity_watts: meter.capacity,
            Power.energy_error_ratio: None if energy.joules is None else energy.error_ratio,
            Power.gap_seconds_total: energy.gap_seconds,
            Power.resets_total: energy.resets,
            Power.alarms: _alarms(meter.alarms, Power.alarms),
        }

    def _fan(self, fan: Fan) -> Row:
        """One fan; one that was never seen turning may be a header with no fan: it is unknown."""
        rpm, alarms = sysfs.number(f"{fan.prefix}_input"), _alarms(fan.alarms, Cooling.alarms)
        if rpm:
            self._turned.add(fan.component)
        broken = bool((alarms or 0) & 1 << Cooling.alarms.codes.index("fault"))
        if rpm is not None and (rpm < 0 or broken or fan.component not in self._turned):
            rpm = None
        share = None if rpm is None or not fan.greatest_rpm else rpm / fan.greatest_rpm
        return {
            Cooling.component: fan.component,
            Cooling.kind: "air",
            Cooling.fan_speed_rpm: rpm,
            Cooling.speed_ratio: share if share is not None and share <= 1 else None,
            Cooling.running: None if rpm is None else rpm > 0,
            Cooling.alarms: alarms,
        }


def _temperature(of: Thermometer) -> Row:
    broken = of.has_fault and sysfs.number(f"{of.prefix}_fault")
    said = None if broken else sysfs.number(f"{of.prefix}_input")
    low, high = SENSIBLE_MILLICELSIUS
    empty = NOTHING_MILLICELSIUS if of.place in OUTER else NOTHING_MILLICELSIUS | EMPTY_MILLICELSIUS
    known = said is not None and low <= said <= high and said not in empty
    return {
        Environment.sensor: of.sensor,
        Environment.place: of.place,
        Environment.temperature_celsius: (said or 0) * CELSIUS_PER_MILLICELSIUS if known else None,
        Environment.limit_celsius: of.limit,
        Environment.humidity_ratio: _scaled(of.humidity, RATIO_PER_MILLIPERCENT),
    }


def _watts(meter: Meter) -> float | None:
    watts = _scaled(meter.watts, WATTS_PER_MICROWATT)
    return None if watts == 0 and meter.zero_is_unknown else watts


def _scaled(path: str | None, factor: float) -> float | None:
    said = None if path is None else sysfs.number(path)
    return None if said is None else said * factor


def _alarms(files: Sequence[tuple[str, str]], field: Field) -> int | None:
    """The bits of what complains; None where nothing could, or none of it can be read."""
    said = [(sysfs.number(path), 1 << field.codes.index(bit)) for path, bit in files]
    known = [(value, bit) for value, bit in said if value is not None]
    bits = 0
    for value, bit in known:
        bits |= bit if value else 0
    return bits if known else None


def _target(entry: Path) -> str:
    """What a chip's entry points at: another device may come under the same number."""
    return str(entry.readlink()) if entry.is_symlink() else ""


def source(settings: AgentSettings) -> HwmonReader:
    """The source, with its period and the roles of its meters as set."""
    period = settings.periods.get(HwmonReader.name, PERIOD_SECONDS)
    return HwmonReader(roles=settings.roles, period_seconds=period)
