"""The comparison with peers, small: every system that is installed answers what was sent."""

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
