"""The comparison with peers, small: every system that is installed answers what was sent."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.peers.record import Record
from bench.peers.run import ALWAYS, SYSTEMS
from tests.house import ROOT


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ALWAYS)
def test_every_system_answers_the_questions_with_what_was_sent(name: str, tmp_path: Path) -> None:
    if why := SYSTEMS[name].missing():
        pytest.skip(why)
    out = tmp_path / "record.json"
    command = [sys.executable, "-m", "bench", "peers", "--quick", "--containers", "2"]
    run = subprocess.run(
        [*command, "--only", name, "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=280, env=os.environ, check=False,
    )  # fmt: skip
    assert out.exists(), run.stderr
    record = Record.read(out)
    assert [r.fault for r in record.results] == [""] * len(record.results), run.stderr
    assert [set(r.questions) for r in record.results if r.each == 10] == [set("abcd")]
    (kill,) = record.durability
    assert not kill.fault
    if name != "victoria":  # whose acknowledgement promises nothing
        assert kill.found == kill.sent


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_relay_between_is_measured_apart(tmp_path: Path) -> None:
    out = tmp_path / "record.json"
    command = [sys.executable, "-m", "bench", "peers", "--quick", "--containers", "2", "--relay"]
    run = subprocess.run(
        [*command, "--only", "vigie", "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert out.exists(), run.stderr
    direct, relayed = (r for r in Record.read(out).results if r.each == 1)
    assert (direct.relay, relayed.system) == (0.0, "relay")
    assert relayed.relay > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "words", [("--campus", "--minutes", "0.3"), ("--sustained", "0.3")], ids=["campus", "sustained"]
)
def test_a_long_run_tells_rate_cores_and_ages(words: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "long.json"
    command = [sys.executable, "-m", "bench", "peers", *words, "--gpus", "416", "--out", str(out)]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    found = json.loads(out.read_text())
    assert found["faults"] == [], run.stdout
    assert found["summary"]["million values/s"] > 0
    assert found["summary"]["collector cores"] > 0
    if "--campus" in words:
        assert found["summary"]["live age p99 s"] < 10
        assert {key[:10] for key in found["summary"] if key.startswith("question")} == {
            f"question {name}" for name in "abcd"
        }
