"""Temperatures, fans and power supplies of this machine, as its BMC tells them.

Apart from its power: a BMC takes up to half a minute for all of its sensors.
"""

from collections.abc import Callable, Mapping
from typing import Final

from agent import clock
from agent.energy import Trapezoid
from agent.ipmi import meaning, sensors
from agent.ipmi.bmc import INSTALL, READS, Bmc, refusal
from agent.ipmi.dcmi import LIMIT_WATTS
from agent.rows import Row, columns
from agent.source import Found, Run
from vigie.catalogue import Cooling, Environment, Power
from vigie.errors import SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Quality

PERIOD_SECONDS: Final = 60.0
ASK_SECONDS: Final = 40.0


class IpmiSensors:
    """Reads all sensors; never two questions at once."""

    name = "ipmi_sensors"
    measurements = (Environment, Cooling, Power)
    reads = READS
    runs = (Run("ipmitool", "-v -c sdr list", "temperatures, fans, power supplies", grant=INSTALL),)
    limit_seconds = ASK_SECONDS + 4.0
    apart = False

    def __init__(
        self, bmc: Bmc | None = None, roles: Mapping[str, str] | None = None,
        period_seconds: float = PERIOD_SECONDS, seconds: Callable[[], float] = clock.seconds,
    ) -> None:  # fmt: skip
        """`roles` is by meter, where the default is wrong; `seconds` is a steady clock."""
        self._bmc = bmc or Bmc(limit_seconds=ASK_SECONDS)
        self._roles, self._seconds = roles or {}, seconds
        self.period_seconds = period_seconds
        self._energy: dict[str, Trapezoid] = {}
        self._is_open = False

    def open(self) -> None:
        """See that there is a BMC; Absent or SourceFailed as `Bmc.open`."""
        self._bmc.open()
        self._is_open = True

    def close(self) -> None:
        """Nothing is kept open."""
        self._is_open = False

    def read(self, now: int) -> Found:
        """One row for each sensor that says something; the others are left out."""
        if not self._is_open:
            raise SourceFailed("closed", "ipmi_sensors: read before open")
        done = self._bmc.ask("-v", "-c", "sdr", "list")
        found = sensors.parse(done.out.decode(errors="replace"))
        if not found and done.status != 0:
            raise refusal(done, "its sensors")
        drawn = [self._row(draw) for draw in meaning.draws(found)]
        told = {
            **columns(Environment, meaning.environment(found)),
            **columns(Cooling, meaning.cooling(found)),
            **columns(Power, [row for row, _ in drawn]),
        }
        quality = {Power.name: [known for _, known in drawn]} if drawn else {}
        return Found(told, quality=quality)

    def _row(self, draw: meaning.Draw) -> tuple[Row, Quality]:
        """The row of a power supply or part; energy only where it tells its power."""
        row: Row = {
            Power.meter: draw.meter,
            Power.role: self._roles.get(draw.meter, draw.role),
            Power.phase: "all",
            Power.method: "gauge",
            Power.voltage_volts: draw.volts,
            Power.current_amperes: draw.amperes,
            Power.alarms: draw.alarms,
        }
        if draw.watts is None and draw.meter not in self._energy:
            return row, Quality.MEASURED
        trapezoid = self._energy.setdefault(
            draw.meter, Trapezoid(self.period_seconds, 0.0, LIMIT_WATTS)
        )
        energy = trapezoid.read(self._seconds(), draw.watts)
        return {
            **row,
            Power.power_watts: energy.watts,
            Power.energy_joules_total: energy.joules,
            Power.energy_error_ratio: None if energy.joules is None else energy.error_ratio,
            Power.gap_seconds_total: energy.gap_seconds,
        }, (Quality.MEASURED if energy.joules is None else energy.quality)


def source(settings: AgentSettings) -> IpmiSensors:
    """The source, with the roles and period as set."""
    period = settings.periods.get(IpmiSensors.name, PERIOD_SECONDS)
    return IpmiSensors(roles=settings.roles, period_seconds=period)
