"""`vigie roster check | show`."""

import argparse
import json
from pathlib import Path

import pytest

from alerts.roster import cli
from tests.build.oncall import PARIS
from tests.build.roster import PEOPLE
from vigie.errors import SettingsError


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add(parser)
    return cli.run(parser.parse_args(words))


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a roster, in which one stands."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "roster.toml"
    path.write_text(PEOPLE + PARIS, encoding="utf-8")
    return path


def test_check_says_what_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "roster.toml") == 0
    assert capsys.readouterr().out == "fine: 1 posts, 4 people; somebody is on for 28 days\n"


def test_check_names_faults_with_their_lines(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own.write_text(PEOPLE + PARIS.replace('["carol"]', '["carl"]'), encoding="utf-8")
    assert run("check", "roster.toml") == 1
    said = capsys.readouterr().err
    assert said.startswith("roster.toml:")
    assert "did you mean carol?" in said


def test_check_names_holes_and_sites_that_nobody_watches(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights = PARIS.replace('"20:00", ends = "08:00"', '"20:00", ends = "07:00"')
    own.write_text(PEOPLE + nights, encoding="utf-8")
    network = own.with_name("network.toml")
    network.write_text(
        'name = "n"\n[[operators]]\nid = "o"\nname = "O"\n'
        '[[sites]]\nid = "lyon"\nname = "Lyon"\noperator = "o"\n'
        '[[containers]]\nid = "a"\nname = "A"\nsite = "lyon"\n',
        encoding="utf-8",
    )
    assert run("check", "roster.toml", "--network", "network.toml", "--days", "2", "--json") == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert len(faults) == 3
    assert all("nobody is on from" in fault for fault in faults[:2])
    assert faults[2].startswith("lyon: no post answers for it")


def test_check_looks_for_receivers_where_vigie_toml_says(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.with_name("vigie.toml").write_text(
        '[collector]\nroster = "roster.toml"\nreceivers = "receivers.toml"\n', encoding="utf-8"
    )
    own.with_name("receivers.toml").write_text("", encoding="utf-8")
    assert run("check") == 1
    assert "no receiver is called 'alice-phone'" in capsys.readouterr().err


def test_show_says_who_is_on_and_who_comes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "roster.toml", "--at", "2027-01-15T21:00+01:00", "--days", "1") == 0
    said = capsys.readouterr().out
    assert "Paris (paris) · Europe/Paris · quiet until 2027-01-16T07:00+01:00" in said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "shift Bob Noir 2027-01-16T08:00+01:00 bob-phone" in lines
    assert "head The chief (backup) – chief-phone" in lines
    assert "2027-01-16T08:00+01:00 2027-01-16T20:00+01:00 shift Alice Martin" in lines


def test_show_answers_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "roster.toml", "--json", "--post", "paris") == 0
    (post,) = json.loads(capsys.readouterr().out)
    assert [level["name"] for level in post["levels"]] == ["shift", "on call", "head"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show",), "which roster"),
        (("show", "roster.toml", "--days", "1000"), "1 to 90"),
        (("show", "roster.toml", "--post", "lyon"), "known are: paris"),
        (("show", "nothing.toml"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        run(*words)
