"""Power of this whole machine at its input, as its BMC tells it (DCMI): what counts as IT."""

from collections.abc import Callable, Mapping
from typing import Final

from agent import clock
from agent.energy import Trapezoid
from agent.ipmi import dcmi
from agent.ipmi.bmc import INSTALL, READS, Bmc, refusal
from agent.source import Found, Run
from vigie.catalogue import Power
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Columns, Quality

PERIOD_SECONDS: Final = 60.0
"""A BMC answers in 0.1 to 15 s, and has other things to do."""
ASK_SECONDS: Final = 10.0
METER: Final = "ipmi:dcmi"


class IpmiPower:
    """Reads the power of the machine; never two questions at once."""

    name = "ipmi_power"
    measurements = (Power,)
    reads = READS
    runs = (Run("ipmitool", "dcmi power reading", "power of the machine", grant=INSTALL),)
    limit_seconds = ASK_SECONDS + 4.0
    apart = False

    def __init__(
        self, bmc: Bmc | None = None, roles: Mapping[str, str] | None = None,
        period_seconds: float = PERIOD_SECONDS, seconds: Callable[[], float] = clock.seconds,
    ) -> None:  # fmt: skip
        """`roles` is by meter, where the default is wrong; `seconds` is a steady clock."""
        self._bmc = bmc or Bmc(limit_seconds=ASK_SECONDS)
        self._role, self._seconds = (roles or {}).get(METER, "it"), seconds
        self.period_seconds = period_seconds
        self._energy = Trapezoid(period_seconds, 0.0, dcmi.LIMIT_WATTS)
        self._is_open = False

    def open(self) -> None:
        """See that there is a BMC; Absent or SourceFailed as `Bmc.open`."""
        self._bmc.open()
        self._is_open = True

    def close(self) -> None:
        """Nothing is kept open."""
        self._is_open = False

    def read(self, now: int) -> Found:
        """One row; Absent where the BMC does not measure."""
        if not self._is_open:
            raise SourceFailed("closed", "ipmi_power: read before open")
        done = self._bmc.ask("dcmi", "power", "reading")
        reading = dcmi.parse(done.out.decode(errors="replace"))
        if reading is None:
            raise refusal(done, "the power of this machine")
        if not reading.active:
            raise Absent("the BMC says that it does not measure the power of this machine")
        mean = reading.over(self.period_seconds)
        energy = self._energy.read(self._seconds(), mean.watts, mean.seconds)
        columns: Columns = {
            Power.meter: [METER],
            Power.role: [self._role],
            Power.phase: ["all"],
            Power.method: ["gauge"],
            Power.power_watts: [energy.watts],
            Power.power_max_watts: [mean.most],
            Power.energy_joules_total: [energy.joules],
            Power.energy_error_ratio: [None if energy.joules is None else energy.error_ratio],
            Power.gap_seconds_total: [energy.gap_seconds],
        }
        known = Quality.MEASURED if energy.joules is None else energy.quality
        return Found(columns, quality={Power.name: [known]})


def source(settings: AgentSettings) -> IpmiPower:
    """The source, with the role and period as set."""
    period = settings.periods.get(IpmiPower.name, PERIOD_SECONDS)
    return IpmiPower(roles=settings.roles, period_seconds=period)
