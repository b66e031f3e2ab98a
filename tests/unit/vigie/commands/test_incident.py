"""What `vigie incident` and `vigie alerts` ask and print, and how they end."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from alerts.incidents.bundle import Part, write
from tests.build.answers import Answers, answering
from tests.build.sealed import Sealed
from vigie.__main__ import main
from vigie.commands.incident import minutes, row, whole
from vigie.ed25519 import fingerprint, pem
from vigie.replies import Alert, Incident, IncidentDeadline, IncidentEntry, IncidentOutage

TIME = "2026-03-01T12:00:00.000Z"
OWED = IncidentDeadline("early_warning", TIME, None, None, None, late=False)
DARK = Incident(
    id="inc-1", title="Dark", scope="paris/a", state="open", simulated=False, opened=TIME,
    opened_by="Alice", closed=None, closed_by=None, began=TIME, detected=TIME, acknowledged=None,
    acknowledged_by=None, ended=None, deadlines=[OWED], unavailable_seconds=90.0,
    longest_seconds=90.0, complete_seconds=None, planned_seconds=0.0,
    outages=[IncidentOutage("paris/a", 150.0, 60.0)], signs=["limited_over_an_hour"], alerts=[],
    timeline=[IncidentEntry(TIME, "alert", "firing", None, "paris/a", "a1", "Silent")],
)  # fmt: skip


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_TOKEN", "t")
    with answering() as answers:
        monkeypatch.setenv("VIGIE_URL", answers.url)
        yield answers


def said(collector: Answers) -> tuple[str, str, Any]:
    """The last question."""
    one = collector.asked[-1]
    return one.method, one.path.partition("?")[0], one.body


def test_an_incident_is_shown_with_its_clock_its_minutes_and_what_is_owed() -> None:
    text = whole(DARK)
    for words in (
        "inc-1 Dark (open)", "1.5 min in part, – min as a whole", "early_warning", "alert firing",
        "limited_over_an_hour", "2.5", "acknowledged  –",
    ):  # fmt: skip
        assert words in text, words
    assert "SIMULATED" not in text
    assert whole(replace(DARK, simulated=True)).startswith("SIMULATED inc-1")


def test_unknown_minutes_are_not_0() -> None:
    assert minutes(None) is None
    unknown = replace(DARK, unavailable_seconds=None)
    assert row(unknown)["unavailable min"] is None
    assert "unknown: say which alerts mean an outage" in whole(unknown)


def test_what_is_late_is_a_finding(collector: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    collector.then(200, asdict(DARK))
    assert main(["incident", "show", "inc-1"]) == 0
    late = replace(DARK, deadlines=[replace(OWED, late=True)])
    collector.then(200, asdict(late))
    assert main(["incident", "show", "inc-1"]) == 1
    collector.then(200, {"as_of": TIME, "incidents": [asdict(late)]})
    assert main(["incident", "list"]) == 1
    assert "LATE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (["open", "Dark", "--scope", "paris"], "incidents",
         {"title": "Dark", "alerts": None, "scope": "paris", "since": None, "detected": None,
          "note": ""}),
        (["note", "inc-1", "sent", "--filed", "notification", "--at", "2026-03-01T12:00Z"],
         "incidents/inc-1/note",
         {"note": "sent", "filed": "notification", "at": "2026-03-01T12:00:00Z"}),
        (["add", "inc-1", "--alert", "a", "--alert", "b", "--outage"], "incidents/inc-1/add",
         {"alerts": ["a", "b"], "outage": True, "note": ""}),
        (["add", "inc-1", "--alert", "a", "--no-outage"], "incidents/inc-1/add",
         {"alerts": ["a"], "outage": False, "note": ""}),
        (["close", "inc-1", "over"], "incidents/inc-1/close", {"note": "over", "ended": None}),
    ],
)  # fmt: skip
def test_what_people_do_is_asked_for(
    collector: Answers, words: list[str], path: str, body: dict[str, Any]
) -> None:
    collector.then(200, asdict(DARK))
    assert main(["incident", *words]) == 0
    assert said(collector) == ("POST", f"/api/v1/{path}", body)


def test_a_bundle_is_verified_here_and_a_bent_one_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, key = tmp_path / "b.tar.gz", Sealed().public
    with path.open("wb") as file:
        write(file, "inc-1", [Part("README.txt", b"x")], Sealed(), 1.0)
    (tmp_path / "key.pem").write_text(pem(key))
    for known in (fingerprint(key), str(tmp_path / "key.pem")):
        assert main(["incident", "verify", str(path), "--key", known]) == 0
    assert "as it was signed" in capsys.readouterr().out
    assert main(["incident", "verify", str(path), "--key", "00", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == ["key.pem: another key than 00"]
    (tmp_path / "none.pem").write_text("none")
    assert main(["incident", "verify", str(path), "--key", str(tmp_path / "none.pem")]) == 1
    assert main(["incident", "verify", str(tmp_path / "key.pem")]) == 1


def test_alerts_are_listed_and_a_load_too_heavy_is_a_finding(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    alert = Alert(
        "a1", "no_space", 1, "firing", "paris/a", "paris/a/h", "Full", "Free some", "0 B", TIME,
        TIME, simulated=True,
    )  # fmt: skip
    held = [
        replace(alert, id="a2", held="inhibited", held_by="a1"),
        replace(alert, id="a3", held="inhibited"), replace(alert, id="a4", held="silence:s1"),
    ]  # fmt: skip
    collector.then(200, {"as_of": TIME, "alerts": [asdict(one) for one in (alert, *held)]})
    assert main(["alerts", "list"]) == 1
    _, _, first, *others = capsys.readouterr().out.splitlines()
    assert "SIMULATED" in first
    for line, why in zip(others, ("by no_space a1", "inhibited", "silence:s1"), strict=False):
        assert why in line
    post = {
        "post": "noc", "alarms": 30, "simulated_share": 0.5, "rate": 3.0, "p50": 3, "p95": 11,
        "over": 0.1, "peak": 12, "level": "overdemanding", "flood_share": 0.1,
        "floods": [{"start": TIME, "end": None, "alarms": 12, "peak": 12}], "standing": [],
        "chattering": [{"rule": "no_space", "subject": "paris/a/h", "transitions": 4}],
        "actors": [{"rule": "no_space", "subject": "paris/a/h", "alarms": 30, "share": 1.0,
                    "seconds": 60.0}],
        "rules": [], "priorities": {"1": 1.0},
    }  # fmt: skip
    answer = {"as_of": TIME, "from_time": TIME, "to_time": TIME, "scope": "", "posts": [post]}
    collector.then(200, answer)
    assert main(["alerts", "load", "--from", "1h"]) == 1
    out = capsys.readouterr().out
    for words in ("overdemanding", "SIMULATED 50%", "chatters, 4 times", "100%/0%/0%", "to now"):
        assert words in out, words
