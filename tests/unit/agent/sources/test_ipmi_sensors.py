"""The sensors of a BMC as a source."""

from pathlib import Path

import pytest

from agent.ipmi.bmc import Bmc
from agent.source import Found, fault
from agent.sources.ipmi_sensors import IpmiSensors
from vigie.catalogue import Cooling, Environment, Power
from vigie.errors import SourceFailed
from vigie.shape import Field, Quality, Value

FIXTURES = Path(__file__).parents[3] / "fixtures" / "ipmi"


class Machine:
    """An ipmitool that prints a fixture, and a clock that a test moves on."""

    def __init__(self, folder: Path) -> None:
        self.now, self.program, self._device = 1000.0, folder / "ipmitool", folder / "ipmi0"

    def seconds(self) -> float:
        return self.now

    def does(self, script: str) -> None:
        self.program.write_text(f"#!/bin/sh\n{script}\n")
        self.program.chmod(0o755)

    def source(self, **roles: str) -> IpmiSensors:
        self._device.touch()
        bmc = Bmc(limit_seconds=5, program=str(self.program), devices=[str(self._device)])
        source = IpmiSensors(bmc, roles, seconds=self.seconds)
        source.open()
        return source


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.does(f"cat {FIXTURES}/sensors-supermicro.csv")
    return made


def supply(found: Found, meter: str) -> dict[Field, Value]:
    assert fault(found, IpmiSensors.measurements) is None
    at = list(found.columns[Power.meter]).index(meter)
    return {f: cells[at] for f, cells in found.columns.items() if f.measurement == Power.name}


def test_one_answer_gives_temperatures_fans_and_supplies(machine: Machine) -> None:
    found = machine.source().read(0)
    assert fault(found, IpmiSensors.measurements) is None
    assert "ipmi:CPU1 Temp" in found.columns[Environment.sensor]
    assert found.columns[Cooling.component] == ["ipmi:FAN1"]
    assert list(found.columns[Power.meter]) == ["ipmi:psu1", "ipmi:psu2", "ipmi:CPU1 Power"]


def test_roles_are_parts_unless_set(machine: Machine) -> None:
    assert supply(machine.source().read(0), "ipmi:psu1")[Power.role] == "supply"
    told = {"ipmi:psu1": "it"}
    assert supply(machine.source(**told).read(0), "ipmi:psu1")[Power.role] == "it"


def test_energy_of_each_supply_is_estimated(machine: Machine) -> None:
    source = machine.source()
    source.read(0)
    machine.now += 60
    found = source.read(0)
    read = supply(found, "ipmi:psu1")
    assert read[Power.energy_joules_total] == 208 * 60
    assert read[Power.energy_error_ratio] == 0.75
    assert found.quality["power"][0] is Quality.ESTIMATED


def test_a_supply_that_tells_no_power_has_no_energy(machine: Machine) -> None:
    machine.does(f"cat {FIXTURES}/sensors-dell.csv")
    found = machine.source().read(0)
    read = supply(found, "ipmi:psu1")
    assert (read[Power.power_watts], read[Power.energy_joules_total]) == (None, None)
    assert read[Power.voltage_volts] == 230
    assert found.quality["power"][0] is Quality.MEASURED


def test_a_supply_that_falls_silent_counts_a_gap(machine: Machine, tmp_path: Path) -> None:
    source = machine.source()
    source.read(0)
    text = (FIXTURES / "sensors-supermicro.csv").read_text()
    silent = text.replace("PS1 Input Power,208,Watts,ok", "PS1 Input Power,,,ns")
    (tmp_path / "silent.csv").write_text(silent)
    machine.does(f"cat {tmp_path / 'silent.csv'}")
    machine.now += 600
    read = supply(source.read(0), "ipmi:psu1")
    assert read[Power.power_watts] is None
    assert read[Power.gap_seconds_total] == 600


def test_a_sensor_that_fails_does_not_cost_the_others(machine: Machine) -> None:
    machine.does(f"cat {FIXTURES}/sensors-dell.csv; echo 'get_record() failed' >&2; exit 1")
    assert "ipmi:Inlet Temp" in machine.source().read(0).columns[Environment.sensor]


def test_a_bmc_without_sensors_is_well(machine: Machine) -> None:
    machine.does("exit 0")
    assert machine.source().read(0) == Found({})


def test_a_refusal_is_a_failure(machine: Machine) -> None:
    machine.does("echo 'Error obtaining SDR info: Node busy' >&2; exit 1")
    with pytest.raises(SourceFailed, match="Node busy") as caught:
        machine.source().read(0)
    assert caught.value.code == "busy"


def test_reading_before_open_is_a_failure() -> None:
    with pytest.raises(SourceFailed, match="before open"):
        IpmiSensors().read(0)
