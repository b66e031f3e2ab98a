"""The twin beside a real collector: its rows are marked, nothing is lost, and it ends cleanly."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.build.programs import Collector
from vigie.replies import Containers, FragmentsReply

NETWORK = """\
name = "three"
[[operators]]
id = "o"
name = "Operator"
[[sites]]
id = "north"
name = "North"
operator = "o"
zone = "FR"
simulated = true
[[containers]]
id = "gpus"
name = "GPUs"
site = "north"
role = "mixed"
capacity = { gpus = 16, power_watts = 50_000, storage_bytes = "500 TB" }
[[containers]]
id = "disks"
name = "Disks"
site = "north"
role = "storage"
capacity = { storage_bytes = "500 TB", power_watts = 20_000 }
[[containers]]
id = "more"
name = "More disks"
site = "north"
role = "storage"
capacity = { storage_bytes = "500 TB", power_watts = 20_000 }
[[placements]]
id = "objects"
store = "objects"
k = 1
n = 2
containers = ["north"]
"""
SCENARIO = """\
title = "The line of the GPUs is cut for a while"
[[faults]]
what = "link_down"
where = "north/gpus"
at = "4s"
lasts = "8s"
"""
QUICK = {"VIGIE_COLLECTOR_STORE_FLUSH": "4s"}
SECONDS = 90.0
"""Longest wait for anything: a played line that is back is found so by a pause of a minute."""


class Twin:
    """One `vigie twin run` beside a collector."""

    def __init__(self, collector: Collector, folder: Path, *words: str) -> None:
        self.log = folder / "twin.log"
        command = [
            sys.executable, "-m", "vigie", "twin", "run", "--data", str(collector.data),
            "--upstream", collector.url, "--network", str(folder / "network.toml"),
            "--scenario", str(folder / "cut.toml"), "--period", "1s", *words,
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    (tmp_path / "network.toml").write_text(NETWORK)
    (tmp_path / "cut.toml").write_text(SCENARIO)
    words = ("--network", str(tmp_path / "network.toml"))
    with Collector(tmp_path / "data", arguments=words, environment=QUICK) as running:
        yield running


@contextlib.contextmanager
def playing(collector: Collector, folder: Path, *words: str) -> Iterator[Twin]:
    twin = Twin(collector, folder, *words)
    try:
        yield twin
    finally:
        if twin.process.poll() is None:
            twin.process.kill()
        twin.process.wait()


def until(found: Callable[[], bool], twin: Twin, seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, twin.log.read_text()[-3000:]
        assert twin.process.poll() is None, twin.log.read_text()[-3000:]
        time.sleep(0.2)


def rows(collector: Collector, measurement: str, container: str) -> int:
    table = collector.table(f"latest/{measurement}", scope=container)
    return len(next(iter(table.columns.values()), []))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_is_played_arrives_marked_over_a_cut_line_and_a_restart(
    collector: Collector, tmp_path: Path
) -> None:
    with playing(collector, tmp_path) as twin:
        until(lambda: rows(collector, "gpu", "north/gpus") == 16, twin)
        until(lambda: rows(collector, "power", "north/disks") > 0, twin)
        with collector.client() as client:
            told = client.get(Containers, "containers").containers
        assert [(c.path, c.simulated) for c in told] == [
            (path, True) for path in ("north/gpus", "north/disks", "north/more")
        ]

        until(lambda: "the played line is down" in twin.log.read_text(), twin)
        until(lambda: "upstream answers again" in twin.log.read_text(), twin)
        begun = time.monotonic()
        assert twin.stop() == 0, twin.log.read_text()
        assert time.monotonic() - begun < 10

    with playing(collector, tmp_path) as again:
        until(lambda: again.log.read_text().count("twin started") == 2, again)
        time.sleep(3)
        assert again.stop() == 0
    for path in ("north/gpus", "north/disks", "north/more"):
        (position,) = (collector.data / "twin" / path / "spool").glob("*.position")
        ((first, last),) = json.loads(position.read_text())["held"]  # one interval: no hole
        assert (first, last > 10) == (0, True), path
    assert again.log.read_text().count("enrolled") == 3

    codes = set(collector.table("events", **{"from": ago(600)}).columns["code"])
    assert "agent_started" in codes
    assert not codes & {"gap", "identity_reused", "too_late"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_past_is_there_before_the_present_and_so_are_fragments(
    collector: Collector, tmp_path: Path
) -> None:
    with playing(collector, tmp_path, "--history", "3h") as twin:
        until(lambda: "past played" in twin.log.read_text(), twin)
        until(lambda: rows(collector, "gpu", "north/gpus") == 16, twin)

        def hours() -> int:
            table = collector.table(
                "series/power", fields="power_watts", agg="mean", step=600, scope="north/gpus",
                where="role:site", **{"from": ago(3 * 3_600), "to": ago(0)},
            )  # fmt: skip
            return sum(value is not None for value in table.columns["power_watts"])

        until(lambda: hours() >= 17, twin)

        def held() -> int:
            with collector.client() as client:
                told = client.get(FragmentsReply, "fragments")
            return sum(i.records for i in told.inventories if i.simulated and not i.wanted)

        until(lambda: held() > 0, twin)
        assert twin.stop() == 0


def ago(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))
