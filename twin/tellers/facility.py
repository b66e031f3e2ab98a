"""What meters, machines, sensors and the scheduler of a container say: rows by measurement.

A teller keeps its key columns, and hands out the same ones as long as its rows are the same. It
fills the fields that the real source fills, and no other.
"""

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from twin.around.grid import electricity
from twin.around.weather import dew_point, saturation
from twin.chance import Floats, salt, wave
from twin.cooling.plant import Part
from twin.faults import Faults
from twin.hall.build import Build
from twin.hall.container import Model
from twin.hall.power import LOW_CHARGE
from twin.tellers.meters import Point, Register
from twin.tellers.teller import Keys, cells, chosen
from twin.turn import Columns
from vigie.catalogue import (
    NO_HOST,
    Cooling,
    Environment,
    Grid,
    Heat,
    Power,
    Queue,
    Water,
)
from vigie.network.places import Site
from vigie.shape import Field

SCHEDULER: Final = "slurm"
LIMITS: Final = {"inlet": 55.0, "exhaust": 75.0}
"""°C from which on servers stop by themselves, by place."""
ALL_PHASES: Final = "all"
LOW_VOLTAGE, HIGH_VOLTAGE = 400.0, 20_000.0
HIGH_VOLTAGE_FROM: Final = 1e6
_ALARMS: Final = {word: 1 << bit for bit, word in enumerate(Power.alarms.codes)}
_FAN_KINDS: Final = ("air", "dry_cooler")


class PowerTeller:
    """Electricity meters, and the UPS with its battery."""

    measurement = Power

    def __init__(self, model: Model, register: Register) -> None:
        self._model, self._register = model, register
        self._keys = Keys(self._made)
        self._roles = [p.role for p in register.points]
        self._salt = salt(model.build.path, "frequency")

    def _made(self, rows: tuple[int, ...]) -> Columns:
        points = [self._register.points[n] for n in rows]
        return {
            Power.host: [NO_HOST] * len(points),
            Power.meter: [p.name for p in points],
            Power.role: [p.role for p in points],
            Power.phase: [ALL_PHASES] * len(points),
            Power.method: ["meter"] * len(points),
        }

    def tell(self, time: float) -> Columns:
        """Every meter that is not silent."""
        rows = self._register.speaking()
        if not rows:
            return {}
        supply = self._model.supply
        watts = self._register.rates(supply.books.watts)
        told = {
            Power.power_watts: watts,
            Power.energy_joules_total: self._register.totals(),
            **self._at_site(time, watts),
            **self._at_ups(time, watts),
        }
        if self._model.faults.on("meter_restarts", time):
            told[Power.resets_total] = self._restarts(time)
        return {**self._keys.of(rows), **chosen(told, rows)}

    def _restarts(self, time: float) -> Floats:
        """How often each began anew, while some do again and again."""
        faults, told = self._model.faults, np.zeros(len(self._register.points))
        for fault in faults.on("meter_restarts", time):
            named = [fnmatchcase(p.name, fault.name) for p in self._register.points]
            told[named] += math.floor((fault.value or 0.0) * faults.since(fault, time))
        return told

    def _at_site(self, time: float, watts: Floats) -> dict[Field, Floats]:
        at = np.array([role == "site" for role in self._roles])
        if not at.any():
            return {}
        high = self._model.build.rated_watts > HIGH_VOLTAGE_FROM
        factor = 0.97
        volts = (HIGH_VOLTAGE if high else LOW_VOLTAGE) * (1 + 0.008 * wave(self._salt, time, 900))
        volts *= self._model.supply.utility * self._model.faults.factor("voltage_off", time)
        wrong = self._model.faults.total("frequency_off", time)
        apparent = watts / factor
        amperes = apparent / (math.sqrt(3) * volts) if volts else np.zeros(len(watts))
        unknown = np.full(len(watts), np.nan)
        return {
            Power.voltage_volts: np.where(at, volts, unknown),
            Power.current_amperes: np.where(at, amperes, unknown),
            Power.apparent_power_voltamperes: np.where(at, apparent, unknown),
            Power.power_factor_ratio: np.where(at, factor if volts else 0.0, unknown),
            Power.frequency_hertz: np.where(
                at,
                50.0 + wrong + 0.015 * wave(self._salt + 1, time, 300) if volts else 0.0,
                unknown,
            ),
        }

    def _at_ups(self, time: float, watts: Floats) -> dict[Field, Floats]:
        at = np.array([role == "ups" for role in self._roles])
        if not at.any():
            return {}
        supply, unknown = self._model.supply, np.full(len(watts), np.nan)
        parts = np.array([p.part for p in self._register.points])
        full = watts / (supply.capacity * parts)
        words = {f.name for f in self._model.faults.on("ups_alarm", time)}
        words |= set() if supply.utility else {"input_lost"}
        words |= {"replace_battery"} if supply.worn else set()
        words |= {"overload"} if (full[at] > 1).any() else set()
        return {
            Power.capacity_watts: np.where(at, supply.capacity * parts, unknown),
            Power.utilization_ratio: np.where(at, full, unknown),
            Power.on_battery: np.where(at, supply.battery, unknown),
            Power.battery_low: np.where(at, supply.charge < LOW_CHARGE, unknown),
            Power.battery_charge_ratio: np.where(at, supply.charge, unknown),
            Power.battery_runtime_seconds: np.where(at, min(supply.runtime_seconds, 1e6), unknown),
            Power.alarms: np.where(at, sum(_ALARMS[word] for word in words), unknown),
        }


