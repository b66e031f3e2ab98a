"""A meter under a constant load: the API's minutes are the truth, whatever happens meanwhile."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed
from vigie.catalogue import Power
from vigie.replies import Table
from vigie.shape import Columns, Measurement
from vigie.units import NANOSECONDS_PER_SECOND

WATTS = 700.0
MINUTES = 75
RAW_MINUTES = 45
"""A span shorter than an hour is answered from the readings, a longer one from the minutes."""
SETTLED_SECONDS = 40.0
"""So soon minutes that were rolled up before all had come are computed again."""
TOLERANCE = 1e-3
RESETS = (0, 500, 1_333)
"""Seconds at which the meter's counter began anew, right after a reading."""
RESTARTS = ((0, 905), (905, 1_501), (1_541, 60 * MINUTES + 1))
"""First and last second of each boot of the agent; between the last two it was away."""
KILLS = (400, 1_200, 1_900)
"""Where the collector is killed, before the frame of that second."""


def meter(_: Agent, tick: int) -> Sequence[tuple[type[Measurement], Columns]]:
    since = max(second for second in RESETS if second <= tick)
    columns: Columns = {
        Power.host: ["host-1"], Power.meter: ["m1"], Power.role: ["it"], Power.phase: ["all"],
        Power.method: ["meter"], Power.power_watts: [WATTS],
        Power.energy_joules_total: [WATTS * (tick - since + 1)],
    }  # fmt: skip
    return [(Power, columns)]


def requests(start: int) -> Iterator[tuple[int, bytes, str]]:
    """The second of the last frame of each request, its body and its clock, in order."""
    for number, (first, end) in enumerate(RESTARTS):
        agent = Agent("cannes/c1", boot=f"boot-{number}", start=start, read=meter)
        for begin in range(first, end, 100):
            ticks = range(begin, min(begin + 100, end))
            body = compressed(*(agent.frame(tick) for tick in ticks))
            now = time.time_ns()
            yield ticks[-1], body, f"{agent.boot} {now} {now - start}"


def increase(collector: Collector, start: int, span: int, step: int = 60) -> Table:
    """What the meter grew by in each step of the first so many minutes."""
    begin, end = (
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start // NANOSECONDS_PER_SECOND + second))
        for second in (0, 60 * span)
    )
    return collector.table(
        "series/power",
        fields="energy_joules_total", agg="increase", step=step, scope="cannes/c1",
        **{"from": begin, "to": end},
    )  # fmt: skip


def off(collector: Collector, start: int, span: int, tier: str) -> tuple[float, float]:
    """How far the worst minute and the sum are from the truth, as a share of it."""
    answer = increase(collector, start, span)
    assert answer.tier == tier
    found = [float(value or 0) for value in answer.columns["energy_joules_total"]]
    found += [0.0] * (span - len(found))  # a minute that is not there yet
    assert len(found) == span
    worst = max(abs(value / (60 * WATTS) - 1) for value in found)
    return worst, abs(sum(found) / (60 * WATTS * span) - 1)


def is_true(collector: Collector, start: int, span: int, tier: str, seconds: float = 0.0) -> None:
    """Every minute and their sum are, within `seconds` from now."""
    began = time.monotonic()
    while True:
        worst, total = off(collector, start, span, tier)
        if max(worst, total) <= TOLERANCE or time.monotonic() - began > seconds:
            break
        time.sleep(0.5)
    print(f"tier {tier}, after {time.monotonic() - began:.1f} s: "
          f"a minute is off by {worst:.1e} at most, the sum by {total:.1e}")  # fmt: skip
    assert max(worst, total) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_energy_is_that_of_the_load_across_restarts_resets_and_kills(tmp_path: Path) -> None:
    now = time.time_ns() // NANOSECONDS_PER_SECOND
    start = (now // 60 - MINUTES - 2) * 60 * NANOSECONDS_PER_SECOND
    environment = {"VIGIE_COLLECTOR_STORE_FLUSH": "1s"}
    kills = list(KILLS)
    with Collector(tmp_path, environment=environment) as collector:
        token = collector.enrol("agent-1", "cannes/c1")
        sender = Sender(collector.url, token)
        for last, body, clock in requests(start):
            sender.held(body, clock)
            if kills and last >= kills[0]:
                kills.pop(0)
                sender.close()
                time.sleep(1.2)  # some of it flushed and rolled up, some not
                collector.kill()
                collector.start()
                sender.held(body, clock)  # and sent again, as its answer might have been lost
        sender.close()
        assert kills == []
        is_true(collector, start, RAW_MINUTES, "raw")
        is_true(collector, start, MINUTES, "1m", SETTLED_SECONDS)
        collector.kill()
        collector.start()
        is_true(collector, start, RAW_MINUTES, "raw")
        # The kill may have come before the minutes that rows reached late were mended.
        is_true(collector, start, MINUTES, "1m", SETTLED_SECONDS)
        wide = increase(collector, start, MINUTES, step=900).columns["energy_joules_total"]
        assert [float(value or 0) for value in wide][1:-1] == pytest.approx(
            [900 * WATTS] * (len(wide) - 2), rel=TOLERANCE
        )
