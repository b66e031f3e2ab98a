"""A host that is measured at many points: its hour of energy is true, and counted once.

Real sources read trees that a machine of known power writes; frames go through intake, rollups and
indicators. Two sockets count by RAPL and wrap; two supplies and the BMC tell power alone.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from agent.encode import Contents, Encoder
from agent.ipmi.bmc import Bmc
from agent.source import Source
from agent.sources.hwmon import HwmonReader
from agent.sources.ipmi_power import IpmiPower
from agent.sources.rapl import RaplReader
from agent.tool import Done
from collector.duties.facts import Around
from collector.duties.kpis import Indicators, Question
from collector.duties.roll import Roll
from collector.grid.table import Packaged
from collector.intake.decode import decode
from collector.rollups.increase import increase
from collector.store import schema
from collector.store.chunk import gathered
from collector.store.entry import Envelope
from collector.store.series import Series
from tests.build.shelf import Shelf, at
from vigie.catalogue import Power
from vigie.network.load import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Site
from vigie.replies import Kpi

FIXTURES = Path(__file__).parents[1] / "fixtures"
HOST = "h1"
NETWORK = Network(
    "n", (Operator("self", "Us"),), (Site("s", "Here", "self"),), (Container("c", "One", "s"),)
)
HOUR = 3_600
TURN = 10
"""Seconds between two turns; the BMC has one in six."""
LOAD_PERIOD = 10.0
LOW, HIGH, STEADY = 100.0, 700.0, 150.0
"""Watts: of the first socket between two, as a training step has it; of the second always."""
REST = 250.0
SILENT = range(100, 104)
"""Turns in which the first socket's counter cannot be read."""


def first_socket(until: float) -> float:
    """Joules of the first socket since the start, high in the first half of each period."""
    whole, rest = divmod(until, LOAD_PERIOD)
    half = LOAD_PERIOD / 2
    return LOW * until + (HIGH - LOW) * (whole * half + min(rest, half))


def machine(until: float) -> float:
    """Joules of all of it."""
    return first_socket(until) + (STEADY + REST) * until


class Board(Bmc):
    """A BMC whose answers are computed."""

    def __init__(self) -> None:
        super().__init__(limit_seconds=1)
        self.watts = 0.0

    def open(self) -> None:
        pass

    def ask(self, *question: str) -> Done:
        assert question == ("dcmi", "power", "reading")
        told = (
            f"\n    Instantaneous power reading:              {self.watts:8.0f} Watts"
            f"\n    Average power reading over sample period: {self.watts:8.0f} Watts"
            "\n    Sampling period:                          00000060 Seconds."
            "\n    Power reading state is:                   activated\n\n"
        )
        return Done(0, told.encode(), "")


