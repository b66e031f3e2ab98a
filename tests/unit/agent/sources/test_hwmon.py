"""The sensors of a host over trees as the kernel shows them."""

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.source import Found, fault
from agent.sources import hwmon
from agent.sources.hwmon import HwmonReader
from vigie.catalogue import PART_ROLES, Cooling, Environment, Power
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Field, Measurement, Quality, Value

FIXTURES = Path(__file__).parents[3] / "fixtures" / "hwmon"
NAMES: Mapping[type[Measurement], Field] = {
    Power: Power.meter, Cooling: Cooling.component, Environment: Environment.sensor
}  # fmt: skip
Row = Mapping[Field, Value]


class Machine:
    """A copy of a tree, with a clock that a test moves."""

    def __init__(self, directory: Path, tree: str) -> None:
        self.root = directory / tree
        shutil.copytree(FIXTURES / tree, self.root, symlinks=True)
        self.powercap = directory / "powercap"
        self.hwmon = self.root / "class" / "hwmon"
        self.seconds = 1_000.0

    def open(self, roles: Mapping[str, str] | None = None) -> HwmonReader:
        source = HwmonReader(str(self.hwmon), str(self.powercap), roles, lambda: self.seconds)
        source.open()
        return source

    def say(self, number: int, file: str, text: object) -> None:
        """Have a file of a chip say something."""
        (self.hwmon / f"hwmon{number}" / file).write_text(f"{text}\n")


@pytest.fixture
def machine(tmp_path: Path) -> Callable[[str], Machine]:
    return lambda tree: Machine(tmp_path, tree)


def rows(found: Found, measurement: type[Measurement]) -> dict[str, Row]:
    """Rows by name."""
    assert fault(found, (Power, Cooling, Environment)) is None
    columns = {f: c for f, c in found.columns.items() if f.measurement == measurement.name}
    names = columns.get(NAMES[measurement], ())
    return {str(name): {f: c[n] for f, c in columns.items()} for n, name in enumerate(names)}


def refuse(monkeypatch: pytest.MonkeyPatch, code: int, *parts: str) -> None:
    """Have the kernel fail to open files whose path contains any of the parts."""
    real = os.open

    def refusing(path: Any, *more: Any) -> int:
        if any(part in str(path) for part in parts):
            raise OSError(code, os.strerror(code), str(path))
        return real(path, *more)

    monkeypatch.setattr("agent.sysfs.os.open", refusing)


# Temperatures


def test_thermometers_are_named_by_where_they_hang_and_placed(
    machine: Callable[[str], Machine],
) -> None:
    found = rows(machine("server").open().read(0), Environment)
    assert {name: row[Environment.place] for name, row in found.items()} == {
        "coretemp:coretemp.0:Package id 0": "processor",
        "coretemp:coretemp.1:Package id 1": "processor",
        "nvme:0000:01:00.0:Composite": "disk",
        "nvme:0000:01:00.0:Sensor 1": "disk",
        "drivetemp:naa.5000c500a1b2c3d4:temp1": "disk",
        "pmbus:0000:00:1f.4-0058:temp1": "board",
        "pmbus:0000:00:1f.4-0058:temp2": "board",
        "pmbus:0000:00:1f.4-0059:temp1": "board",
        "pmbus:0000:00:1f.4-0059:temp2": "board",
        "nct6798:nct6775.656:SYSTIN": "board",
        "nct6798:nct6775.656:CPUTIN": "processor",
        "nct6798:nct6775.656:AUXTIN0": "board",
        "nct6798:nct6775.656:Inlet Temp": "inlet",
        "jc42:0000:00:1f.4-0018:temp1": "memory",
        "acpitz:thermal_zone0:temp1": "board",
    }


