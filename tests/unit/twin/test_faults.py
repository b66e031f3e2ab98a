"""Scenarios: what is packaged loads, and what is wrong says where."""

from pathlib import Path

import pytest

from twin.faults import Fault, Scenario, packaged, scenario
from vigie.errors import SettingsError

NAMED = ("bad-meter", "blackout", "calm", "demo", "heatwave", "river-low", "rot")


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