class WaterTeller:
    """Water meters."""

    measurement = Water

    def __init__(self, model: Model, register: Register) -> None:
        self._model, self._register = model, register
        self._keys = Keys(self._made)

    def _made(self, rows: tuple[int, ...]) -> Columns:
        points = [self._register.points[n] for n in rows]
        return {
            Water.host: [NO_HOST] * len(points),
            Water.meter: [p.name for p in points],
            Water.role: [p.role for p in points],
        }

    def tell(self, time: float) -> Columns:
        """Every meter that is not silent."""
        rows = self._register.speaking()
        if not rows:
            return {}
        told = {
            Water.volume_cubic_meters_total: self._register.totals(),
            Water.flow_cubic_meters_per_second: self._register.rates(self._model.flows.water_rates),
            Water.temperature_celsius: cells([self._warmth(p) for p in self._register.points]),
        }
        return {**self._keys.of(rows), **chosen(told, rows)}

    def _warmth(self, point: Point) -> float | None:
        carried, river = self._model.carried, self._model.around.river
        if point.role == "returned":
            return carried.discharge if carried else None
        return river.temperature_celsius if point.role == "withdrawn" and river else None


class HeatTeller:
    """Heat meters."""

    measurement = Heat

    def __init__(self, model: Model, register: Register) -> None:
        self._model, self._register = model, register
        self._keys = Keys(self._made)

    def _made(self, rows: tuple[int, ...]) -> Columns:
        points = [self._register.points[n] for n in rows]
        return {
            Heat.host: [NO_HOST] * len(points),
            Heat.meter: [p.name for p in points],
            Heat.role: [p.role for p in points],
        }

    def tell(self, time: float) -> Columns:
        """Every meter that is not silent."""
        rows, carried = self._register.speaking(), self._model.carried
        if not rows or carried is None:
            return {}
        many = len(self._register.points)
        told = {
            Heat.heat_watts: self._register.rates(self._model.flows.heat_rates),
            Heat.energy_joules_total: self._register.totals(),
            Heat.supply_temperature_celsius: np.full(many, carried.back),
            Heat.return_temperature_celsius: np.full(many, carried.supply),
        }
        return {**self._keys.of(rows), **chosen(told, rows)}


class CoolingTeller:
    """Fans, pumps and loops."""

    measurement = Cooling

    def __init__(self, model: Model) -> None:
        self._model = model
        self._keys: tuple[tuple[str, ...], Columns] = ((), {})

    def tell(self, time: float) -> Columns:
        """Every machine of the plants."""
        carried = self._model.carried
        if carried is None or not carried.parts:
            return {}
        parts = carried.parts
        names = tuple(p.name for p in parts)
        if names != self._keys[0]:
            self._keys = (names, self._made(parts))
        runs = self._model.supply.cooled
        told = {
            Cooling.fan_speed_rpm: cells([p.rpm for p in parts]) * runs,
            Cooling.speed_ratio: np.clip(cells([p.speed for p in parts]), 0.0, 1.0) * runs,
            Cooling.running: cells(
                [None if p.watts is None else runs and not p.stopped for p in parts]
            ),
            Cooling.supply_temperature_celsius: cells([p.supply for p in parts]),
            Cooling.return_temperature_celsius: cells([p.back for p in parts]),
            Cooling.pressure_pascals: cells([p.pressure for p in parts]) * runs,
            Cooling.power_watts: cells([p.watts for p in parts]) * runs,
            Cooling.heat_watts: cells([p.heat for p in parts]),
            Cooling.alarms: cells([p.alarms for p in parts]),
            Cooling.setpoint_celsius: cells([p.setpoint for p in parts]),
            Cooling.flow_cubic_meters_per_second: cells([p.flow for p in parts]) * runs,
            Cooling.level_ratio: cells([p.level for p in parts]),
            Cooling.moisture_ratio: cells([p.moisture for p in parts]),
            Cooling.dew_point_margin_celsius: cells([p.dew_margin for p in parts]),
        }
        return {**self._keys[1], **{f: v for f, v in told.items() if not np.isnan(v).all()}}

    @staticmethod
    def _made(parts: Sequence[Part]) -> Columns:
        return {
            Cooling.host: [NO_HOST] * len(parts),
            Cooling.component: [p.name for p in parts],
            Cooling.kind: [p.kind for p in parts],
        }