def test_names_stay_when_the_kernel_counts_its_chips_in_another_order(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("server")
    source = made.open()
    before = set(rows(source.read(0), Environment))
    entries = {path.name: path.readlink() for path in made.hwmon.iterdir()}
    for name, other in zip(sorted(entries), sorted(entries, reverse=True), strict=True):
        (made.hwmon / name).unlink()
        (made.hwmon / name).symlink_to(entries[other])
    made.seconds += 30
    assert set(rows(source.read(0), Environment)) == before


def test_a_bus_that_gets_another_number_leaves_the_name(tmp_path: Path) -> None:
    names = []
    for bus in (5, 9):
        folder = tmp_path / f"{bus}/devices/0000:00:1f.4/i2c-2/i2c-{bus}/{bus}-0058"
        made = tmp_path / f"{bus}/class"
        (folder / "hwmon/hwmon0").mkdir(parents=True)
        made.mkdir()
        (folder / "hwmon/hwmon0/name").write_text("pmbus\n")
        (folder / "hwmon/hwmon0/temp1_input").write_text("40000\n")
        (folder / "hwmon/hwmon0/device").symlink_to("../..")
        (made / "hwmon0").symlink_to(folder / "hwmon/hwmon0")
        source = HwmonReader(str(made), str(tmp_path / "none"))
        source.open()
        names.append(list(rows(source.read(0), Environment)))
    assert names == [["pmbus:0000:00:1f.4-0058:temp1"]] * 2


def test_two_chips_that_hang_alike_are_two(machine: Callable[[str], Machine]) -> None:
    made = machine("amd")
    other = made.root / "devices/virtual/hwmon/hwmon9"
    shutil.copytree(made.root / "devices/virtual/hwmon/hwmon3", other)
    (made.hwmon / "hwmon9").symlink_to(other)
    found = rows(made.open().read(0), Environment)
    assert {"sht3x:virtual:temp1", "sht3x:virtual#2:temp1"} <= set(found)


def test_temperatures_in_celsius_with_the_limit_of_the_maker(
    machine: Callable[[str], Machine],
) -> None:
    found = rows(machine("server").open().read(0), Environment)
    package = found["coretemp:coretemp.1:Package id 1"]
    assert package[Environment.temperature_celsius] == pytest.approx(61)
    assert package[Environment.limit_celsius] == pytest.approx(98)
    assert found["nvme:0000:01:00.0:Composite"][Environment.limit_celsius] == pytest.approx(84.85)
    assert found["nvme:0000:01:00.0:Sensor 1"][Environment.limit_celsius] is None  # 65,261 °C
    assert found["acpitz:thermal_zone0:temp1"][Environment.limit_celsius] is None


def test_where_both_are_the_die_is_told_and_not_what_steers_the_fans(
    machine: Callable[[str], Machine],
) -> None:
    found = rows(machine("amd").open().read(0), Environment)
    processor = {n: r for n, r in found.items() if r[Environment.place] == "processor"}
    assert list(processor) == ["k10temp:0000:00:18.3:Tdie"]
    assert processor["k10temp:0000:00:18.3:Tdie"][Environment.temperature_celsius] == 55


def test_cores_are_told_where_no_package_is(machine: Callable[[str], Machine]) -> None:
    made = machine("server")
    (made.hwmon / "hwmon0" / "temp1_input").unlink()
    found = rows(made.open().read(0), Environment)
    assert "coretemp:coretemp.0:Core 2" in found


def test_humidity_is_a_share(machine: Callable[[str], Machine]) -> None:
    found = rows(machine("amd").open().read(0), Environment)
    assert found["sht3x:virtual:temp1"][Environment.humidity_ratio] == pytest.approx(0.4525)
    assert found["amdgpu:0000:43:00.0:edge"][Environment.humidity_ratio] is None


@pytest.mark.parametrize("said", [-1, -1000, 0, 127500, 128000, 255000, -273150, "N/A", ""])
def test_what_is_no_temperature_is_unknown(machine: Callable[[str], Machine], said: object) -> None:
    made = machine("server")
    made.say(0, "temp1_input", said)
    found = rows(made.open().read(0), Environment)
    assert found["coretemp:coretemp.0:Package id 0"][Environment.temperature_celsius] is None
    assert found["nct6798:nct6775.656:CPUTIN"][Environment.temperature_celsius] is None


def test_outside_air_may_freeze(machine: Callable[[str], Machine]) -> None:
    made = machine("server")
    made.say(10, "temp4_input", 0)
    found = rows(made.open().read(0), Environment)
    assert found["nct6798:nct6775.656:Inlet Temp"][Environment.temperature_celsius] == 0


def test_a_sensor_that_says_it_is_broken_is_unknown(machine: Callable[[str], Machine]) -> None:
    found = rows(machine("server").open().read(0), Environment)
    assert found["nct6798:nct6775.656:AUXTIN0"][Environment.temperature_celsius] is None
    assert found["nct6798:nct6775.656:SYSTIN"][Environment.temperature_celsius] == 33


@pytest.mark.parametrize("code", [errno.EIO, errno.ENODATA, errno.EAGAIN, errno.ENXIO])
def test_a_sensor_that_fails_is_unknown_and_the_others_are_told(
    machine: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    source = machine("server").open()
    refuse(monkeypatch, code, "hwmon0/temp1_input", "hwmon4/")
    found = source.read(0)
    warmth, power = rows(found, Environment), rows(found, Power)
    assert warmth["coretemp:coretemp.0:Package id 0"][Environment.temperature_celsius] is None
    assert warmth["coretemp:coretemp.1:Package id 1"][Environment.temperature_celsius] == 61
    assert power["pmbus:0000:00:1f.4-0058:pin"][Power.power_watts] is None
    assert power["pmbus:0000:00:1f.4-0059:pin"][Power.power_watts] == pytest.approx(398)


def test_all_sensors_silent_at_once_is_a_failure(
    machine: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = machine("server").open()
    refuse(monkeypatch, errno.EIO, "_input")
    with pytest.raises(SourceFailed, match="none of 17 sensors says anything"):
        source.read(0)


# Fans


def test_fans_with_their_speed_and_their_alarms(machine: Callable[[str], Machine]) -> None:
    made = machine("server")
    made.say(10, "fan1_alarm", 1)
    found = rows(made.open().read(0), Cooling)
    assert set(found) == {
        "nct6798:nct6775.656:FAN1", "nct6798:nct6775.656:fan2", "nct6798:nct6775.656:fan3",
        "pmbus:0000:00:1f.4-0058:fan1", "pmbus:0000:00:1f.4-0059:fan1",
    }  # fmt: skip
    slow, fast = found["nct6798:nct6775.656:FAN1"], found["nct6798:nct6775.656:fan2"]
    assert (slow[Cooling.fan_speed_rpm], slow[Cooling.running], slow[Cooling.kind]) == (
        6_400, True, "air"
    )  # fmt: skip
    assert slow[Cooling.alarms] == 1 << Cooling.alarms.codes.index("low")
    assert slow[Cooling.speed_ratio] is None
    assert fast[Cooling.alarms] == 0
    assert fast[Cooling.speed_ratio] == pytest.approx(6_350 / 16_000)


def test_a_header_that_no_fan_ever_turned_at_is_unknown_and_a_fan_that_stopped_is_stopped(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("server")
    source = made.open()
    empty = rows(source.read(0), Cooling)["nct6798:nct6775.656:fan3"]
    assert (empty[Cooling.fan_speed_rpm], empty[Cooling.running]) == (None, None)
    made.say(10, "fan1_input", 0)
    made.seconds += 30
    stopped = rows(source.read(0), Cooling)["nct6798:nct6775.656:FAN1"]
    assert (stopped[Cooling.fan_speed_rpm], stopped[Cooling.running]) == (0, False)


def test_a_fan_whose_sensor_is_broken_is_unknown_and_says_so(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("server")
    source = made.open()
    source.read(0)
    made.say(4, "fan1_input", 0)
    made.say(4, "fan1_fault", 1)
    made.seconds += 30
    found = rows(source.read(0), Cooling)["pmbus:0000:00:1f.4-0058:fan1"]
    assert (found[Cooling.fan_speed_rpm], found[Cooling.running]) == (None, None)
    assert found[Cooling.alarms] == 1 << Cooling.alarms.codes.index("fault")


# Power


def test_what_supplies_take_is_a_part_by_gauge_and_what_they_give_is_left_out(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("server")
    source = made.open()
    source.read(0)
    made.seconds += 10
    found = source.read(0)
    power = rows(found, Power)
    assert set(power) == {"pmbus:0000:00:1f.4-0058:pin", "pmbus:0000:00:1f.4-0059:pin"}
    row = power["pmbus:0000:00:1f.4-0058:pin"]
    assert (row[Power.role], row[Power.method], row[Power.phase]) == ("supply", "gauge", "all")
    assert row[Power.power_watts] == pytest.approx(412)
    assert row[Power.energy_joules_total] == pytest.approx(4_120)
    assert row[Power.energy_error_ratio] == 0.75  # nothing says that it averages
    assert row[Power.voltage_volts] == pytest.approx(230.25)
    assert row[Power.current_amperes] == pytest.approx(1.812)
    assert row[Power.capacity_watts] == 2_000
    assert row[Power.alarms] == 0
    assert found.quality == {"power": [Quality.ESTIMATED] * 2}


def test_a_supply_that_takes_too_much_says_so(machine: Callable[[str], Machine]) -> None:
    made = machine("server")
    made.say(4, "power1_alarm", 1)
    found = rows(made.open().read(0), Power)["pmbus:0000:00:1f.4-0058:pin"]
    assert found[Power.alarms] == 1 << Power.alarms.codes.index("overload")


def test_a_chip_with_an_energy_counter_needs_no_integral(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("grace")
    source = made.open()
    source.read(0)
    made.seconds += 10
    made.say(4, "energy1_input", 2_500_000_000)
    made.say(4, "power1_input", 51_000_000)
    found = source.read(0)
    row = rows(found, Power)["ina238:ina238:power1"]
    assert (row[Power.method], row[Power.role]) == ("counter", "other")
    assert row[Power.energy_joules_total] == pytest.approx(500)
    assert row[Power.power_watts] == pytest.approx(51)
    assert row[Power.voltage_volts] == pytest.approx(12.05)
    assert row[Power.current_amperes] == pytest.approx(3.983)
    assert row[Power.energy_error_ratio] == 0
    assert found.quality["power"][-1] is Quality.MEASURED


def test_of_a_grace_module_no_part_is_added_to_another(
    machine: Callable[[str], Machine],
) -> None:
    found = rows(machine("grace").open().read(0), Power)
    assert {name.rpartition(":")[2]: row[Power.role] for name, row in found.items()} == {
        "Module Power Socket 0": "other", "Grace Power Socket 0": "other",
        "CPU Power Socket 0": "cpu", "SysIO Power Socket 0": "other", "power1": "other",
    }  # fmt: skip


def test_a_meter_tells_over_how_long_it_averages(machine: Callable[[str], Machine]) -> None:
    made = machine("grace")
    made.say(1, "power1_average_interval", 10_000)
    source = made.open()
    source.read(0)
    made.seconds += 10
    found = rows(source.read(0), Power)
    assert found["power_meter:ACPI000D:01:Grace Power Socket 0"][Power.energy_error_ratio] == 0.01
    assert found["power_meter:ACPI000D:02:CPU Power Socket 0"][Power.energy_error_ratio] == 0.75


def test_a_machine_that_says_it_draws_nothing_does_not_know(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("grace")
    made.say(1, "power1_average", 0)
    found = rows(made.open().read(0), Power)
    row = found["power_meter:ACPI000D:01:Grace Power Socket 0"]
    assert (row[Power.power_watts], row[Power.energy_joules_total]) == (None, None)


def test_packages_are_told_by_rapl_or_here_and_never_twice(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("amd")
    alone = rows(made.open().read(0), Power)
    assert {name: row[Power.role] for name, row in alone.items()} == {
        "amd_energy:amd_energy.0:Esocket0": "cpu", "amdgpu:0000:43:00.0:PPT": "gpu"
    }  # fmt: skip
    (made.powercap / "intel-rapl:0").mkdir(parents=True)
    beside = rows(made.open().read(0), Power)
    assert list(beside) == ["amdgpu:0000:43:00.0:PPT"]


@pytest.mark.parametrize("tree", ["server", "amd", "grace"])
def test_every_meter_is_a_part_in_the_pue(machine: Callable[[str], Machine], tree: str) -> None:
    found = rows(machine(tree).open().read(0), Power)
    assert {str(row[Power.role]) for row in found.values()} <= set(PART_ROLES)


def test_a_role_is_another_where_settings_say_so(machine: Callable[[str], Machine]) -> None:
    meter = "power_meter:ACPI000D:00:Module Power Socket 0"
    found = rows(machine("grace").open({meter: "it"}).read(0), Power)
    assert found[meter][Power.role] == "it"
    assert hwmon.source(AgentSettings(roles={meter: "it"}))._roles == {meter: "it"}


# Turns


def test_power_is_read_at_every_turn_and_the_rest_as_often_as_it_is_wanted(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("server")
    source = made.open()
    told = []
    for _ in range(7):
        found = source.read(0)
        told.append((len(rows(found, Power)), len(rows(found, Environment)) > 0))
        made.seconds += 10.05
    assert told == [(2, True), (2, False), (2, False)] * 2 + [(2, True)]


def test_power_that_is_wanted_less_often_has_no_gaps_for_that(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("server")
    slow = hwmon.source(AgentSettings(periods={"hwmon": 60}))
    assert slow.period_seconds == 60
    source = HwmonReader(
        str(made.hwmon), str(made.powercap), None, lambda: made.seconds, slow.period_seconds
    )
    source.open()
    source.read(0)
    made.seconds += 60
    row = rows(source.read(0), Power)["pmbus:0000:00:1f.4-0058:pin"]
    assert row[Power.energy_joules_total] == pytest.approx(412 * 60)
    assert row[Power.gap_seconds_total] == 0


def test_a_chip_that_goes_takes_its_rows_and_one_that_comes_brings_its_own(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("server")
    source = made.open()
    assert len(rows(source.read(0), Power)) == 2
    link = (made.hwmon / "hwmon5").readlink()
    (made.hwmon / "hwmon5").unlink()
    assert len(rows(source.read(0), Power)) == 1
    (made.hwmon / "hwmon17").symlink_to(link)
    assert len(rows(source.read(0), Power)) == 2


@pytest.mark.parametrize("there", [True, False])
def test_a_machine_without_sensors_is_absent(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "hwmon0").mkdir()
        (tmp_path / "hwmon0" / "name").write_text("hidpp_battery_0\n")
    source = HwmonReader(str(tmp_path if there else tmp_path / "none"))
    with pytest.raises(Absent, match="sensors-detect"):
        source.open()


def test_sensors_that_all_go_are_absent(machine: Callable[[str], Machine]) -> None:
    made = machine("amd")
    source = made.open()
    shutil.rmtree(made.hwmon)
    with pytest.raises(Absent):
        source.read(0)


def test_reading_before_it_is_open_is_a_failure(machine: Callable[[str], Machine]) -> None:
    source = machine("amd").open()
    source.close()
    with pytest.raises(SourceFailed, match="before open"):
        source.read(0)
