"""Keeping a store, with real programs: copied under load, killed, and begun anew elsewhere."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.build.programs import Collector
from tests.build.recorded import Load, faults, numbered, stored

pytestmark = pytest.mark.system
BUSY = {"VIGIE_COLLECTOR_STORE_FLUSH": "500ms"}
"""Flush, merge, expiry and rollups follow from it: at work while the copy is made."""


def vigie(*words: str, code: int = 0, **environment: str) -> str:
    """What a command prints; its exit status is as expected."""
    done = subprocess.run(
        [sys.executable, "-m", "vigie", *words], capture_output=True, text=True, check=False,
        timeout=50, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def store(collector: Collector, *words: str, code: int = 0) -> str:
    """`vigie store` of that collector."""
    return vigie("store", *words, "--url", collector.url, "--data", str(collector.data), code=code)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_copy_made_under_load_holds_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    agents = [numbered(f"keep/c{n}", time.time_ns()) for n in range(4)]
    copy = str(tmp_path / "copy")
    with Collector(tmp_path / "old", environment=BUSY) as collector:
        token = collector.enrol("load", "keep", kind="relay")
        with Load(collector, token, agents) as load:
            time.sleep(3)
            store(collector, "backup", copy)
            time.sleep(2)
            before = set(load.acknowledged)
            told = json.loads(store(collector, "backup", copy, "--json"))
            time.sleep(1)
            collector.kill()
            load.over.set()
        assert load.problems == []
    assert "nothing damaged" in vigie("store", "verify", copy)
    assert "verify done" in vigie("store", "verify", str(tmp_path / "old"))
    vigie("store", "restore", copy, str(tmp_path / "new"))
    assert "not empty" in failed("store", "restore", copy, str(tmp_path / "new"))
    with Collector(tmp_path / "new", environment=BUSY) as again:
        lost, twice = faults(sorted(before), stored(again))
        assert (lost, twice) == ([], [])
        assert "damaged" not in {str(code) for code in events(again)}
        verified = json.loads(store(again, "verify", "--json"))
        assert (verified["state"], verified["findings"]) == ("done", [])
    assert len(before) > 100
    print(f"{len(before)} frames acknowledged before; {told['files']} files, "
          f"{told['copied_files']} copied the second time")  # fmt: skip


def events(collector: Collector) -> list[Any]:
    return collector.table("events").columns.get("code", [])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_status_and_export_of_a_running_collector(tmp_path: Path) -> None:
    agents = [numbered("keep/c1", time.time_ns())]
    with Collector(tmp_path / "data", environment=BUSY) as collector:
        with Load(collector, collector.enrol("load", "keep", kind="relay"), agents) as load:
            time.sleep(2)
        table = store(collector, "status")
        assert "host" in table
        assert "days left" in table
        status = json.loads(store(collector, "status", "--json"))
        assert status["days_left"]["state"] == "unknown"
        out = tmp_path / "out"
        store(collector, "export", str(out))
        rows = pq.read_table(out / "host.parquet")
        assert set(rows["load1"].to_pylist()) == {float(tick) for _, tick in load.acknowledged}
        assert len(rows) == len(load.acknowledged)
        readme = (out / "README.txt").read_text()
        assert "host.parquet" in readme
        assert "[By]" in readme
        about = {a["table"]: a for a in json.loads((out / "export.json").read_text())}
        assert about["host"]["rows"] == len(rows)
        assert sorted(p.name for p in out.iterdir()) == sorted(
            [*(f"{name}.parquet" for name in about), "README.txt", "export.json"]
        )
        where = ("--data", str(collector.data), "--url", collector.url)
        assert "not an empty folder" in failed("store", "export", str(out), *where)
        damaged = next((collector.data / "collector/tables/vigie/host/data").rglob("*.parquet"))
        collector.kill()
        data = bytearray(damaged.read_bytes())
        data[len(data) // 2] ^= 1
        damaged.write_bytes(data)
        assert damaged.name in vigie("store", "verify", str(collector.data), code=1)


def failed(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "vigie", *words], capture_output=True, text=True,
                          check=False, timeout=50)  # fmt: skip
    assert done.returncode == 1
    return done.stderr
