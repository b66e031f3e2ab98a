"""`vigie kpi whatif` and `vigie kpi evidence` against a server that answers as a collector."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.build.answers import Answers, answering
from vigie.__main__ import main

WHAT_IF = {
    "as_of": "t", "network_version": "v" * 64, "without": ["country:US"], "layers": ["location"],
    "stores": [
        {
            "store": "pool", "scheme": "2-of-4", "objects": 3, "readable": 2, "lost": 1,
            "before": [{"margin": 2, "objects": 3}],
            "after": [{"margin": -1, "objects": 1}, {"margin": 0, "objects": 2}],
            "simulated": True,
        }
    ],
    "gone": ["us/c"], "unknown": ["fr/c"], "tenants": ["town"], "simulated_share": 0.5,
    "capacity": [{"name": "gpus", "unit": "1", "before": 12.0, "after": 8.0, "undeclared": 1}],
    "notes": ["at most this"],
}  # fmt: skip
LINE = {
    "kind": "indicator", "name": "s4_can_read", "label": "S4", "value": None, "unit": "%",
    "reason": "reach unknown", "method": "m@1", "quality": None, "coverage": 1.0,
    "simulated_share": 0.0,
}  # fmt: skip
EVIDENCE = {
    "as_of": "t", "network_version": "v" * 64, "scope": "", "source": "the framework",
    "statement": "evidence, not an assessment",
    "objectives": [
        {"id": "SOV-1", "name": "Strategic", "weights": {"a": 15, "b": 20}, "lines": []},
        {"id": "SOV-2", "name": "Legal", "weights": {"a": 10, "b": 10}, "lines": [LINE]},
    ],
}  # fmt: skip


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Answers]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_TOKEN", "token")
    with answering() as answers:
        monkeypatch.setenv("VIGIE_URL", answers.url)
        yield answers


def test_whatif_asks_as_it_was_told_and_fails_where_something_is_lost(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, WHAT_IF)
    words = ["--without", "country:US", "--without", "supplier:x", "--layers", "location,operator"]
    assert main(["kpi", "whatif", *words]) == 1
    (one,) = collector.asked
    assert urlsplit(one.path).path == "/api/v1/whatif"
    assert parse_qs(urlsplit(one.path).query) == {
        "without": ["country:US", "supplier:x"], "layers": ["location", "operator"],
        "language": ["en"],
    }  # fmt: skip
    out = capsys.readouterr().out
    assert "gone: us/c" in out
    assert "may be gone too: fr/c" in out
    assert "-1:1 +0:2" in out
    assert "tenants affected: town" in out
    assert "SIMULATED 50%" in out


def test_whatif_is_fine_where_nothing_is_lost(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, {**WHAT_IF, "stores": None})
    assert main(["kpi", "whatif", "--without", "country:US", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stores"] is None


def test_evidence_is_printed_by_objective_with_both_weights(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, EVIDENCE)
    assert main(["kpi", "evidence", "--scope", "fr"]) == 0
    out = capsys.readouterr().out
    assert "SOV-1 Strategic (15 % a, 20 % b)" in out
    assert "nothing that Vigie measures speaks to it" in out
    assert "evidence, not an assessment; reach unknown" in out
