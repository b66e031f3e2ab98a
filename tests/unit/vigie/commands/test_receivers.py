"""What `vigie receivers` prints and how it ends, against one who answers as a collector does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build.answers import Answers, answering
from vigie.__main__ import main

DESK: dict[str, Any] = {
    "name": "desk", "kind": "webhook", "format": "vigie", "where": "https://noc.example:443",
    "scope": "", "min_priority": 2, "simulated_allowed": False, "waiting": 3, "dead": 0,
    "last_taken": "2026-03-01T12:00:00.000Z", "fault": None, "failing_since": None,
    "next_try": None, "closed_since": None,
}  # fmt: skip
LETTER: dict[str, Any] = {
    "number": 17, "receiver": "desk", "id": "a1.2", "state": "dead", "type": "alert.firing",
    "priority": 1, "subject": "paris/a/h1", "title": "h1 full", "alerts": 1, "simulated": False,
    "created": "2026-03-01T12:00:00.000Z", "ended": None, "attempts": 900, "reason": "answered 500",
}  # fmt: skip
TEST: dict[str, Any] = {
    "receiver": "desk", "id": "test-1", "verdict": "delivered", "reason": None, "seconds": 0.12,
    "retry_after": None,
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


def test_the_list_names_faults_and_ends_with_a_finding(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, {"as_of": "t", "receivers": [DESK]})
    assert main(["receivers", "list"]) == 0
    assert "webhook (vigie)" in said(capsys)
    away = {**DESK, "fault": "answered 302", "failing_since": "2026-03-01T12:00:00.000Z"}
    gone = {**DESK, "fault": "answered 410", "closed_since": "2026-03-01T12:00:00.000Z"}
    for broken, words in ((away, "answered 302"), (gone, "closed: answered 410")):
        collector.then(200, {"as_of": "t", "receivers": [DESK, broken]})
        assert main(["receivers", "list"]) == 1
        assert words in said(capsys)


def test_a_test_says_what_came_back(collector: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    collector.then(200, TEST)
    assert main(["receivers", "test", "desk"]) == 0
    assert collector.asked[-1].path == "/api/v1/receivers/desk/test"
    assert said(capsys) == "desk: delivered in 0.12 s (message test-1)\n"
    collector.then(200, {**TEST, "verdict": "down", "reason": "answered 503"})
    assert main(["receivers", "test", "desk"]) == 1
    assert "desk: down in 0.12 s: answered 503" in said(capsys)


def test_dead_letters_are_shown_and_are_a_finding(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, {"as_of": "t", "letters": [LETTER]})
    assert main(["receivers", "dead", "desk", "--json"]) == 1
    assert "receiver=desk" in collector.asked[-1].path
    assert json.loads(said(capsys))["letters"] == [LETTER]
    collector.then(200, {"as_of": "t", "letters": []})
    assert main(["receivers", "dead"]) == 0
    assert said(capsys) == "no dead letters\n"


def test_dead_letters_are_sent_once_more_all_or_some(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, body in ((["desk"], {}), (["desk", "17", "18"], {"letters": [17, 18]})):
        collector.then(200, {"receiver": "desk", "letters": [17, 18]})
        assert main(["receivers", "replay", *words]) == 0
        assert collector.asked[-1].body == body
        assert said(capsys) == "desk: 2 letters are sent once more\n"


def test_without_a_name_all_that_have_dead_letters_send_them(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [{**DESK, "name": "well"}, {**DESK, "name": "no mail", "dead": 1}]
    collector.then(200, {"as_of": "t", "receivers": others})
    collector.then(200, {"receiver": "no mail", "letters": [17]})
    assert main(["receivers", "replay"]) == 0
    assert collector.asked[-1].path == "/api/v1/receivers/no%20mail/replay"
    assert said(capsys) == "no mail: 1 letters are sent once more\n"
    collector.then(200, {"as_of": "t", "receivers": [DESK]})
    assert main(["receivers", "replay"]) == 0
    assert said(capsys) == "no dead letters\n"


@pytest.mark.parametrize("words", [["test"], ["dead", "desk", "17"]])
def test_what_makes_no_sense_is_refused(
    collector: Answers, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["receivers", *words]) == 2
    assert words[0] in capsys.readouterr().err
    assert not collector.asked
