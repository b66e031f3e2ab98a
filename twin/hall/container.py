"""One container as a whole: jobs, GPUs, power, heat and cooling, one step after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import gmtime
from typing import Final

import numpy as np

from twin.around.weather import Weather
from twin.chance import Whole
from twin.cooling.machines import clipped
from twin.cooling.plant import Around
from twin.faults import Faults
from twin.hall.boards import Board
from twin.hall.build import (
    DISK_WATTS,
    GPU_HOST_SHARE,
    GPU_HOST_WATTS,
    HOST_WATTS,
    NETWORK_SHARE,
    Build,
)
from twin.hall.gpus import Gpus
from twin.hall.power import Drawn, Supply
from twin.hall.struck import Struck
from twin.hall.thermal import Carried, Thermal
from twin.hall.workload import Demand, Workload

LIQUID_SAVES: Final = {"dry_cooler": 0.05, "river": 0.05, "immersion": 0.10}
"""Server fans that liquid makes needless, of the power of GPUs."""
MARGIN: Final = 0.98
LEAST_CAP: Final = 0.02
HEAT_PUMP_COP: Final = 4.0
RIVER_TIMES: Final = 4.0
"""Mean flow of a river, of the low flow of its permit; unknown to us where none is stated."""
USUAL_RIVER: Final = 60.0
WITHDRAWAL_TIMES: Final = 15.0


@dataclass(slots=True)
class Flows:
    """Water (m3) and heat (J) since the play began, and their rates now, by role.

    Beside the roles that meters have: `inside` is the work of pumps and fans that warms the loops,
    `compressor` the work that is rejected on top of the heat removed.
    """

    water: dict[str, float] = field(default_factory=dict)
    heat: dict[str, float] = field(default_factory=dict)
    water_rates: dict[str, float] = field(default_factory=dict)
    heat_rates: dict[str, float] = field(default_factory=dict)

    def add(self, carried: Carried, seconds: float) -> None:
        """Book one step."""
        consumed = carried.withdrawn - carried.returned
        self.water_rates = {
            "withdrawn": carried.withdrawn, "potable": carried.potable,
            "returned": carried.returned, "consumed": consumed,
        }  # fmt: skip
        self.heat_rates = {
            "removed": carried.removed, "reused": carried.reused, "rejected": carried.rejected,
            "cooling_own": 0.0, "inside": carried.inside, "compressor": carried.compressor,
        }  # fmt: skip
        for totals, rates in ((self.water, self.water_rates), (self.heat, self.heat_rates)):
            for role, rate in rates.items():
                totals[role] = totals.get(role, 0.0) + rate * seconds


class Model:
    """The physics of one container; times in Unix seconds. What it tells is the tellers' business.

    Heat comes of IT and of the machines inside the loops. What supplies and the house lose warms
    rooms of their own, that ventilation alone cools.
    """

    def __init__(
        self, build: Build, demands: Sequence[Demand], faults: Faults, seed: int, *,
        supply: Supply, water: bool,
    ) -> None:  # fmt: skip
        self.build, self.faults, self.supply = build, faults, supply
        self.weather = Weather(build.site.latitude, build.site.longitude, seed)
        self.workload = Workload(seed, build.path, build.gpus, demands)
        board: Board = build.board
        self.gpus = Gpus(seed, build.path, build.gpus, board, build.gpu_limit_watts)
        self._struck = Struck(faults, build.gpus, seed, build.path, "gpus")
        self.thermal = Thermal(build, water=water)
        self.flows = Flows()
        self.around = Around(self.weather.air(0.0))
        self.carried: Carried | None = None
        self.cap = 1.0
        self.drawn = Drawn()
        self.disks_up = build.disks
        self._dark = False
        self._year, self._taken_before = 0, 0.0
        self._kinds = {c.kind for c in build.cooling}
        self._saves = max(LIQUID_SAVES.get(kind, 0.0) for kind in self._kinds)
        self._mean_river = _mean_river(build)

    def step(self, time: float, seconds: float) -> None:
        """Go on by so many seconds, up to `time`."""
        faults = self.faults
        self.around = self._outside(time)
        self.supply.begin(
            seconds,
            utility=not faults.on("utility_loss", time),
            generator=not faults.on("generator_fails", time),
            dead=bool(faults.on("dark", time)),
            capacity=faults.factor("battery_weak", time),
            modules=faults.factor("ups_weak", time),
        )
        self._darken(time)
        self.workload.stop(stopped=bool(faults.on("queue_stops", time)), now=time)
        self.workload.advance(time, demand=faults.factor("demand", time))
        self.cap = self._allowed()
        inlet = 25.0 if self.carried is None else self.carried.supply
        self.gpus.suffer(self._struck, time, seconds)
        self.gpus.step(time, seconds, self.workload.load, inlet, self.cap)
        drawn = self._draw()
        self.carried = self.thermal.step(
            drawn.it, self.around, time, seconds, powered=self.supply.cooled
        )
        drawn.cooling = self.carried.electric
        drawn.heat_pump = self.carried.reused / HEAT_PUMP_COP if self._pumps_heat else 0.0
        self.drawn = drawn
        self.supply.step(drawn, seconds, self._sun(time))
        self.flows.add(self.carried, seconds)

    @property
    def dark(self) -> bool:
        """Whether nothing in it has power, so that nothing tells."""
        return self._dark

    _pumps_heat: bool = False

    def upgrade_heat(self) -> None:
        """A heat pump lifts what is handed over: it has a meter of its own."""
        self._pumps_heat = True

    def fail_hosts(self, hosts: Whole, time: float) -> None:
        """These hosts are down, their GPUs with them."""
        self.lose(self.of_hosts(hosts), time)

    def of_hosts(self, hosts: Whole) -> Whole:
        """Positions of the GPUs in these hosts."""
        near = (hosts[:, None] * self.build.per_host + np.arange(self.build.per_host)).ravel()
        return near[near < self.build.gpus]

    def lose(self, gpus: Whole, time: float) -> None:
        """These GPUs are gone, with the jobs on them."""
        if len(gpus):
            self.workload.fail(gpus, time)
            self.gpus.lose(gpus)

    def restore(self, gpus: Whole) -> None:
        """They are back."""
        if len(gpus):
            self.workload.restore(gpus)
            self.gpus.restore(gpus)

    def _darken(self, time: float) -> None:
        everything = np.arange(self.build.gpus)
        if not self.supply.alive and not self._dark:
            self.lose(everything, time)
        if self.supply.alive and self._dark:
            self.restore(everything)
        self._dark = not self.supply.alive

    def _outside(self, time: float) -> Around:
        faults = self.faults
        waves = faults.on("weather_hot", time)
        hot = max((f.value or 0.0 for f in waves), default=None) if waves else None
        river = None
        if "river" in self._kinds:
            river = self.weather.river(
                time,
                self._mean_river,
                least=max((f.value or 0.0 for f in faults.on("river_warm", time)), default=0.5),
                flow_ratio=faults.factor("river_low", time),
            )
        return Around(
            self.weather.air(time, hot=hot), river,
            weak=faults.factor("cooling_weak", time) * faults.factor("part_stops", time),
            worn=faults.factor("cooling_worn", time),
            stopped=tuple(f.name for f in faults.on("part_stops", time)),
            moisture=faults.total("oil_moisture", time),
            lost=sum(faults.since(f, time) * (f.value or 0.0) / 3_600.0
                     for f in faults.on("level_falls", time)),
            damp=faults.total("room_damp", time),
            leak=bool(faults.on("leak", time)), taken=self._taken(time),
            wanted=faults.factor("heat_refused", time),
        )  # fmt: skip

    def _taken(self, time: float) -> float:
        """Water withdrawn since the year began, as far as it was played."""
        year, total = gmtime(time).tm_year, self.flows.water.get("withdrawn", 0.0)
        if year != self._year:
            self._year, self._taken_before = year, total
        return total - self._taken_before

    def _allowed(self) -> float:
        """Share of the GPUs' power above rest that cooling can carry now."""
        if not self.supply.cooled:
            return LEAST_CAP
        most = self.thermal.allowed(self.around) * MARGIN
        if most == float("inf") or self.carried is None:
            return 1.0
        share = (1 + GPU_HOST_SHARE - self._saves) * (1 + NETWORK_SHARE)
        active = self.gpus.active_watts * share
        rest = self._rest() + self.carried.inside
        return clipped((most - rest) / active, LEAST_CAP, 1.0) if active > 0 else 1.0

    def _rest(self) -> float:
        """What IT draws with all GPUs at rest."""
        up = float(self.gpus.up.sum()) if self.build.gpus else 0.0
        idle = up * self.build.board.idle_watts
        return (self._fixed() + idle * (1 + GPU_HOST_SHARE - self._saves)) * (1 + NETWORK_SHARE)

    def _fixed(self) -> float:
        build = self.build
        idle = build.gpus * build.board.idle_watts
        large = max(build.gpu_hosts * GPU_HOST_WATTS - idle * GPU_HOST_SHARE, 0.0)
        small = (build.hosts - build.gpu_hosts) * HOST_WATTS
        return large + small + self.disks_up * DISK_WATTS

    def _draw(self) -> Drawn:
        if self._dark:
            return Drawn()
        gpu = float(self.gpus.power.sum())
        storage = self.disks_up * DISK_WATTS
        storage += (self.build.hosts - self.build.gpu_hosts) * HOST_WATTS
        compute = gpu * (1 + GPU_HOST_SHARE - self._saves) + self._fixed()
        compute -= storage
        network = (compute + storage) * NETWORK_SHARE
        return Drawn(
            it=compute + storage + network, gpu=gpu, cpu=max(compute - gpu, 0.0) * 0.6,
            network=network, storage=storage,
        )  # fmt: skip

    def _sun(self, time: float) -> float:
        """What panels give of their peak: the height of the sun at equinox, dimmed by cloud."""
        longitude = self.build.site.longitude or 0.0
        day = (time / 86_400 + longitude / 360) % 1.0
        clear = 1.0 - 0.7 * max(self.around.air.humidity_ratio - 0.5, 0.0) / 0.5
        return max(-float(np.cos(2 * np.pi * day)), 0.0) * clear


def _mean_river(build: Build) -> float:
    """m3/s of the river by what its permits say."""
    lows = [p.low_flow_cubic_meters_per_second for p in build.permits]
    taken = [p.withdrawal_cubic_meters_per_second for p in build.permits]
    known = [low * RIVER_TIMES for low in lows if low]
    known += [most * WITHDRAWAL_TIMES for most in taken if most]
    return max(known, default=USUAL_RIVER)
