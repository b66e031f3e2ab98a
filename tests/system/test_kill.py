"""The collector is killed at random moments under load: what it acknowledged is there, once.

`bench/kills.py` does the same under full load, 200 times.
"""

import os
import random
import time
from pathlib import Path

import pytest

from tests.build.programs import ANSWERS, Collector, wait_for
from tests.build.recorded import Load, faults, numbered, stored

KILLS = int(os.environ.get("KILLS", "12"))
BUSY = {"VIGIE_COLLECTOR_STORE_FLUSH": "200ms"}
"""Flush, merge, expiry and rollups follow from it: at work at almost every kill."""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    agents = [numbered(f"kill/c{n}", time.time_ns()) for n in range(6)]
    with Collector(tmp_path, environment=BUSY) as collector:
        with Load(collector, collector.enrol("load", "kill", kind="relay"), agents) as load:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.05, 2.0))
                collector.kill()
                # Some are killed again before they have caught up with their journal.
                collector.start(until=chance.choice(["/readyz", ANSWERS]))
            time.sleep(1)
        assert load.problems == []
        assert wait_for(collector.url, ANSWERS)
        assert faults(list(load.acknowledged), stored(collector)) == ([], [])
    assert len(load.acknowledged) > 20 * KILLS
