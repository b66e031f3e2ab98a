"""`vigie twin`, as it is typed."""

import argparse
import json
from pathlib import Path

import pytest

from twin import cli, faults
from vigie.errors import SettingsError

NETWORK = """\
name = "two"
[[operators]]
id = "o"
name = "Operator"
[[sites]]
id = "north"
name = "North"
operator = "o"
zone = "FR"
simulated = true
[[containers]]
id = "c1"
name = "One"
site = "north"
capacity = { gpus = 16, power_watts = 50_000 }
[[containers]]
id = "c2"
name = "Two"
site = "north"
capacity = { gpus = 8, power_watts = 30_000 }
"""


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("vigie.logs.to_stderr", lambda: None)
    (tmp_path / "network.toml").write_text(NETWORK)
    return tmp_path / "network.toml"


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add(parser)
    return cli.run(parser.parse_args(words))


def test_one_turn_is_printed_for_machines_with_unknown_as_null(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("once", "--network", str(network), "--scopes", "north/c1", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["container"], told["connected"]) == ("north/c1", True)
    gpus = told["rows"]["gpu"]
    assert len(gpus["gpu"]) == 16
    assert {len(cells) for cells in gpus.values()} == {16}


def test_one_turn_is_printed_for_people_some_rows_of_each(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("once", "--network", str(network)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["north/c1", "north/c2"]
    assert "  gpu: 16 rows" in lines
    assert "    and 12 more" in lines


def test_nothing_is_known_of_a_scenario_that_there_is_not(network: Path) -> None:
    with pytest.raises(SettingsError, match="no scenario is called 'armageddon'"):
        call("run", "--network", str(network), "--scenario", "armageddon")


def test_what_is_not_simulated_is_not_played(network: Path) -> None:
    network.write_text(NETWORK.replace("simulated = true", "simulated = false"))
    with pytest.raises(SettingsError, match="no container of the network is simulated"):
        call("run", "--network", str(network))


def test_scenarios_are_listed_with_what_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = faults.Fault("link_down", lasts=60.0)
    monkeypatch.setattr(faults, "packaged", lambda: ("cut",))
    monkeypatch.setattr(faults, "scenario", lambda _: faults.Scenario("A line is cut", (fault,)))
    assert call("scenarios") == 0
    assert capsys.readouterr().out.startswith("cut  A line is cut\n     link_down\n")
    assert call("scenarios", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "cut", "title": "A line is cut", "faults": ["link_down"]}
    ]


@pytest.mark.usefixtures("network")
def test_settings_are_those_of_the_twin(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", "--seed", "7", "--history", "2d", "--print-config") == 0
    shown = capsys.readouterr().out
    assert "[twin]" in shown
    assert "seed = 7  # --seed" in shown
    assert 'history = "2d"' in shown
