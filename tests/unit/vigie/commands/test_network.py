"""`vigie network` against a server that answers what a collector would, and on files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build.answers import Answers, answering
from tests.house import ROOT
from vigie.__main__ import main

EXAMPLE = str(ROOT / "docs/examples/network.toml")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_TOKEN", "token")
    with answering() as answers:
        monkeypatch.setenv("VIGIE_URL", answers.url)
        yield answers


CONTAINER = {
    "path": "cannes/c1", "name": "C1", "site": "cannes", "site_name": "Cannes", "operator": "Op",
    "region": "", "zone": "FR", "status": "announced", "simulated": True, "state": "commissioning",
    "worst": None, "alerts": 0, "hosts": [], "last_seen": None, "lifecycle": "commissioning",
    "status_since": "2026-02-01", "status_source": "https://x.example", "scale": 0.01,
}  # fmt: skip
CONTAINERS = {
    "as_of": "2026-09-21T12:00:00Z", "network": "n", "network_version": "v" * 64, "commit": 1,
    "containers": [CONTAINER], "network_since": "2026-09-20T12:00:00Z",
}  # fmt: skip
TRAIT = {
    "of": "site cannes", "name": "commune", "value": "Cannes", "status": "announced",
    "since": "2026-02-01", "source": "https://x.example", "assumed": True, "note": "a note",
}  # fmt: skip
SITE = {
    "as_of": "t", "site": "cannes", "name": "Cannes", "network_version": "v", "simulated": True,
    "traits": [
        TRAIT, {**TRAIT, "name": "zone", "value": "FR", "assumed": False},
        {**TRAIT, "name": "cooling[river].share", "value": 0.5, "assumed": False, "source": "",
         "status": "studied", "since": "2026-03-01", "since_assumed": True},
        {**TRAIT, "of": "container cannes/c1", "name": "gpu", "value": "h100", "note": ""},
        {**TRAIT, "of": "container cannes/c10", "name": "gpu", "value": "a100", "note": ""},
        {**TRAIT, "of": "meter cannes/c1/grid", "name": "role", "value": "site", "note": ""},
    ],
}  # fmt: skip
CHECKLIST = {
    "as_of": "t", "container": "cannes/c1", "lifecycle": "commissioning", "network_version": "v",
    "simulated": False, "ready": False,
    "items": [
        {"item": "sources", "title": "Sources up", "state": "done", "why": "12 sources"},
        {"item": "balance", "title": "Balance", "state": "unknown", "why": "no hour yet"},
        {"item": "contacts", "title": "Contacts", "state": "not_done", "why": "none"},
    ],
}  # fmt: skip
HISTORY = {
    "container": "cannes/c1",
    "changes": [
        {"time": "2026-09-20T12:00:00.000Z", "version": "f" * 64, "field": "lifecycle",
         "before": "declared", "after": "commissioning"},
    ],
}  # fmt: skip
VERSIONS = {
    "as_of": "t", "earlier": 3,
    "versions": [
        {"version": "f" * 64, "name": "n", "valid_from": "2026-09-20T12:00:00.000Z", "sites": 2,
         "containers": 7, "changed": [f"s/c{n}" for n in range(6)]},
    ],
}  # fmt: skip


def shown(capsys: Capture) -> str:
    return capsys.readouterr().out


def test_show_lists_containers_with_their_life_and_how_real_they_are(
    collector: Answers, capsys: Capture
) -> None:
    collector.then(200, CONTAINERS)
    assert main(["network", "show"]) == 0
    out = shown(capsys)
    assert re.search(
        r"cannes/c1 +C1 +Op +announced +2026-02-01 +commissioning +yes +0.01 +commissioning", out
    )
    assert "https://x.example" in out
    assert "version vvvvvvvvvvvv since 2026-09-20T12:00:00Z" in out
    assert "NOT IN FORCE" not in out


def test_show_says_that_the_files_are_broken_and_where(collector: Answers, capsys: Capture) -> None:
    collector.then(200, {**CONTAINERS, "network_fault": "network.toml:7: sites[1].operator: …"})
    assert main(["network", "show"]) == 0
    assert "NOT IN FORCE, its files are wrong:\nnetwork.toml:7: sites[1]" in shown(capsys)


def test_a_site_is_shown_with_what_is_assumed(collector: Answers, capsys: Capture) -> None:
    collector.then(200, SITE)
    assert main(["network", "show", "cannes"]) == 0
    assert collector.asked[0].path == "/api/v1/sites/cannes"
    out = shown(capsys)
    assert "Cannes (cannes) · SIMULATED" in out
    assert "site cannes · announced since 2026-02-01, https://x.example" in out
    assert re.search(r"commune +Cannes +ASSUMED *$", out, re.MULTILINE)
    assert re.search(r"share +0.5 +studied since 2026-03-01 \(assumed\)$", out, re.MULTILINE)
    assert "site cannes: a note" in out


def test_a_container_is_shown_with_its_meters_and_without_its_neighbours(
    collector: Answers, capsys: Capture
) -> None:
    collector.then(200, SITE)
    assert main(["network", "show", "cannes/c1"]) == 0
    out = shown(capsys)
    assert "h100" in out
    assert "meter cannes/c1/grid" in out
    assert "a100" not in out
    assert "commune" not in out


def test_a_container_that_a_site_has_not_is_a_wrong_question(
    collector: Answers, capsys: Capture
) -> None:
    collector.then(200, SITE)
    assert main(["network", "show", "cannes/c9"]) == 2
    assert "site cannes has no container 'c9'" in capsys.readouterr().err


def test_a_container_that_is_not_ready_is_a_finding(collector: Answers, capsys: Capture) -> None:
    collector.then(200, CHECKLIST).then(200, {**CHECKLIST, "ready": True})
    assert main(["network", "checklist", "cannes/c1", "--language", "fr"]) == 1
    assert collector.asked[0].path == "/api/v1/containers/cannes/c1/checklist?language=fr"
    out = shown(capsys)
    assert re.search(r"Balance +unknown +no hour yet", out)
    assert re.search(r"Contacts +NOT DONE +none", out)
    assert "commissioning · NOT READY for service" in out
    assert main(["network", "checklist", "cannes/c1"]) == 0
    assert "· ready for service" in shown(capsys)


def test_history_says_what_changed_when(collector: Answers, capsys: Capture) -> None:
    collector.then(200, HISTORY)
    assert main(["network", "history", "cannes/c1", "--limit", "7"]) == 0
    assert collector.asked[0].path == "/api/v1/containers/cannes/c1/history?limit=7"
    assert re.search(
        r"2026-09-20T12:00:00Z +ffffffffffff +lifecycle +declared +commissioning", shown(capsys)
    )


def test_versions_say_what_each_changed(collector: Answers, capsys: Capture) -> None:
    collector.then(200, VERSIONS)
    assert main(["network", "versions"]) == 0
    out = shown(capsys)
    assert re.search(r"ffffffffffff +n +2 +7 +s/c0, s/c1, s/c2, s/c3 \+ 2", out)
    assert "3 earlier: --limit 4" in out


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["show"], CONTAINERS),
        (["show", "cannes"], SITE),
        (["versions"], VERSIONS),
        (["checklist", "cannes/c1"], CHECKLIST),
        (["history", "cannes/c1"], HISTORY),
    ],
)
def test_each_prints_json(
    collector: Answers, capsys: Capture, words: list[str], answer: dict[str, Any]
) -> None:
    collector.then(200, answer)
    assert main(["network", *words, "--json"]) == (1 if words[0] == "checklist" else 0)
    assert json.loads(shown(capsys))


@pytest.mark.parametrize("act", ["check", "checklist", "history"])
def test_what_needs_a_name_says_so(capsys: Capture, act: str) -> None:
    assert main(["network", act]) == 2
    assert f"{act}: which" in capsys.readouterr().err


def test_sound_files_are_summed_up_with_the_proof_of_each_placement(capsys: Capture) -> None:
    assert main(["network", "check", EXAMPLE]) == 0
    out = shown(capsys)
    for word in ("containers", "lifecycle", "Sites", "Placements", "Perimeters"):
        assert word in out
    assert main(["network", "check", EXAMPLE, "--json"]) == 0
    found = json.loads(shown(capsys))
    assert found["faults"] == []
    assert all(proof["holds"] for proof in found["placements"])
    assert {"domains", "room", "room after", "spare"} <= set(found["placements"][0])
    assert {site["status"] for site in found["sites"]} <= {
        "operating", "commissioning", "contracted", "announced", "studied",
    }  # fmt: skip


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "network.toml"
    file.write_text('[[sites]]\nid = "a"\nname = "A"\noperator = "nobody"\n')
    assert main(["network", "check", str(file)]) == 1
    faults = capsys.readouterr().err.splitlines()
    assert f"{file}:4: sites[1].operator" in faults[0]
    assert len(faults) > 1
    assert main(["network", "check", str(file), "--json"]) == 1
    assert json.loads(shown(capsys))["faults"] == faults
