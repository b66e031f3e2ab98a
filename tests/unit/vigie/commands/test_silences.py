"""What `vigie silences` asks and prints, against one who answers as a collector does."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.build.answers import Answers, answering
from vigie.__main__ import main

ONE: dict[str, Any] = {
    "id": "1a2b3c4d5e6f", "kind": "maintenance", "state": "active", "scope": "paris/a",
    "rule": None, "subject": "", "author": "Alice", "reason": "UPS batteries",
    "created": "2026-03-01T12:00:00.000Z", "starts": "2026-03-01T12:00:00.000Z",
    "expires": "2026-03-01T18:00:00.000Z", "ended": None, "ended_by": None,
}  # fmt: skip
ALERT: dict[str, Any] = {
    "id": "a1", "rule": "agent_silent", "priority": 1, "state": "firing", "container": "paris/a",
    "subject": "paris/a/h1/agent", "title": "h1 is silent", "advice": "look", "value": "40 s",
    "since": "2026-03-01T12:00:00.000Z", "changed": "2026-03-01T12:00:00.000Z", "simulated": True,
}  # fmt: skip


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_TOKEN", "t")
    with answering() as answers:
        monkeypatch.setenv("VIGIE_URL", answers.url)
        yield answers


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_the_list_says_who_hides_what_until_when_and_why(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, {"as_of": "t", "silences": [ONE]})
    assert main(["silences", "list"]) == 0
    printed = said(capsys)
    for word in ("1a2b3c4d5e6f", "maintenance", "paris/a", "every rule", "Alice", "UPS batteries"):
        assert word in printed
    collector.then(200, {"as_of": "t", "silences": []})
    main(["silences", "list", "--over"])
    assert "nothing is silenced" in said(capsys)


def test_a_preview_counts_and_names_what_it_would_hide(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    preview = {"as_of": "t", "now_count": 1, "day_count": 0, "now": [ALERT], "day": []}
    collector.then(200, preview)
    assert main(["silences", "preview", "--scope", "paris/a", "--for", "2h"]) == 0
    printed = said(capsys)
    assert "hide 1 alerts" in printed
    assert "h1 is silent" in printed
    assert "SIMULATED" in printed


def test_adding_and_ending_print_what_there_is(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, ONE)
    words = ["silences", "add", "--maintenance", "--scope", "paris/a", "--for", "6h"]
    starts = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    assert main([*words, "--starts", starts, "--reason", "UPS batteries", "--json"]) == 0
    assert json.loads(said(capsys)) == ONE
    wish = collector.asked[0].body
    assert (wish["kind"], wish["scope"], wish["rule"]) == ("maintenance", "paris/a", None)
    lasts = datetime.fromisoformat(wish["expires"]) - datetime.fromisoformat(wish["starts"])
    assert lasts == timedelta(hours=6)
    ended = ONE | {"ended": "2026-03-01T13:00:00.000Z", "ended_by": "Bob", "state": "over"}
    collector.then(200, ended)
    assert main(["silences", "end", "1a2b3c4d5e6f"]) == 0
    assert "by Bob" in said(capsys)


def test_one_without_an_end_or_a_reason_is_not_asked_for(collector: Answers) -> None:
    for words in (["add", "--scope", "p", "--for", "2h"], ["add", "--scope", "p", "--reason", "r"]):
        with pytest.raises(SystemExit) as caught:
            main(["silences", *words])
        assert caught.value.code == 2
    assert collector.asked == []
