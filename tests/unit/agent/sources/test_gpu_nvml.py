"""The real nvidia-ml-py, in a process of its own, against a stand-in for the driver's library."""

import contextlib
import itertools
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agent.apart import Apart
from agent.source import Found, fault
from agent.sources import gpu_nvml
from agent.sources.gpu_nvml import GpuNvml, has_gpu
from tests.build import nvml
from tests.build.nvml import Driver, part, uuid
from vigie.catalogue import Gpu, GpuInstance, GpuXid, Job
from vigie.errors import Absent, SourceFailed
from vigie.shape import Field, Value

pytestmark = pytest.mark.slow  # each has the real nvidia-ml-py in a process of its own
DAY = 86_400.0
Opened = Callable[..., Apart]


class Stage:
    """Two drivers, of today and of 2021, under one script; sources in processes that are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._sources = folder, dict[tuple[bool, bool], Apart]()
        self.libraries = {}
        for old in (False, True):
            (folder / str(old)).mkdir()
            self.libraries[old] = nvml.compiled(folder / str(old), old=old)
        self.driver = Driver(self.libraries[False], folder / "orders")

    def source(self, *, old: bool = False, activity: bool = True) -> Apart:
        """A source with that driver, opened anew."""
        key = (old, activity)
        if key not in self._sources:
            self._sources[key] = self.fresh(activity=activity)
        with self.environment(old=old):
            self._sources[key].open()
        return self._sources[key]

    @contextlib.contextmanager
    def environment(self, *, old: bool = False) -> Iterator[None]:
        """What a process of a source finds."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.driver.environment.items():
                patch.setenv(name, value)
            patch.setenv("LD_LIBRARY_PATH", str(self.libraries[old]))
            yield

    def fresh(self, *, limit: float = 5.0, activity: bool = True) -> Apart:
        """A source of its own, not open."""
        source = self.source_alone(activity=activity)
        source.limit_seconds = limit
        return Apart(source)

    def source_alone(self, *, activity: bool = True) -> GpuNvml:
        """A source for a process."""
        folder = self.folder
        return GpuNvml(str(folder / "proc"), str(folder / "pci"), activity=activity)

    def processes(self, cgroups: Mapping[int, str], **comms: str) -> None:
        """What runs on the host; nothing is to be seen otherwise."""
        nvml.processes(self.folder, cgroups, **comms)

    def reset(self) -> None:
        """The driver as it is when nobody says otherwise, at 100 s."""
        for name in ("proc", "pci"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.driver.say()
        self.driver.at(100)

    def close(self) -> None:
        """End every process."""
        for source in self._sources.values():
            source.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all: a process costs more than a test."""
    with contextlib.closing(Stage(tmp_path_factory.mktemp("nvml"))) as made:
        yield made


@pytest.fixture
def stage(kept: Stage) -> Stage:
    """As if it were new."""
    kept.reset()
    return kept


@pytest.fixture
def driver(stage: Stage) -> Driver:
    """What the stub is told."""
    return stage.driver


@pytest.fixture
def opened(stage: Stage) -> Opened:
    """Opens a source with that driver."""
    return stage.source


def row(found: Found, gpu: int = 0) -> dict[Field, Value]:
    """The cells of one board that are known."""
    at = list(found.columns[Gpu.gpu]).index(uuid(gpu))
    cells = {f: found.columns[f][at] for f in found.columns if f.measurement == "gpu"}
    return {f: cell for f, cell in cells.items() if cell is not None}


def rows(found: Found, *fields: Field) -> list[tuple[Value, ...]]:
    """Rows of a measurement, of these fields."""
    return list(zip(*(found.columns.get(field, ()) for field in fields), strict=True))


def codes(found: Found) -> list[tuple[str, str]]:
    """What happened, and to which GPU."""
    return [(h.code, h.keys.get("gpu", "")) for h in found.happenings]


def test_every_reading_comes_in_base_units(driver: Driver, opened: Opened) -> None:
    apart = opened()
    apart.read(driver.at(100))
    assert row(apart.read(driver.at(112.3))) == {
        Gpu.gpu: uuid(0),
        Gpu.up: True,
        Gpu.energy_joules_total: pytest.approx(45_610),
        Gpu.power_watts: pytest.approx(700),
        Gpu.power_instant_watts: pytest.approx(700),
        Gpu.power_limit_watts: pytest.approx(700),
        Gpu.utilization_ratio: pytest.approx(0.42),
        Gpu.sm_active_ratio: pytest.approx(0.30),
        Gpu.sm_occupancy_ratio: pytest.approx(0.20),
        Gpu.tensor_active_ratio: pytest.approx(0.12),
        Gpu.dram_active_ratio: pytest.approx(0.06),
        Gpu.memory_total_bytes: 81_559 * 2**20,
        Gpu.memory_used_bytes: 1000 * 2**20,
        Gpu.memory_reserved_bytes: 500 * 2**20,
        Gpu.temperature_celsius: 41,
        Gpu.temperature_margin_celsius: 46,
        Gpu.memory_temperature_celsius: 55,
        Gpu.sm_clock_hertz: 1.98e9,
        Gpu.memory_clock_hertz: 2.619e9,
        Gpu.throttle_reasons: 0b100,
        Gpu.throttle_power_seconds_total: pytest.approx(1.5),
        Gpu.throttle_thermal_seconds_total: pytest.approx(2.5),
        Gpu.throttle_hardware_seconds_total: pytest.approx(0.375),
        Gpu.ecc_corrected_total: 7,
        Gpu.ecc_uncorrected_total: 1,
        Gpu.ecc_corrected_lifetime_total: 70,
        Gpu.ecc_uncorrected_lifetime_total: 2,
        Gpu.rows_remapped_corrected_total: 4,
        Gpu.rows_remapped_uncorrected_total: 1,
        Gpu.row_remap_pending: False,
        Gpu.row_remap_failed: False,
        Gpu.recovery_action: 0,
        Gpu.xid_total: 0,
        Gpu.pcie_transmit_bytes_total: 123_456_789,
        Gpu.pcie_receive_bytes_total: 987_654_321,
        Gpu.pcie_replays_total: 3,
        Gpu.nvlink_transmit_bytes_total: 5000 * 1024,
        Gpu.nvlink_receive_bytes_total: 6000 * 1024,
        Gpu.nvlink_errors_total: 54,
        Gpu.fabric_state: 3,
        Gpu.mig_enabled: False,
    }


def test_energy_by_counter_is_right_where_samples_of_power_are_not(
    driver: Driver, opened: Opened
) -> None:
    apart, times = opened(), [100 + turn * 10.02 for turn in range(40)]
    read = [row(apart.read(driver.at(time))) for time in times]
    drawn = _joules(times[-1]) - _joules(times[0])
    counted = _number(read[-1][Gpu.energy_joules_total]) - _number(read[0][Gpu.energy_joules_total])
    samples = [_number(one[Gpu.power_instant_watts]) for one in read]
    trapezoid = sum((a + b) / 2 * 10.02 for a, b in itertools.pairwise(samples))
    assert counted == pytest.approx(drawn, rel=0.01)
    assert trapezoid != pytest.approx(drawn, rel=0.5)


def _joules(time: float) -> float:
    """700 W for 5 s, 100 W for 5 s, forever."""
    rest = math.fmod(time, 10)
    return math.floor(time / 10) * 4000 + (rest * 700 if rest < 5 else 3500 + (rest - 5) * 100)


def _number(value: Value) -> float:
    assert isinstance(value, float | int)
    return value


def test_an_average_is_not_an_instant(driver: Driver, opened: Opened) -> None:
    found = row(opened().read(driver.at(105.5)))
    assert found[Gpu.power_instant_watts] == pytest.approx(100)
    assert found[Gpu.power_watts] == pytest.approx(400)


def test_the_power_of_a_module_is_its_own(driver: Driver, opened: Opened) -> None:
    driver.add("grace 1")
    found = row(opened().read(driver.at(102)))
    assert found[Gpu.module_power_watts] == pytest.approx(900)
    assert found[Gpu.power_watts] == pytest.approx(700)


def test_one_field_that_fails_is_unknown_and_the_others_are_not(
    driver: Driver, opened: Opened
) -> None:
    driver.add("field 142 3 1", "field 94 999")
    found = opened().read(driver.at(100))
    assert Gpu.rows_remapped_corrected_total in row(found, 0)
    assert Gpu.rows_remapped_corrected_total not in row(found, 1)
    assert Gpu.pcie_replays_total not in row(found, 0)
    assert row(found, 1)[Gpu.ecc_corrected_total] == 7


def test_a_gpu_that_needs_a_reset_still_says_so(driver: Driver, opened: Opened) -> None:
    driver.add("field 3 16", "call nvmlDeviceGetUtilizationRates 16", "value 230 1")
    found = opened().read(driver.at(100))
    assert codes(found) == []
    assert row(found)[Gpu.recovery_action] == 1
    assert row(found)[Gpu.up] is True
    assert not {Gpu.ecc_corrected_total, Gpu.utilization_ratio} & row(found).keys()


FUNCTIONS = (
    "FieldValues", "UtilizationRates", "MemoryInfo_v2", "MemoryInfo", "TemperatureV",
    "Temperature", "MarginTemperature", "ClockInfo", "CurrentClocksEventReasons", "MigMode",
    "GpuFabricInfoV", "PowerUsage", "EnforcedPowerLimit", "TotalEnergyConsumption",
    "CurrentClocksThrottleReasons",
)  # fmt: skip


def test_a_gpu_that_answers_nothing_is_not_up(driver: Driver, opened: Opened) -> None:
    apart = opened(activity=False)
    driver.add(*(f"call nvmlDeviceGet{name} 16 1" for name in FUNCTIONS))
    found = apart.read(driver.at(100))
    assert row(found, 1)[Gpu.up] is False
    assert row(found, 0)[Gpu.up] is True


def test_a_refusal_is_believed_for_a_day_and_a_hiccup_for_a_turn(
    driver: Driver, opened: Opened
) -> None:
    driver.add("field 142 3", "field 94 999", "call nvmlDeviceGetMarginTemperature 3")
    apart = opened()
    apart.read(driver.at(100))
    driver.say()
    soon = row(apart.read(driver.at(110)))
    assert soon[Gpu.pcie_replays_total] == 3
    assert not {Gpu.rows_remapped_corrected_total, Gpu.temperature_margin_celsius} & soon.keys()
    later = row(apart.read(driver.at(101 + DAY)))
    assert later[Gpu.rows_remapped_corrected_total] == 4
    assert later[Gpu.temperature_margin_celsius] == 46


def test_a_field_that_spoils_the_whole_call_costs_nobody_else(
    driver: Driver, opened: Opened
) -> None:
    driver.add("spoil 145", "field 145 3")
    found = row(opened().read(driver.at(100)))
    assert found[Gpu.ecc_corrected_total] == 7
    assert Gpu.row_remap_failed not in found


def test_fields_that_cannot_be_asked_together_are_asked_alone(
    driver: Driver, opened: Opened
) -> None:
    driver.add("spoil 145 1")
    apart = opened()
    for seconds in (100, 110, 1000):
        found = row(apart.read(driver.at(seconds)))
        assert found[Gpu.ecc_corrected_total] == 7
        assert found[Gpu.row_remap_failed] is False


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ("value 82 0", Gpu.memory_temperature_celsius),
        ("value 186 0", Gpu.power_instant_watts),
        ("value 197 0", Gpu.pcie_transmit_bytes_total),
        ("value 94 4294967295", Gpu.pcie_replays_total),
        ("value 3 -1", Gpu.ecc_corrected_total),
        ("value 1 0", Gpu.ecc_corrected_lifetime_total),
        ("value 91 0", Gpu.nvlink_transmit_bytes_total),
        ("value 230 17", Gpu.recovery_action),
        ("fabric 0", Gpu.fabric_state),
    ],
)
def test_what_means_not_supported_or_not_available_is_unknown(
    driver: Driver, opened: Opened, order: str, field: Field
) -> None:
    driver.add(order)
    assert field not in row(opened().read(driver.at(100)))


def test_nvlink_errors_are_summed_link_by_link_where_they_must_be(
    driver: Driver, opened: Opened
) -> None:
    all_links = 2**32 - 1
    driver.add(*(f"field {n} 2 -1 {all_links}" for n in (161, 162, 163)), "value 163 0")
    found = row(opened().read(driver.at(100)))
    assert found[Gpu.nvlink_errors_total] == 18 * (2 + 1)
    assert found[Gpu.nvlink_transmit_bytes_total] == 5000 * 1024


def test_nvlink_5_has_counters_of_its_own(driver: Driver, opened: Opened) -> None:
    driver.add(*(f"field {n} 3" for n in (138, 139, 161, 162, 163)), "spoil 202 1")
    found = row(opened().read(driver.at(100)))
    assert found[Gpu.nvlink_transmit_bytes_total] == 9000
    assert found[Gpu.nvlink_receive_bytes_total] == 8000
    assert found[Gpu.nvlink_errors_total] == 6


def test_an_old_driver_is_asked_in_the_old_way(driver: Driver, opened: Opened) -> None:
    found = row(opened(old=True).read(driver.at(105.5)))
    assert found[Gpu.temperature_celsius] == 41
    assert found[Gpu.throttle_reasons] == 0x24
    assert found[Gpu.memory_used_bytes] == 1500 * 2**20
    assert found[Gpu.power_limit_watts] == pytest.approx(650)
    assert found[Gpu.energy_joules_total] == pytest.approx(_joules(105.5))
    assert found[Gpu.utilization_ratio] == pytest.approx(0.42)
    missing = {Gpu.temperature_margin_celsius, Gpu.memory_reserved_bytes, Gpu.fabric_state,
               Gpu.sm_active_ratio, Gpu.pcie_transmit_bytes_total, Gpu.recovery_action}  # fmt: skip
    assert not missing & found.keys()


@pytest.mark.parametrize(
    ("chip", "given", "unknown"),
    [
        ("8 6", Gpu.power_watts, Gpu.power_instant_watts),
        ("8 0", Gpu.power_instant_watts, Gpu.power_watts),
        ("7 0", Gpu.power_instant_watts, Gpu.power_watts),
    ],
)
def test_the_old_reading_of_power_means_what_its_chip_says(
    driver: Driver, opened: Opened, chip: str, given: Field, unknown: Field
) -> None:
    driver.add(f"capability {chip}")
    found = row(opened(old=True).read(driver.at(105.5)))
    assert found[given] == pytest.approx(400)
    assert unknown not in found


def test_under_mig_an_instance_has_what_is_its_own(driver: Driver, opened: Opened) -> None:
    driver.add("mig 1 2")
    apart = opened()
    apart.read(driver.at(100))
    found = apart.read(driver.at(112))
    fields = (GpuInstance.gpu, GpuInstance.instance, GpuInstance.memory_total_bytes)
    assert rows(found, *fields) == [(uuid(1), part(1, n), 9984 * 2**20) for n in (0, 1)]
    assert found.columns[GpuInstance.sm_active_ratio] == pytest.approx([0.3, 0.3])
    board, other = row(found, 1), row(found, 0)
    assert board[Gpu.mig_enabled] is True
    assert board[Gpu.power_watts] == pytest.approx(700)
    assert not {Gpu.utilization_ratio, Gpu.sm_active_ratio} & board.keys()
    assert {Gpu.utilization_ratio, Gpu.sm_active_ratio} <= other.keys()


def test_instances_that_share_a_part_are_not_given_its_activity(
    driver: Driver, opened: Opened
) -> None:
    driver.add("mig 0 2 shared")
    apart = opened()
    apart.read(driver.at(100))
    found = apart.read(driver.at(110))
    assert found.columns[GpuInstance.sm_active_ratio] == [None, None]


def test_the_inventory_follows_how_gpus_are_cut(driver: Driver, opened: Opened) -> None:
    apart = opened()
    first = apart.read(driver.at(100)).devices
    assert first
    assert first[0] == {
        "device": uuid(0), "kind": "gpu", "model": "NVIDIA H100 80GB HBM3",
        "serial": "1653020000000", "firmware": "driver 570.86.15, vbios 96.00.74.00.01",
        "size": f"{81_559 * 2**20} B", "address": "0000:01:00.0",
    }  # fmt: skip
    assert apart.read(driver.at(110)).devices is None
    driver.add("mig 0 1")
    cut = apart.read(driver.at(120)).devices
    assert cut
    assert [d["device"] for d in cut] == [uuid(0), part(0, 0), uuid(1)]
    assert (cut[1]["kind"], cut[1]["size"]) == ("gpu_instance", f"{9984 * 2**20} B")
    driver.drop("mig 0 1")
    whole = apart.read(driver.at(130))
    assert [d["device"] for d in whole.devices or ()] == [uuid(0), uuid(1)]
    assert row(whole)[Gpu.utilization_ratio] == pytest.approx(0.42)


def test_a_lost_gpu_says_so_and_the_others_go_on(driver: Driver, opened: Opened) -> None:
    apart = opened()
    apart.read(driver.at(100))
    driver.add("lost 1")
    found = apart.read(driver.at(110))
    assert row(found, 1) == {Gpu.gpu: uuid(1), Gpu.up: False, Gpu.xid_total: 0}
    assert codes(found) == [("gpu_lost", uuid(1))]
    assert row(found, 0)[Gpu.up] is True
    after = apart.read(driver.at(120))
    assert row(after, 1) == {Gpu.gpu: uuid(1), Gpu.up: False, Gpu.xid_total: 0}
    assert codes(after) == []


def test_a_gpu_that_is_back_is_told_once(driver: Driver, opened: Opened) -> None:
    apart = opened()
    apart.read(driver.at(100))
    driver.add("lost 1")
    apart.read(driver.at(110))
    driver.drop("lost 1")
    assert row(apart.read(driver.at(150)), 1)[Gpu.up] is False
    back = apart.read(driver.at(161))
    assert codes(back) == [("gpu_back", uuid(1))]
    assert row(back, 1)[Gpu.ecc_corrected_total] == 7
    assert codes(apart.read(driver.at(171))) == []


def test_a_gpu_lost_before_the_agent_began_has_a_row_until_it_is_back(
    driver: Driver, opened: Opened
) -> None:
    driver.say("lost 1")
    gpu = opened()
    found = gpu.read(driver.at(0))
    assert codes(found) == [("gpu_lost", "index-1")]
    assert dict(zip(found.columns[Gpu.gpu], found.columns[Gpu.up], strict=True)) == {
        uuid(0): True, "index-1": False,
    }  # fmt: skip
    assert codes(gpu.read(driver.at(10))) == []
    driver.drop("lost 1")
    again = gpu.read(driver.at(70))
    assert sorted(map(str, again.columns[Gpu.gpu])) == [uuid(0), uuid(1)]
    assert codes(again) == []


def test_the_longer_it_is_lost_the_less_often_the_others_are_disturbed(
    driver: Driver, opened: Opened
) -> None:
    apart = opened()
    apart.read(driver.at(100))
    driver.add("lost 1")
    apart.read(driver.at(110))
    apart.read(driver.at(161))  # begins again, in vain
    driver.drop("lost 1")
    assert row(apart.read(driver.at(261)), 1)[Gpu.up] is False
    assert row(apart.read(driver.at(282)), 1)[Gpu.up] is True


def test_gpus_are_known_by_uuid_whatever_their_order(driver: Driver, opened: Opened) -> None:
    driver.add("field 142 3 1")
    apart = opened()
    apart.read(driver.at(100))
    driver.add("order 1", "driver 580.10")
    found = apart.read(driver.at(200))
    assert list(found.columns[Gpu.gpu]) == [uuid(1), uuid(0)]
    assert Gpu.rows_remapped_corrected_total not in row(found, 1)
    assert Gpu.rows_remapped_corrected_total in row(found, 0)
    assert {d["device"]: d["address"] for d in found.devices or ()} == {
        uuid(0): "0000:01:00.0", uuid(1): "0000:02:00.0",
    }  # fmt: skip


def test_another_driver_is_told_and_asked_everything_anew(driver: Driver, opened: Opened) -> None:
    driver.add("field 142 3")
    apart = opened()
    apart.read(driver.at(100))
    driver.say("driver 580.10")
    found = apart.read(driver.at(200))
    assert [(h.code, h.detail) for h in found.happenings] == [
        ("driver_changed", "570.86.15 -> 580.10")
    ]
    assert row(found)[Gpu.rows_remapped_corrected_total] == 4
    assert (found.devices or [{}])[0]["firmware"] == "driver 580.10, vbios 96.00.74.00.01"


def test_a_library_that_was_ended_is_begun_again(driver: Driver, opened: Opened) -> None:
    apart = opened()
    apart.read(driver.at(100))
    driver.add("over 1")
    found = apart.read(driver.at(110))
    assert sorted(codes(found)) == [("gpu_lost", uuid(0)), ("gpu_lost", uuid(1))]
    assert found.columns[Gpu.up] == [False, False]
    back = apart.read(driver.at(161))
    assert sorted(codes(back)) == [("gpu_back", uuid(0)), ("gpu_back", uuid(1))]
    assert back.columns[Gpu.up] == [True, True]


def test_a_driver_that_does_not_begin_again_fails_loudly(driver: Driver, opened: Opened) -> None:
    apart = opened()
    apart.read(driver.at(100))
    driver.add("over 1", "init 9")
    apart.read(driver.at(110))
    for seconds in (161, 170, 285):
        with pytest.raises(SourceFailed, match="Driver Not Loaded") as failed:
            apart.read(driver.at(seconds))
        assert failed.value.code == "driver"
    driver.drop("init 9")
    assert apart.read(driver.at(2100)).columns[Gpu.up] == [True, True]


def test_a_call_that_never_returns_hangs_its_own_process_only(stage: Stage) -> None:
    with contextlib.closing(stage.fresh(limit=3)) as apart, stage.environment():
        apart.open()
        apart.read(stage.driver.at(100))
        stage.driver.add("hang nvmlDeviceGetFieldValues")
        with pytest.raises(SourceFailed) as failed:
            apart.read(stage.driver.at(110))
    assert failed.value.code == "timeout"


def test_xids_are_counted_by_code_and_told_by_class(driver: Driver, opened: Opened) -> None:
    apart = opened()
    apart.read(driver.at(100))
    driver.add("xid 0 79", "xid 1 31", "xid 1 31")
    happened, found = _until(apart, driver, 3)
    assert {(code, gpu, xid) for code, gpu, xid in happened} == {
        ("gpu_xid_hardware", uuid(0), "79"), ("gpu_xid", uuid(1), "31"),
    }  # fmt: skip
    assert rows(found, GpuXid.gpu, GpuXid.xid, GpuXid.errors_total) == [
        (uuid(0), "79", 1), (uuid(1), "31", 2),
    ]  # fmt: skip
    assert [row(found, gpu)[Gpu.xid_total] for gpu in (0, 1)] == [1, 2]


def _until(apart: Apart, driver: Driver, errors: int) -> tuple[list[tuple[str, str, str]], Found]:
    """Turns until the thread that waits has told so many errors."""
    happened: list[tuple[str, str, str]] = []
    for turn in range(2000):
        found = apart.read(driver.at(110 + turn / 1000))
        happened += [(h.code, h.keys["gpu"], h.keys["xid"]) for h in found.happenings]
        if sum(_number(n) for n in found.columns.get(GpuXid.errors_total, ())) >= errors:
            return happened, found
    raise AssertionError(f"{happened} is all that was told")


def test_a_gpu_without_events_has_an_unknown_count(driver: Driver, opened: Opened) -> None:
    driver.add("call nvmlDeviceRegisterEvents 3 1")
    found = opened().read(driver.at(100))
    assert row(found, 0)[Gpu.xid_total] == 0
    assert Gpu.xid_total not in row(found, 1)


@pytest.mark.parametrize("program", ["nv-hostengine", "dcgm-exporter"])
def test_activity_is_left_to_dcgm_where_it_runs(
    driver: Driver, opened: Opened, stage: Stage, program: str
) -> None:
    stage.processes({}, p7=program, p8="bash")
    apart = opened()
    apart.read(driver.at(100))
    assert Gpu.sm_active_ratio not in row(apart.read(driver.at(110)))


def test_activity_is_not_read_where_settings_say_so(driver: Driver, opened: Opened) -> None:
    apart = opened(activity=False)
    apart.read(driver.at(100))
    assert Gpu.sm_active_ratio not in row(apart.read(driver.at(110)))


def test_activity_needs_two_samples_of_one_gpu(driver: Driver, opened: Opened) -> None:
    apart = opened()
    assert Gpu.sm_active_ratio not in row(apart.read(driver.at(100)))
    driver.add("sm 100.4")
    assert row(apart.read(driver.at(110)))[Gpu.sm_active_ratio] == pytest.approx(0.502)


CGROUPS = {
    11: "0::/system.slice/slurmstepd.scope/job_4242/step_0/user/task_0\n",
    12: "0::/system.slice/slurmstepd.scope/job_4242/step_0/user/task_1\n",
    13: "0::/system.slice/ollama.service\n",
}


def test_processes_become_jobs(driver: Driver, opened: Opened, stage: Stage) -> None:
    driver.add("proc 0 11 1000 30", "proc 0 12 500 20", "proc 1 13 -1 5", "proc 1 99 7 1")
    stage.processes(CGROUPS)
    found = opened().read(driver.at(100))
    fields = (Job.gpu, Job.scheduler, Job.job, Job.processes_count, Job.gpu_memory_bytes)
    assert rows(found, *fields) == [
        (uuid(0), "slurm", "4242", 2, 1500 * 2**20),
        (uuid(1), "systemd", "ollama.service", 1, None),
    ]
    assert found.columns[Job.sm_utilization_ratio] == pytest.approx([0.5, 0.05])
    assert [row(found, gpu)[Gpu.processes_count] for gpu in (0, 1)] == [2, 2]


def test_a_job_under_mig_is_of_its_instance(driver: Driver, opened: Opened, stage: Stage) -> None:
    driver.add("mig 0 2", "proc 0 11 1000 30", "proc 0 13 500 20")
    stage.processes(CGROUPS)
    found = opened().read(driver.at(100))
    assert rows(found, Job.gpu, Job.job) == [
        (part(0, 0), "4242"), (part(0, 1), "ollama.service"),
    ]  # fmt: skip
    assert found.columns[GpuInstance.processes_count] == [1, 1]
    assert row(found)[Gpu.processes_count] == 2


def test_more_processes_than_were_expected_are_all_listed(
    driver: Driver, opened: Opened, stage: Stage
) -> None:
    driver.add(*(f"proc 0 {pid} 1 1" for pid in range(100, 150)))
    cgroups = dict.fromkeys(range(100, 150), CGROUPS[13])
    stage.processes(cgroups)
    found = opened().read(driver.at(100))
    assert rows(found, Job.processes_count, Job.gpu_memory_bytes) == [(50, 50 * 2**20)]
    assert found.columns[Job.sm_utilization_ratio] == pytest.approx([0.5])


def test_without_the_processes_of_the_host_there_are_no_jobs(
    driver: Driver, opened: Opened
) -> None:
    driver.add("proc 0 11 1000 30")
    found = opened().read(driver.at(100))
    assert Job.job not in found.columns
    assert Gpu.processes_count not in row(found)


def test_a_machine_without_the_library_has_no_gpu(stage: Stage, tmp_path: Path) -> None:
    with contextlib.closing(stage.fresh()) as apart, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_LIBRARY_PATH", str(tmp_path))
        with pytest.raises(Absent, match=nvml.SONAME):
            apart.open()


@pytest.mark.parametrize(
    ("code", "word"), [(9, "driver"), (18, "driver"), (4, "denied"), (999, "driver")]
)
def test_a_driver_that_does_not_begin_is_loud_where_there_is_a_gpu(
    stage: Stage, opened: Opened, code: int, word: str
) -> None:
    stage.driver.add(f"init {code}")
    device = stage.folder / "pci/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x10de\n")
    (device / "class").write_text("0x030200\n")
    with pytest.raises(SourceFailed) as failed:
        opened()
    assert failed.value.code == word
    assert ("nvidia.conf" in str(failed.value)) == (word == "denied")


def test_a_driver_without_a_gpu_is_absent(stage: Stage) -> None:
    stage.driver.add("init 9")
    with contextlib.closing(stage.fresh()) as apart, stage.environment(), pytest.raises(Absent):
        apart.open()


def test_only_a_gpu_of_nvidia_is_expected_to_have_its_driver(tmp_path: Path) -> None:
    for name, vendor, kind in (("a", "0x10de", "0x040300"), ("b", "0x8086", "0x030000")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(vendor + "\n")
        (tmp_path / name / "class").write_text(kind + "\n")
    assert not has_gpu(tmp_path)


@pytest.mark.parametrize(("bound", "expected"), [("nvidia", True), ("vfio-pci", False)])
def test_a_gpu_that_is_given_to_a_guest_is_not_expected_to_answer(
    tmp_path: Path, bound: str, expected: bool
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/vendor").write_text("0x10de\n")
    (tmp_path / "a/class").write_text("0x030200\n")
    assert has_gpu(tmp_path)
    (tmp_path / "a/driver").symlink_to(f"../../../bus/pci/drivers/{bound}")
    assert has_gpu(tmp_path) == expected


def test_another_driver_under_a_loaded_library_needs_a_new_process(stage: Stage) -> None:
    now = [0.0]
    apart = Apart(stage.source_alone(), seconds=lambda: now[0])
    with contextlib.closing(apart), stage.environment():
        apart.open()
        apart.read(stage.driver.at(100))
        stage.driver.add("over 1", "init 18", "driver 580.10")
        apart.read(stage.driver.at(110))
        with pytest.raises(SourceFailed) as failed:
            apart.read(stage.driver.at(161))
        assert failed.value.code == "died"
        stage.driver.drop("init 18")
        now[0] = 120.0
        found = apart.read(stage.driver.at(281))
    assert (found.devices or [{}])[0]["firmware"] == "driver 580.10, vbios 96.00.74.00.01"


def test_gpus_that_start_slowly_are_waited_for_without_a_stuck_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = GpuNvml()
    monkeypatch.setattr(gpu_nvml, "BEGIN_SECONDS", 0.0)
    source._beginning = slow = Slow()  # type: ignore[assignment]
    with pytest.raises(SourceFailed, match="persistenced") as failed:
        source.open()
    assert failed.value.code == "starting"
    slow.is_over = True
    source.open()
    source.close()
    assert slow.ended


class Slow:
    """A beginning that takes as long as a test wants, and the fleet that it gives."""

    def __init__(self) -> None:
        self.is_over = self.ended = False

    def over(self, seconds: float) -> bool:
        return self.is_over

    def fleet(self) -> "Slow":
        return self

    def end(self) -> None:
        self.ended = True


def test_a_hundred_gpus_keep_the_contract(driver: Driver, opened: Opened) -> None:
    driver.add("gpus 104", "mig 103 7", "lost 5")
    apart = opened()
    apart.read(driver.at(100))
    found = apart.read(driver.at(110))
    assert fault(found, GpuNvml.measurements) is None
    assert len(found.columns[Gpu.gpu]) == 104
    assert found.columns[Gpu.up].count(False) == 1
    assert len(found.columns[GpuInstance.instance]) == 7