class EnvironmentTeller:
    """Sensors: outdoor air, room, the servers' inlet and exhaust, and the river."""

    measurement = Environment

    def __init__(self, model: Model) -> None:
        self._model = model
        sensors = [("outdoor", "outdoor"), ("room", "room")]
        sensors += [("cold-side", "inlet"), ("warm-side", "exhaust")]
        self._river = any(c.kind == "river" for c in model.build.cooling)
        if self._river:
            sensors += [("river-up", "upstream"), ("river-down", "downstream")]
        self._places = [place for _, place in sensors]
        self._keys: Columns = {
            Environment.host: [NO_HOST] * len(sensors),
            Environment.sensor: [name for name, _ in sensors],
            Environment.place: self._places,
        }

    def tell(self, time: float) -> Columns:
        """Every sensor."""
        carried, around = self._model.carried, self._model.around
        if carried is None:
            return {}
        air = around.air
        in_air = any(p.air_cooled for p in self._model.thermal.plants)
        room = carried.supply + 1.5 if in_air else 26.0
        dew = min(max(dew_point(air.temperature_celsius, air.humidity_ratio), 6.0), 15.0)
        dew += around.damp
        damp = min(saturation(dew) / saturation(room), 0.95)
        warmth: list[float | None] = [air.temperature_celsius, room, carried.supply, carried.back]
        humid: list[float | None] = [air.humidity_ratio, damp, None, None]
        bulb: list[float | None] = [air.wet_bulb_celsius, None, None, None]
        flows: list[float | None] = [None] * 4
        if self._river and around.river is not None:
            up = around.river.temperature_celsius
            warmth += [up, carried.downstream]
            flows += [around.river.flow_cubic_meters_per_second, None]
            humid += [None, None]
            bulb += [None, None]
        return {
            **self._keys,
            Environment.temperature_celsius: np.round(cells(warmth), 3),
            Environment.humidity_ratio: cells(humid),
            Environment.wet_bulb_celsius: cells(bulb),
            Environment.limit_celsius: cells([LIMITS.get(p) for p in self._places]),
            **({Environment.flow_cubic_meters_per_second: cells(flows)} if self._river else {}),
        }


class GridTeller:
    """The electricity of the site's zone; the same for every container there."""

    measurement = Grid

    def __init__(self, site: Site, faults: Faults, seed: int) -> None:
        self._zone, self._faults, self._seed = site.zone, faults, seed
        self._keys: Columns = {Grid.host: [NO_HOST], Grid.zone: [site.zone or ""]}

    def tell(self, time: float) -> Columns:
        """One row, or none where the zone is unknown."""
        told = electricity(self._zone, time, self._seed) if self._zone else None
        if told is None:
            return {}
        dirty = self._faults.factor("grid_dirty", time)
        return {
            **self._keys,
            Grid.carbon_grams_per_joule: cells([told.carbon_grams_per_joule * dirty]),
            Grid.renewable_ratio: cells([told.renewable_ratio]),
            Grid.nuclear_ratio: cells([told.nuclear_ratio]),
            Grid.price_euros_per_joule: cells([told.price_euros_per_joule]),
        }


class QueueTeller:
    """What each tenant asked of the scheduler, and got."""

    measurement = Queue

    def __init__(self, model: Model) -> None:
        self._workload = model.workload
        tenants = [d.tenant for d in self._workload.demands]
        self._keys: Columns = {
            Queue.host: [NO_HOST] * len(tenants),
            Queue.scheduler: [SCHEDULER] * len(tenants),
            Queue.tenant: tenants,
        }

    def tell(self, time: float) -> Columns:
        """One row a tenant."""
        told = self._workload.told
        if not told or not self._workload.gpus:
            return {}
        return {
            **self._keys,
            Queue.running_count: cells([t.running for t in told]),
            Queue.waiting_count: cells([t.waiting for t in told]),
            Queue.asked_gpu_seconds_total: cells([t.asked for t in told]),
            Queue.served_gpu_seconds_total: cells([t.served for t in told]),
            Queue.refused_gpu_seconds_total: cells([t.refused for t in told]),
            Queue.lost_gpu_seconds_total: cells([t.lost for t in told]),
            Queue.started_total: cells([t.started for t in told]),
            Queue.wait_seconds_total: cells([t.wait for t in told]),
        }


def usual_meters(build: Build) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """The meters (name, role) of a container for which none are declared, by medium."""
    river = any(c.kind == "river" for c in build.cooling)
    reused = (("heat-reused", "reused"),) if build.heat else ()
    return {
        "electricity": (("main", "site"), ("ups", "ups"), ("it", "it"), ("cooling", "cooling")),
        "water": (("intake", "withdrawn"), ("outfall", "returned"), ("lost", "consumed"))
        if river else (),
        "heat": (("heat-removed", "removed"), ("heat-rejected", "rejected"), *reused),
    }  # fmt: skip
