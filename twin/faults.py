"""What goes wrong, when, where and for how long: scenarios, and who is struck."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from vigie.catalogue import Power
from vigie.document import Document, Duration, Misfit, Reader, Within, suggestion
from vigie.errors import SettingsError

What = Literal[
    "gpu_xid",
    "gpu_errs",
    "gpu_lost",
    "gpu_hot",
    "gpu_brake",
    "gpu_ecc",
    "gpu_nvlink",
    "gpu_pcie",
    "gpu_worn",
    "gpu_fabric",
    "host_down",
    "host_busy",
    "host_network",
    "volume_fills",
    "source_fails",
    "source_sticks",
    "spool_grows",
    "frames_dropped",
    "frames_refused",
    "disk_failing",
    "disk_hot",
    "disk_cable",
    "disk_worn",
    "pool_degraded",
    "pool_failed",
    "pool_errs",
    "pool_fills",
    "fragments_rot",
    "fragments_lost",
    "fragments_unreadable",
    "scrub_stalls",
    "walk_stalls",
    "inventory_stalls",
    "link_down",
    "link_busy",
    "clock_off",
    "dark",
    "utility_loss",
    "generator_fails",
    "voltage_off",
    "frequency_off",
    "battery_weak",
    "ups_weak",
    "ups_alarm",
    "cooling_weak",
    "cooling_worn",
    "part_stops",
    "level_falls",
    "oil_moisture",
    "leak",
    "room_damp",
    "heat_refused",
    "weather_hot",
    "river_warm",
    "river_low",
    "grid_dirty",
    "demand",
    "queue_stops",
    "meter_silent",
    "meter_jump",
    "meter_back",
    "meter_wrong",
    "meter_restarts",
]
UNVALUED: Final[tuple[What, ...]] = (
    "gpu_lost", "gpu_worn", "gpu_fabric", "gpu_brake", "host_down", "source_fails",
    "source_sticks", "disk_failing", "pool_degraded", "pool_failed", "link_down", "dark",
    "utility_loss", "generator_fails", "ups_alarm", "part_stops", "leak", "queue_stops",
    "meter_silent",
)  # fmt: skip
"""What says all it has to say without a `value`."""
_SCENARIOS: Final = files("twin").joinpath("scenarios")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong `at` so long after the start, and `lasts`; None is for good.

    `where` is a pattern of container paths, `name` one of meters, links, stores, sources or parts
    of a plant; of `ups_alarm` it is the alarm. `count` is how many GPUs, hosts, disks or pools.
    What `value` is by kind stands in `docs/twin.md`.
    """

    what: What
    at: Duration = 0.0
    lasts: Duration | None = None
    where: str = "*"
    name: str = "*"
    count: Annotated[int, Within(1, 1_000_000)] = 1
    value: float | None = None

    def __post_init__(self) -> None:
        if self.what not in UNVALUED and self.value is None:
            raise Misfit("value", f"{self.what} needs a value; say how much")
        if self.what == "ups_alarm" and self.name not in Power.alarms.codes:
            known = suggestion(self.name, Power.alarms.codes)
            raise Misfit("name", f"a UPS has no alarm {self.name!r}; {known}")

    def ends(self) -> float:
        """Seconds after the start."""
        return float("inf") if self.lasts is None else self.at + self.lasts


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played: a title and its faults, times counted from the start."""

    title: str = ""
    faults: tuple[Fault, ...] = ()

    def at(self, path: str) -> "Faults":
        """Those that strike a container."""
        return Faults(tuple(f for f in self.faults if fnmatchcase(path, f.where)))


class Faults:
    """What strikes one container; times in Unix seconds once `begin` has said when it starts."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self._start: float | None = None

    def begin(self, start: float) -> None:
        """Say when the scenario starts; the first word counts."""
        if self._start is None:
            self._start = start

    def on(self, what: What, time: float) -> tuple[Fault, ...]:
        """Those of a kind that last at that time."""
        if self._start is None:
            return ()
        since = time - self._start
        return tuple(f for f in self._faults if f.what == what and f.at <= since < f.ends())

    def begun(self, what: What, before: float, now: float) -> tuple[Fault, ...]:
        """Those of a kind that begin after `before`, up to `now`."""
        if self._start is None:
            return ()
        low, high = before - self._start, now - self._start
        return tuple(f for f in self._faults if f.what == what and low < max(f.at, 1e-9) <= high)

    def since(self, fault: Fault, time: float) -> float:
        """Seconds for which that fault has lasted."""
        return 0.0 if self._start is None else time - self._start - fault.at

    def total(self, what: What, time: float) -> float:
        """The values of all that last, added."""
        return sum(f.value or 0.0 for f in self.on(what, time))

    def factor(self, what: What, time: float) -> float:
        """The values of all that last, multiplied."""
        product = 1.0
        for fault in self.on(what, time):
            product *= 1.0 if fault.value is None else fault.value
        return product


def packaged() -> tuple[str, ...]:
    """Names of the scenarios that come with the twin."""
    names = (entry.name for entry in _SCENARIOS.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def scenario(name: str) -> Scenario:
    """A packaged scenario by its name, or the one of a file; "" is none at all.

    Raises:
        SettingsError: there is none of that name, or every fault of the file with its line.
    """
    if not name:
        return Scenario()
    if name in packaged():
        text = _SCENARIOS.joinpath(f"{name}.toml").read_text("utf-8")
        return check(Document.parse(text, f"{name}.toml"))
    if not name.endswith(".toml"):
        known = suggestion(name, packaged())
        raise SettingsError(f"no scenario is called {name!r}; {known} A file ends in .toml")
    return check(Document.load(Path(name)))


def check(document: Document) -> Scenario:
    """The scenario that a document spells. Raises as `scenario`."""
    reader = Reader(document)
    told = reader.one(Scenario, ())
    reader.finish()
    return told
