"""Scenarios: what is packaged loads, and what is wrong says where."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.build.playing import WINTER, cells, network, play, player
from twin.faults import Fault, Scenario, packaged, scenario
from vigie.catalogue import Cooling, Disk, Gpu, Host, Pool, Power, Source
from vigie.errors import SettingsError
from vigie.shape import Field, Kind

NAMED = (
    "bad-meter", "blackout", "calm", "cooling", "crowd", "demo", "disks", "gpus", "heat",
    "heatwave", "hosts", "oil", "power", "river-low", "rot", "silence",
)  # fmt: skip
SHOWN: Sequence[tuple[str, str, Field, float]] = (
    # cooling, what goes wrong, where it is read, what the most of it is then
    ("dry_cooler", 'what = "gpu_worn"', Gpu.row_remap_failed, 1.0),
    ("dry_cooler", 'what = "gpu_fabric"', Gpu.fabric_state, 3.0),
    ("dry_cooler", 'what = "gpu_nvlink"\nvalue = 2.0', Gpu.nvlink_errors_total, 1_200.0),
    ("dry_cooler", 'what = "gpu_pcie"\nvalue = 1.0', Gpu.pcie_replays_total, 600.0),
    ("dry_cooler", 'what = "host_busy"\nvalue = 0.98', Host.cpu_busy_ratio, 0.98),
    ("dry_cooler", 'what = "host_network"\nvalue = 5.0', Host.network_errors_total, 3_000.0),
    ("dry_cooler", 'what = "source_fails"', Source.status, 2.0),
    ("dry_cooler", 'what = "spool_grows"\nvalue = 1000.0', Source.spool_bytes, 540_000.0),
    ("dry_cooler", 'what = "disk_cable"\nvalue = 0.1', Disk.crc_errors_total, 60.0),
    ("dry_cooler", 'what = "pool_degraded"', Pool.status, 1.0),
    ("dry_cooler", 'what = "ups_alarm"\nname = "bypass"', Power.alarms, 64.0),
    ("dry_cooler", 'what = "battery_weak"\nvalue = 0.5', Power.alarms, 16.0),
    ("dry_cooler", 'what = "part_stops"\nname = "cdu"', Cooling.alarms, 1.0),
    ("immersion", 'what = "leak"', Cooling.alarms, 18.0),
    ("immersion", 'what = "level_falls"\nvalue = 1.0', Cooling.alarms, 2.0),
)


def test_the_packaged_scenarios_load() -> None:
    assert packaged() == NAMED
    for name in packaged():
        assert scenario(name).title
    assert scenario("") == Scenario()


def test_a_fault_in_a_file_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[faults]]\nwhat = "gpu_lost"\n\n[[faults]]\nwhat = "gpu_lots"\nat = 3\n')
    with pytest.raises(SettingsError) as error:
        scenario(str(file))
    assert f"{file}:5: faults[2].what: 'gpu_lots' is not one of the words" in str(error.value)
    assert f"{file}:6: faults[2].at: a duration" in str(error.value)


def test_what_needs_a_value_says_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[faults]]\nwhat = "river_low"\n')
    with pytest.raises(SettingsError, match=r"river_low needs a value; say how much"):
        scenario(str(file))


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(SettingsError, match=r"no scenario is called 'blakout'; did you mean"):
        scenario("blakout")


def test_times_count_from_the_start_and_places_are_patterns() -> None:
    fault = Fault(what="river_low", at=60.0, lasts=30.0, where="a/*", value=0.5)
    played = Scenario(faults=(fault,))
    there, elsewhere = played.at("a/c1"), played.at("b/c1")
    assert there.on("river_low", 1_070.0) == ()
    for faults in (there, elsewhere):
        faults.begin(1_000.0)
        faults.begin(5_000.0)  # the first word counts
    assert there.on("river_low", 1_059.0) == ()
    assert there.on("river_low", 1_060.0) == (fault,)
    assert there.factor("river_low", 1_089.0) == 0.5
    assert there.on("river_low", 1_090.0) == ()
    assert elsewhere.on("river_low", 1_070.0) == ()


def test_what_happens_once_happens_in_one_step_alone() -> None:
    faults = Scenario(faults=(Fault(what="gpu_xid", at=0.0, value=31),)).at("a/b")
    faults.begin(100.0)
    steps = [faults.begun("gpu_xid", 100.0 + n, 101.0 + n) for n in range(5)]
    assert [len(s) for s in steps] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(("cooling", "fault", "field", "most"), SHOWN)
def test_a_fault_shows_where_it_is_read_while_it_lasts(
    tmp_path: Path, cooling: str, fault: str, field: Field, most: float
) -> None:
    file = tmp_path / "s.toml"
    file.write_text(f'[[faults]]\nat = "2m"\nlasts = "20m"\n{fault}\n')
    turns = play(player(network(cooling), scenario=str(file)), WINTER, 1_800, 60)
    told = {
        minute: float(np.nanmax(np.asarray(cells(turn, field), float)))
        for minute, turn in enumerate(turns)
        if any(m.name == field.measurement for m in turn.rows)
    }
    usual, then, after = told[0], told[max(m for m in told if m <= 10)], told[max(told)]
    assert then == pytest.approx(most, rel=0.01)
    if field is not Gpu.fabric_state:  # what is not ready is less than what is
        assert then > usual
    if field.kind is not Kind.COUNTER:
        assert after == pytest.approx(usual, rel=0.2, abs=0.1)


def test_a_dark_container_says_nothing_and_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nwhat = "dark"\nat = "2m"\nlasts = "5m"\n')
    turns = play(player(network(), scenario=str(file)), WINTER, 900, 60)
    assert [bool(t.rows) for t in turns].count(False) == 5
    assert turns[-1].rows


def test_an_alarm_that_no_ups_has_gets_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[faults]]\nwhat = "ups_alarm"\nname = "bypas"\n')
    with pytest.raises(
        SettingsError, match=r"mine.toml:3: .*no alarm 'bypas'; did you mean bypass"
    ):
        scenario(str(file))
