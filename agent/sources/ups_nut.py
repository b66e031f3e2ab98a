"""UPSes, as Network UPS Tools knows them: asked of upsd over TCP, whatever their maker."""

from collections.abc import Callable, Mapping
from typing import Final

from agent import clock
from agent.energy import PERIOD_SECONDS, Trapezoid
from agent.nut import ups as meaning
from agent.nut.client import Client, Stale
from agent.rows import Row, columns
from agent.source import LIMIT_SECONDS, Found, Read, Run
from vigie.catalogue import Environment, Power
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings, host_port
from vigie.shape import Quality

ADDRESS: Final = AgentSettings().nut
"""Where upsd is when nobody says otherwise: if nobody answers there, this host has none."""
ASK_SECONDS: Final = 4.0
"""How long a turn may talk to upsd; less than a turn may take."""


class UpsReader:
    """Reads every UPS of one upsd; one whose driver is away has unknown fields."""

    name = "ups_nut"
    measurements = (Power, Environment)
    runs: tuple[Run, ...] = ()
    limit_seconds = LIMIT_SECONDS
    apart = False

    def __init__(
        self, address: str = ADDRESS, roles: Mapping[str, str] | None = None,
        period_seconds: float = PERIOD_SECONDS, seconds: Callable[[], float] = clock.seconds,
    ) -> None:  # fmt: skip
        """`roles` is by meter, where the default is wrong; `seconds` is a steady clock."""
        self._address, self._roles, self._seconds = address, roles or {}, seconds
        self.period_seconds = period_seconds
        self.reads = (
            Read(
                f"tcp://{address}", "what each UPS feeds, and the state of its battery",
                grant="sudo apt install nut, then name the UPS in /etc/nut/ups.conf",
            ),
        )  # fmt: skip
        self._energy: dict[str, Trapezoid] = {}
        self._devices: dict[str, dict[str, str | None]] = {}
        self._is_open = False

    def open(self) -> None:
        """See that somebody answers; each turn makes its own connection."""
        with self._connect():
            pass
        self._is_open = True

    def close(self) -> None:
        """Nothing is kept open."""
        self._is_open = False

    def read(self, now: int) -> Found:
        """One row for each UPS; none is a healthy answer."""
        if not self._is_open:
            raise SourceFailed("closed", "ups_nut: read before open")
        stale: list[str] = []
        rows: list[Row] = []
        warmth: list[Row] = []
        quality: list[Quality] = []
        with self._connect() as client:
            for ups in client.upses():
                variables: meaning.Variables | None = None
                try:
                    variables = client.variables(ups)
                except Stale as told:
                    stale.append(f"{ups} ({told})")
                row, known = self._row(ups, variables)
                rows.append(row)
                quality.append(known)
                warmth += meaning.warmth(ups, variables or {})
        if rows and len(stale) == len(rows):
            raise SourceFailed(
                "stale", f"upsd at {self._address} knows nothing of {', '.join(stale)}; see to "
                "their drivers: upsdrvctl start, journalctl -u 'nut-driver*'",
            )  # fmt: skip
        found = {**columns(Power, rows), **columns(Environment, warmth)}
        return Found(found, quality={Power.name: quality} if rows else {},
                     devices=list(self._devices.values()))  # fmt: skip

    def _row(self, ups: str, variables: meaning.Variables | None) -> tuple[Row, Quality]:
        """The row of one UPS, all unknown but its energy so far where it says nothing."""
        told: dict[str, str] = dict(variables or {})
        watts = meaning.watts(told)
        trapezoid = self._energy.setdefault(
            ups, Trapezoid(self.period_seconds, 0.0, meaning.LIMIT_WATTS)
        )
        energy = trapezoid.read(self._seconds(), watts)
        if variables is not None:
            self._devices[ups] = meaning.device(ups, self._address, told)
        meter = f"nut:{ups}"
        return {
            Power.meter: meter,
            Power.role: self._roles.get(meter, "ups"),
            Power.phase: "all",
            Power.method: "gauge",
            Power.power_watts: watts,
            Power.energy_joules_total: energy.joules,
            Power.energy_error_ratio: None if energy.joules is None else energy.error_ratio,
            Power.gap_seconds_total: energy.gap_seconds,
            **meaning.numbers(told),
        }, (Quality.MEASURED if energy.joules is None else energy.quality)

    def _connect(self) -> Client:
        host, port = host_port(self._address)
        try:
            return Client(host, port, limit_seconds=ASK_SECONDS)
        except ConnectionRefusedError as error:
            if self._address == ADDRESS:
                raise Absent(f"no upsd at {self._address}: this host watches no UPS") from error
            raise SourceFailed("refused", f"no upsd at {self._address}: is it running, and does "
                               "upsd.conf have a LISTEN for that address?") from error  # fmt: skip
        except OSError as error:
            raise SourceFailed("unreachable", f"upsd at {self._address}: {error}") from error


def source(settings: AgentSettings) -> UpsReader:
    """The source, with the upsd, roles and period as set."""
    period = settings.periods.get(UpsReader.name, PERIOD_SECONDS)
    return UpsReader(settings.nut, settings.roles, period)
