import argparse
import json
from pathlib import Path

import pytest

from alerts import cli
from tests.build.answers import Answers, answering
from tests.house import ROOT
from tests.unit.alerts.test_forecast import LIMITED
from tests.unit.alerts.test_load import RULE
from vigie.errors import SettingsError


def run(*words: str) -> int:
    """What `vigie rules …` exits with."""
    parser = argparse.ArgumentParser()
    cli.add(parser)
    return cli.run(parser.parse_args(words))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(RULE)
    return path


def test_check_says_what_is_fine(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(own)) == 0
    assert capsys.readouterr().out == "fine: 1 rules in 1 files\n"
    assert run("check") == 0


def test_check_names_every_fault_of_every_file(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(RULE.replace("available_bytes", "availble_bytes", 1))
    (own.parent / "other.toml").write_text("[[rule")
    assert run("check", str(own.parent)) == 1
    errors = capsys.readouterr().err
    assert "own.toml:5:9: filling: when: no field availble_bytes" in errors
    assert "other.toml:1: is no TOML" in errors
    assert run("check", "--json", str(own)) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["files"], told["rules"], len(told["faults"])) == (1, 0, 1)


def test_check_runs_the_tests_too(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own.write_text(RULE.replace('for = "5min"\n', ""))
    assert run("check", str(own)) == 1
    told = capsys.readouterr().err
    assert told == f"{own}:12: filling: it waits: at 0 s: pending expected, got firing\n"


def test_check_says_whether_the_thresholds_of_a_network_fit(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = (ROOT / "docs/examples/network.toml").read_text()
    network = own.parent / "network.txt"
    network.write_text(example)
    assert run("check", "--network", str(network)) == 0
    capsys.readouterr()
    network.write_text(example.replace('value = "8%"', 'value = "8C"'))
    assert run("check", "--network", str(network)) == 1
    line = 1 + example.splitlines().index('value = "8%"')
    assert capsys.readouterr().err == (
        f"{network}:{line}: thresholds[1].value: least is a pure number, not celsius\n"
    )


def test_test_runs_the_tests(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", str(own)) == 0
    assert "1 tests of 1 rules, 0 failed" in capsys.readouterr().out
    own.write_text(RULE.replace('for = "5min"\n', ""))
    assert run("test", str(own)) == 1
    assert "pending expected, got firing" in capsys.readouterr().err
    assert run("test") == 0


def test_explain_takes_a_name_or_a_file(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "agent_silent") == 0
    told = capsys.readouterr().out
    assert "Fires when source is “agent” and the row's age is above 30 s, at once" in told
    assert 'when = ((source == "agent") and (age > 30 s))' in told
    assert run("explain", "--json", str(own)) == 0
    (rule,) = json.loads(capsys.readouterr().out)
    assert rule["expressions"]["when"] == "((available_bytes / size_bytes) < 0.1)"
    assert run("explain", "--rules", str(own), "filling") == 0


def test_a_name_that_is_none_is_suggested() -> None:
    with pytest.raises(SettingsError, match="did you mean agent_silent"):
        run("explain", "agent_silnt")


def answered(*times: str, cursor: str | None = None) -> dict[str, object]:
    """A page of readings of one file system that is full."""
    count = len(times)
    columns = {
        "time": list(times), "container": ["p/a"] * count, "host": ["h1"] * count,
        "mount": ["/srv"] * count, "size_bytes": [100] * count, "available_bytes": [5] * count,
    }  # fmt: skip
    return {"as_of": times[0], "tier": "raw", "columns": columns, "cursor": cursor}


def replayed(server: Answers, own: Path, *words: str) -> int:
    span = ("--from", "2026-01-31T08:00Z", "--to", "2026-01-31T08:10Z")
    return run("replay", str(own), *span, "--url", server.url, *words)


def test_replay_shows_when_it_would_have_fired(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_TOKEN", "t")
    minutes = [f"2026-01-31T08:0{n}:00.000Z" for n in range(9)]
    with answering() as server:
        server.then(200, answered(*minutes[:4], cursor="4")).then(200, answered(*minutes[4:]))
        assert replayed(server, own, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(t["state"], t["time"]) for t in told] == [
        ("pending", "2026-01-31T08:00:00.000Z"), ("firing", "2026-01-31T08:05:00.000Z"),
    ]  # fmt: skip
    first, second = (asked.path for asked in server.asked)
    assert "series/filesystem?fields=available_bytes%2Csize_bytes&agg=rows" in first
    assert "cursor=4" in second


def test_replay_reads_what_a_rule_looks_back_on(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_TOKEN", "t")
    own.write_text(LIMITED)
    with answering() as server:
        server.then(200, answered("2026-01-31T08:00:00.000Z"))
        assert replayed(server, own) == 0
    assert "from=2026-01-31T07%3A50%3A00Z" in server.asked[0].path


def happenings(*times: str) -> dict[str, object]:
    """A page of events, newest first."""
    count = len(times)
    columns = {
        "time": list(times), "learned": list(times), "container": ["p/a"] * count,
        "agent": ["a"] * count, "code": ["gap"] * count, "severity": ["warning"] * count,
        "keys": ["{}"] * count, "detail": [""] * count,
    }  # fmt: skip
    return {"as_of": times[0], "tier": "events", "columns": columns, "cursor": None}


def test_a_rule_on_events_is_replayed_over_events(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_TOKEN", "t")
    span = ("--from", "2026-01-01T00:00Z", "--to", "2026-01-31T09:00Z")
    with answering() as server:
        server.then(200, happenings("2026-01-01T08:10:00.000Z", "2026-01-01T08:00:00.000Z"))
        assert run("replay", "readings_lost", *span, "--url", server.url, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [t["state"] for t in told] == ["firing", "resolved"]
    assert told[0]["time"] == "2026-01-01T08:00:00.000Z"
    assert "where=code%3Agap" in server.asked[0].path
