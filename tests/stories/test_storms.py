"""Storms: what happens to hundreds at once is few notifications."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from collector.store import schema
from tests.build.alarm import RECENT, Story
from vigie.catalogue import Source
from vigie.units import MICROSECONDS_PER_SECOND

SITES, OF_EACH, ELSEWHERE = 50, 10, 20
"""Five hundred containers lose their power; some others do not."""
AGENTS = 2
DETECTED = 31.0
"""Seconds of silence from which on an agent is known to be silent."""


class Agents:
    """The seam of the store: the newest rows of many agents, of which some fall silent."""

    def __init__(self) -> None:
        dark = [f"s{site:02d}/c{n}" for site in range(SITES) for n in range(OF_EACH)]
        lit = [f"away{n:02d}/c0" for n in range(ELSEWHERE)]
        places = [path for path in (*dark, *lit) for _ in range(AGENTS)]
        count = len(places)
        told: dict[str, Any] = {
            "container": places, "host": [f"n{n % AGENTS}" for n in range(count)],
            "source": ["agent"] * count, "status": [0] * count, "quality": [0] * count,
            "suspect": [0] * count,
        }  # fmt: skip
        self._rows = {
            f.name: pa.array(told[f.name], f.type) if f.name in told else pa.nulls(count, f.type)
            for f in schema.raw(Source)
        }
        self._times = np.zeros(count, np.int64)
        self._dark = np.arange(count) < len(dark) * AGENTS
        self.commit, self.live = 0, self

    def heard(self, now: float, *, all_of_them: bool) -> None:
        """Who has power tells that it is there."""
        at = round(now * MICROSECONDS_PER_SECOND)
        self._times[np.ones(len(self._dark), bool) if all_of_them else ~self._dark] = at
        self.commit += 1

    def table(self, measurement: str) -> pa.Table:
        """The newest row of every series."""
        if measurement != Source.name:
            return pa.table({})
        wanted = schema.raw(Source)
        rows = {**self._rows, "time": pa.array(self._times).cast(wanted.field("time").type)}
        return pa.table([rows[f.name] for f in wanted], schema=wanted)

    def wait(self, after: int, timeout: float) -> int:
        """Nothing to wait for."""
        return self.commit

    def events_since(self, position: int) -> pa.Table:
        """Nothing happens."""
        return RECENT.empty_table()


class Blackout(Story):
    """A story of many agents."""

    store: Any

    def starts(self) -> None:
        """The collector starts."""
        self.store = self.agents = Agents()
        super().starts()

    def goes_on(self, seconds: float, *, lit: bool, step: float = 1.0) -> None:
        """Let it go on for so long, with power or without."""
        end = self.now + seconds
        while self.now < end:
            self.agents.heard(self.now, all_of_them=lit)
            self.tick()
            self.now += step


@pytest.mark.slow
def test_a_blackout_of_five_hundred_containers_is_at_most_three_notifications(
    tmp_path: Path,
) -> None:
    story = Blackout(tmp_path)
    story.goes_on(120, lit=True, step=5)
    assert story.told == []
    began = story.now
    story.goes_on(40, lit=False)
    story.goes_on(260, lit=False, step=10)
    came = [(when - began, json.loads(message.body)["data"]) for when, message in story.desk.taken]
    assert 1 <= len(came) <= 3
    first, data = came[0]
    assert first - DETECTED <= 30
    assert data["state"] == "firing"
    assert any(a.rule == "agent_silent" and a.held for a in story.register.now())
    spoken = sum(data.get("group", {"count": 1})["count"] for _, data in came)
    assert spoken >= SITES, "what is told stands for every site"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_hour_of_blackout_and_its_end_are_told_in_few(tmp_path: Path) -> None:
    story = Blackout(tmp_path)
    story.goes_on(120, lit=True, step=5)
    story.goes_on(3_600, lit=False, step=30)
    dark = len(story.desk.taken)
    story.goes_on(600, lit=True, step=10)
    ends = [json.loads(message.body)["data"]["state"] for _, message in story.desk.taken[dark:]]
    assert dark <= 3
    assert set(ends) == {"resolved"}
    assert len(ends) <= dark
    assert [a for a in story.register.now() if a.open] == []
