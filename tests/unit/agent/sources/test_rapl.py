"""RAPL over trees as the kernel shows them."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.source import fault
from agent.sources import rapl
from agent.sources.rapl import RaplReader
from vigie.catalogue import PART_ROLES, Power
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Field, Value

FIXTURES = Path(__file__).parents[3] / "fixtures" / "powercap"
Rows = dict[str, dict[Field, Value]]


class Machine:
    """A copy of a tree, with a clock that a test moves."""

    def __init__(self, directory: Path, tree: str) -> None:
        self.powercap = directory / tree
        shutil.copytree(FIXTURES / tree, self.powercap)
        self.seconds = 1_000.0

    def reader(self, roles: Mapping[str, str] | None = None) -> RaplReader:
        return RaplReader(str(self.powercap), roles, lambda: self.seconds)

    def count(self, zone: str, joules: float) -> None:
        """Let the counter of a zone grow, and wrap at its range."""
        folder = self.powercap / zone
        span = int((folder / "max_energy_range_uj").read_text())
        before = int((folder / "energy_uj").read_text())
        (folder / "energy_uj").write_text(f"{(before + round(joules * 1e6)) % span}\n")


@pytest.fixture
def machine(tmp_path: Path) -> Callable[[str], Machine]:
    return lambda tree: Machine(tmp_path, tree)


def deny(monkeypatch: pytest.MonkeyPatch, error: type[OSError], code: int, *parts: str) -> None:
    """Have the kernel refuse to open files whose path contains any of the parts."""
    real = os.open

    def refusing(path: Any, *more: Any) -> int:
        if any(part in str(path) for part in parts):
            raise error(code, os.strerror(code), str(path))
        return real(path, *more)

    monkeypatch.setattr("agent.sysfs.os.open", refusing)


def rows(source: RaplReader) -> Rows:
    found = source.read(0)
    assert fault(found, source.measurements) is None
    count = len(found.columns[Power.meter])
    return {
        str(found.columns[Power.meter][n]): {f: cells[n] for f, cells in found.columns.items()}
        for n in range(count)
    }


def test_two_sockets_and_their_memory_each_in_its_role(
    machine: Callable[[str], Machine],
) -> None:
    source = machine("two_sockets").reader()
    source.open()
    found = rows(source)
    assert {meter: row[Power.role] for meter, row in found.items()} == {
        "rapl:package-0": "cpu", "rapl:package-0/dram": "memory",
        "rapl:package-1": "cpu", "rapl:package-1/dram": "memory",
    }  # fmt: skip
    first = found["rapl:package-0"]
    assert (first[Power.energy_joules_total], first[Power.power_watts]) == (0, None)
    assert (first[Power.phase], first[Power.method]) == ("all", "counter")
    assert first[Power.capacity_watts] == 270
    assert found["rapl:package-0/dram"][Power.capacity_watts] is None  # 0 is not told


def test_power_is_what_the_counter_grew_by(machine: Callable[[str], Machine]) -> None:
    made = machine("two_sockets")
    source = made.reader()
    source.open()
    rows(source)
    made.seconds += 10
    made.count("intel-rapl:0", 2_500)
    made.count("intel-rapl:1", 1_500)  # wraps at 262,143 J
    made.count("intel-rapl:1:0", 120)  # wraps at 65,713 J
    found = rows(source)
    energy = {meter: row[Power.energy_joules_total] for meter, row in found.items()}
    assert energy == {
        "rapl:package-0": pytest.approx(2_500), "rapl:package-0/dram": 0,
        "rapl:package-1": pytest.approx(1_500), "rapl:package-1/dram": pytest.approx(120),
    }  # fmt: skip
    assert found["rapl:package-1"][Power.power_watts] == pytest.approx(150)
    assert found["rapl:package-0/dram"][Power.power_watts] == 0
    assert {row[Power.resets_total] for row in found.values()} == {0}
    assert {row[Power.gap_seconds_total] for row in found.values()} == {0}
    assert {row[Power.energy_error_ratio] for row in found.values()} == {0}


def test_what_lies_within_a_package_is_not_given_and_mmio_is_no_second_package(
    machine: Callable[[str], Machine],
) -> None:
    source = machine("psys").reader()
    source.open()
    found = rows(source)
    assert {meter: row[Power.role] for meter, row in found.items()} == {
        "rapl:package-0": "cpu", "rapl:psys": "other",
    }  # fmt: skip
    assert {str(row[Power.role]) for row in found.values()} <= set(PART_ROLES)


def test_amd_tells_its_package_alone(machine: Callable[[str], Machine]) -> None:
    source = machine("amd").reader()
    source.open()
    found = rows(source)
    assert list(found) == ["rapl:package-0"]
    assert found["rapl:package-0"][Power.capacity_watts] is None


def test_a_role_is_another_where_settings_say_so(machine: Callable[[str], Machine]) -> None:
    source = machine("psys").reader({"rapl:psys": "it"})
    source.open()
    assert rows(source)["rapl:psys"][Power.role] == "it"


def test_settings_reach_the_source() -> None:
    made = rapl.source(AgentSettings(roles={"rapl:psys": "it"}))
    assert (made.name, made._roles) == ("rapl", {"rapl:psys": "it"})


def test_over_a_long_interval_in_which_it_may_have_wrapped_there_is_no_energy(
    machine: Callable[[str], Machine],
) -> None:
    made = machine("amd")
    source = made.reader()
    source.open()
    rows(source)
    made.seconds += 300
    made.count("intel-rapl:0", 100_000)
    found = rows(source)["rapl:package-0"]
    assert (found[Power.energy_joules_total], found[Power.gap_seconds_total]) == (0, 300)
    assert found[Power.power_watts] is None


@pytest.mark.parametrize(("seconds", "joules"), [(60, 600), (61, 0)])
def test_without_a_range_an_interval_of_more_than_a_minute_is_dropped(
    machine: Callable[[str], Machine], seconds: float, joules: float
) -> None:
    made = machine("amd")
    (made.powercap / "intel-rapl:0" / "max_energy_range_uj").unlink()
    source = made.reader()
    source.open()
    rows(source)
    made.seconds += seconds
    (made.powercap / "intel-rapl:0" / "energy_uj").write_text("41834567890\n")
    found = rows(source)["rapl:package-0"]
    assert found[Power.energy_joules_total] == pytest.approx(joules)


def test_without_a_range_a_fall_counts_as_a_reset(machine: Callable[[str], Machine]) -> None:
    made = machine("amd")
    (made.powercap / "intel-rapl:0" / "max_energy_range_uj").unlink()
    source = made.reader()
    source.open()
    rows(source)
    made.seconds += 10
    (made.powercap / "intel-rapl:0" / "energy_uj").write_text("5\n")
    found = rows(source)["rapl:package-0"]
    assert (found[Power.energy_joules_total], found[Power.resets_total]) == (0, 1)


def test_counters_that_only_root_may_read_fail_loudly_with_the_command_that_helps(
    machine: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = machine("two_sockets").reader()
    deny(monkeypatch, PermissionError, 13, "energy_uj")
    source.open()
    with pytest.raises(SourceFailed, match=r"energy_uj: .*rapl\.conf") as caught:
        source.read(0)
    assert caught.value.code == "denied"


def test_a_jump_that_no_package_can_make_is_not_believed_and_logged_once(
    machine: Callable[[str], Machine], caplog: pytest.LogCaptureFixture
) -> None:
    made = machine("two_sockets")
    source = made.reader()
    source.open()
    found = rows(source)["rapl:package-0"]
    for joules in (0, 100_000, 1_000):
        made.seconds += 10
        made.count("intel-rapl:0", joules)
        found = rows(source)["rapl:package-0"]
    assert found[Power.energy_joules_total] == pytest.approx(1_000)
    assert found[Power.gap_seconds_total] == 10
    assert [record.message for record in caplog.records] == ["reading not believed"]


def test_one_socket_that_fails_leaves_the_other(
    machine: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = machine("two_sockets")
    source = made.reader()
    source.open()
    rows(source)
    made.seconds += 10
    made.count("intel-rapl:0", 1_000)
    made.count("intel-rapl:1", 1_000)
    with monkeypatch.context() as patched:
        deny(patched, OSError, 61, "intel-rapl:1/energy_uj")
        found = rows(source)
    assert found["rapl:package-0"][Power.power_watts] == pytest.approx(100)
    assert found["rapl:package-1"][Power.power_watts] is None
    made.seconds += 10
    made.count("intel-rapl:1", 500)
    energy = rows(source)["rapl:package-1"][Power.energy_joules_total]
    assert energy == pytest.approx(1_500)  # the counter went on meanwhile


def test_a_counter_that_says_no_number_is_unknown(machine: Callable[[str], Machine]) -> None:
    made = machine("two_sockets")
    (made.powercap / "intel-rapl:0" / "energy_uj").write_text("\n")
    source = made.reader()
    source.open()
    assert rows(source)["rapl:package-0"][Power.energy_joules_total] is None


def test_a_driver_that_goes_and_comes_back_goes_on_counting(
    machine: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = machine("amd")
    source = made.reader()
    source.open()
    rows(source)
    with monkeypatch.context() as patched:
        deny(patched, OSError, 19, "energy_uj")
        with pytest.raises(SourceFailed, match="No such device"):
            source.read(0)
    made.seconds += 20
    made.count("intel-rapl:0", 300)
    assert rows(source)["rapl:package-0"][Power.energy_joules_total] == pytest.approx(300)
    shutil.rmtree(made.powercap)
    with pytest.raises(Absent):
        source.read(0)


@pytest.mark.parametrize("there", [True, False])
def test_a_virtual_machine_has_none(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "dtpm").mkdir()
    source = RaplReader(str(tmp_path if there else tmp_path / "none"))
    with pytest.raises(Absent, match="virtual machine"):
        source.open()


def test_reading_before_it_is_open_is_a_failure(machine: Callable[[str], Machine]) -> None:
    source = machine("amd").reader()
    with pytest.raises(SourceFailed, match="before open"):
        source.read(0)
    source.open()
    source.close()
    with pytest.raises(SourceFailed, match="before open"):
        source.read(0)
