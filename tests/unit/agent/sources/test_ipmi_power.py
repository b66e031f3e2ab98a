"""Power of the machine as a source."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agent.ipmi.bmc import Bmc
from agent.source import Found, fault
from agent.sources.ipmi_power import IpmiPower
from vigie.catalogue import Power
from vigie.errors import Absent, SourceFailed
from vigie.shape import Field, Quality, Value

FIXTURES = Path(__file__).parents[3] / "fixtures" / "ipmi"


class Machine:
    """An ipmitool that prints a fixture, and a clock that a test moves on."""

    def __init__(self, folder: Path) -> None:
        self.now, self._folder = 1000.0, folder
        self.program = folder / "ipmitool"

    def seconds(self) -> float:
        return self.now

    def prints(self, fixture: str) -> None:
        self.does(f"cat {FIXTURES / fixture}.txt")

    def does(self, script: str) -> None:
        self.program.write_text(f"#!/bin/sh\n{script}\n")
        self.program.chmod(0o755)

    def source(self, roles: Mapping[str, str] | None = None, limit: float = 5.0) -> IpmiPower:
        (self._folder / "ipmi0").touch()
        bmc = Bmc(limit_seconds=limit, program=str(self.program),
                  devices=[str(self._folder / "ipmi0")])  # fmt: skip
        source = IpmiPower(bmc, roles, seconds=self.seconds)
        source.open()
        return source


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.prints("power")
    return made


def row(found: Found) -> dict[Field, Value]:
    assert fault(found, IpmiPower.measurements) is None
    return {field: cells[0] for field, cells in found.columns.items()}


def test_the_machine_is_one_row_that_counts_as_it(machine: Machine) -> None:
    read = row(machine.source().read(0))
    assert read[Power.meter] == "ipmi:dcmi"
    assert (read[Power.role], read[Power.method]) == ("it", "gauge")
    assert read[Power.power_watts] == 300  # the mean over 30 s
    assert read[Power.power_max_watts] == 488


def test_its_role_can_be_set(machine: Machine) -> None:
    assert row(machine.source({"ipmi:dcmi": "other"}).read(0))[Power.role] == "other"


@pytest.mark.parametrize(("fixture", "watts"), [("power", 300), ("power-weeks", 312)])
def test_energy_is_estimated_and_says_how_wrong_it_may_be(
    machine: Machine, fixture: str, watts: float
) -> None:
    machine.prints(fixture)
    source = machine.source()
    source.read(0)
    machine.now += 60
    found = source.read(0)
    assert row(found)[Power.energy_joules_total] == watts * 60
    assert row(found)[Power.energy_error_ratio] == 0.75
    assert found.quality == {"power": [Quality.ESTIMATED]}


def test_a_mean_over_all_of_the_period_is_nearly_exact(machine: Machine, tmp_path: Path) -> None:
    text = (FIXTURES / "power.txt").read_text().replace("00000030", "00000060")
    (tmp_path / "minute.txt").write_text(text)
    machine.does(f"cat {tmp_path / 'minute.txt'}")
    source = machine.source()
    source.read(0)
    machine.now += 60
    assert row(source.read(0))[Power.energy_error_ratio] == 0.01


def test_zero_watts_are_unknown_and_add_no_energy(machine: Machine) -> None:
    machine.prints("power-zero")
    read = row(machine.source().read(0))
    assert (read[Power.power_watts], read[Power.energy_joules_total]) == (None, None)


def test_a_machine_that_does_not_measure_has_no_row(machine: Machine) -> None:
    machine.prints("power-off")
    with pytest.raises(Absent, match="does not measure"):
        machine.source().read(0)


def refused(machine: Machine, script: str) -> Callable[[], Found]:
    machine.does(script)
    source = machine.source(limit=0.5)
    return lambda: source.read(0)


def test_a_bmc_without_dcmi_is_absent(machine: Machine) -> None:
    read = refused(machine, "echo ' DCMI request failed because: Invalid command (c1)' >&2; exit 1")
    with pytest.raises(Absent, match="Invalid command"):
        read()


def test_a_bmc_that_hangs_is_a_failure_and_its_tool_is_gone(
    machine: Machine, tmp_path: Path
) -> None:
    read = refused(machine, f"echo $$ > {tmp_path}/pid; sleep 60 & wait")
    with pytest.raises(SourceFailed) as caught:
        read()
    assert caught.value.code == "timeout"
    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists()


def test_reading_before_open_is_a_failure() -> None:
    with pytest.raises(SourceFailed, match="before open"):
        IpmiPower().read(0)