@dataclass
class Host:
    """The machine, its trees and its agent's sources, under one clock."""

    directory: Path
    seconds: float = 0.0
    board: Board = field(default_factory=Board)
    shelf: Shelf = field(default_factory=Shelf)

    def __post_init__(self) -> None:
        shutil.copytree(FIXTURES / "powercap/two_sockets", self.directory / "powercap")
        shutil.copytree(FIXTURES / "hwmon/server", self.directory / "sys", symlinks=True)
        self.hwmon = self.directory / "sys/class/hwmon"
        self.begun = {n: self.counter(n) for n in (0, 1)}
        clock: Callable[[], float] = lambda: self.seconds  # noqa: E731
        powercap = str(self.directory / "powercap")
        self.sources: tuple[tuple[int, Source], ...] = (
            (1, RaplReader(powercap, None, clock)),
            (1, HwmonReader(str(self.hwmon), powercap, None, clock)),
            (6, IpmiPower(self.board, None, 60, clock)),
        )
        self.encoder = Encoder("agent-1", "boot-1", "s/c")

    def zone(self, number: int, file: str) -> Path:
        return self.directory / "powercap" / f"intel-rapl:{number}" / file

    def counter(self, number: int) -> int:
        return int(self.zone(number, "energy_uj").read_text())

    def work(self, turn: int) -> None:
        """Bring the trees to where the machine is."""
        self.seconds = turn * TURN
        for number, joules in enumerate((first_socket(self.seconds), STEADY * self.seconds)):
            span = int(self.zone(number, "max_energy_range_uj").read_text())
            raw = (self.begun[number] + round(joules * 1e6)) % span
            silent = number == 0 and turn in SILENT
            self.zone(number, "energy_uj").write_text("" if silent else f"{raw}\n")
        now = HIGH + STEADY + REST  # at each turn the load has just begun its high half
        for chip in (4, 5):
            (self.hwmon / f"hwmon{chip}/power1_input").write_text(f"{now / 2 * 1e6:.0f}\n")
        self.board.watts = (machine(self.seconds) - machine(self.seconds - 60)) / 60

    def live(self, seconds: int) -> None:
        """Read, send, take in and roll up."""
        for _, source in self.sources:
            source.open()
        for turn in range(seconds // TURN + 1):
            self.work(turn)
            wall = round((at(0) + timedelta(seconds=self.seconds)).timestamp() * 1e9)
            contents = Contents()
            for every, source in self.sources:
                if turn % every == 0:
                    contents.add(wall, source.read(wall), HOST)
            body = self.encoder.frame(turn, wall, round(self.seconds * 1e9), contents)
            sent = Envelope("agent-1", "s/c", simulated=False, received=wall, compressed=True)
            for batch in decode(body, sent).frames[0].batches:
                if batch.measurement is Power:
                    rows = gathered(Series(Power), [batch], 1, 1).table(schema.raw(Power))
                    self.shelf.arrive(rows)
        Roll(self.shelf, measurements=[Power]).run(at(seconds / 60 + 2))

    def joules(self) -> dict[str, float]:
        """What each meter counted in the hour."""
        windows = self.shelf.scan("power_1m", None, at(-1), at(62), [""], {})
        grown = increase(Power, Power.energy_joules_total, windows, [at(0), at(60)])
        return {row["meter"]: row["total"] for row in grown.to_pylist()}

    def indicator(self, name: str) -> Kpi:
        question = Question("s/c", "en", start=at(0), end=at(60))
        answer = Indicators(self.shelf, lambda _: NETWORK, Around(Packaged())).answer(
            question, at(61)
        )
        return next(kpi for kpi in answer.kpis if kpi.indicator == name)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    made = Host(tmp_path_factory.mktemp("host") / "h")
    made.live(HOUR + 60)
    return made


@pytest.mark.slow
def test_the_hour_by_counter_is_within_one_per_cent_across_wraps_and_silence(host: Host) -> None:
    found = host.joules()
    assert found["rapl:package-0"] == pytest.approx(first_socket(HOUR), rel=0.01)
    assert found["rapl:package-1"] == pytest.approx(STEADY * HOUR, rel=0.01)
    assert found["rapl:package-0/dram"] == 0


def test_the_hour_of_the_supplies_is_off_by_no_more_than_their_rows_say(host: Host) -> None:
    found = sum(joules for meter, joules in host.joules().items() if ":pin" in meter)
    error = host.shelf.raw.filter(
        [role == "supply" for role in host.shelf.raw["role"].to_pylist()]
    )["energy_error_ratio"].to_pylist()
    off = found / machine(HOUR) - 1
    assert 0.2 < abs(off) <= max(error)  # read at the pace of the load, they see its height alone


def test_the_host_counts_once_by_its_own_input(host: Host) -> None:
    energy = host.indicator("energy")
    assert energy.value == pytest.approx(machine(HOUR), rel=0.01)
    assert (energy.boundary, energy.quality) == ("role it", "estimated")
    assert energy.inputs["meters"] == "s/c/h1/ipmi:dcmi (gauge, estimated)"
    assert energy.coverage == pytest.approx(1, abs=0.02)


@pytest.mark.slow
def test_power_counts_once_too(host: Host) -> None:
    power = host.indicator("power")
    assert power.value == pytest.approx(machine(HOUR) / HOUR, rel=0.01)
    assert power.boundary == "role it"
