"""The power goes at random moments: what was synced until then has every acknowledged frame.

The collector runs with a recorder preloaded; for each cut the disk is rebuilt from what had been
synced before the cut, and a collector is started on it.
"""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.build import powercut
from tests.build.programs import Collector
from tests.build.recorded import Load, faults, numbered, stored

CUTS = int(os.environ.get("CUTS", "20"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_power_cut_loses_no_acknowledged_frame(tmp_path: Path) -> None:
    data, record = tmp_path / "data", tmp_path / "record"
    data.mkdir()
    watched = powercut.environment(powercut.recorder(tmp_path), record, data)
    agents = [numbered(f"cut/c{n}", time.time_ns()) for n in range(3)]
    with Collector(data, environment={**watched, "VIGIE_COLLECTOR_STORE_FLUSH": "1s"}) as collector:
        begun = time.monotonic_ns()
        with Load(collector, collector.enrol("load", "cut", kind="relay"), agents, 0.01) as load:
            time.sleep(15)
    chance = random.Random(20261122)
    cuts = [chance.randint(begun, time.monotonic_ns()) for _ in range(CUTS)]

    def start_on(cut: int, disk: Path) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        before = [k for k, when in load.acknowledged.items() if when <= cut]
        with Collector(disk) as again:
            return faults(before, stored(again))

    with ThreadPoolExecutor(2) as pool:
        laid = powercut.disks(record, data, cuts, tmp_path / "disks")
        results = list(pool.map(lambda pair: start_on(*pair), laid))
    assert results == [([], [])] * CUTS
