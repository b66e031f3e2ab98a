"""A meter under a constant load: what its minutes, hours and indicators say is the truth.

Frames go into the real store, which is flushed, restarted and fed late; duties run as scheduled.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from collector.counters import Counters
from collector.duties.facts import Around
from collector.duties.kpis import Indicators, Question
from collector.duties.roll import Roll
from collector.grid.table import Packaged
from collector.rollups.increase import increase
from collector.rollups.roll import roll
from collector.store.groups import Appended
from collector.store.state import TABLES
from collector.store.store import Store
from tests.build import requests
from vigie.catalogue import Power
from vigie.database import Database
from vigie.network.load import Network
from vigie.settings import StoreSettings

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WATTS = 700.0


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Site:
    """A store on a disk, the duties around it, a clock, and an agent with one meter."""

    def __init__(self, directory: Path, period: float) -> None:
        self.directory, self.period = directory, period
        self.now = START
        self.sequence = 0
        self.sent: list[tuple[datetime, float]] = []
        self.begin()

    def begin(self) -> None:
        """Start the collector."""
        self.database = Database(self.directory / "state.db", TABLES)
        self.store = Store(
            self.directory, requests.decode, StoreSettings(reserve_bytes=0, sync=0.0),
            self.database, Counters(), lambda: self.nanoseconds,
        )  # fmt: skip
        self.store.open()
        self.roll = Roll(self.store, measurements=[Power])

    def end(self) -> None:
        """Stop it."""
        self.store.close()
        self.database.close()

    @property
    def nanoseconds(self) -> int:
        return round(self.now.timestamp() * 1e9)

    def readings(self, start: float, end: float, reset: float = -1e6) -> list[bytes]:
        """The agent's frames of that time; the counter began at `reset`."""
        frames = []
        for n in range(int((end - start) / self.period)):
            t = start + n * self.period
            said: dict[str, Any] = {
                "host": ["h"], "meter": ["m"], "role": ["it"], "phase": ["all"],
                "method": ["meter"], "power_watts": [WATTS],
                "energy_joules_total": [WATTS * (t - reset)],
            }  # fmt: skip
            time = round(at(t).timestamp() * 1e6)
            frames.append(requests.frame(self.sequence, time, {Power: said}))
            self.sequence += 1
        return frames

    def send(self, frames: Sequence[bytes]) -> None:
        """Send frames in requests of some, and wait until they are kept."""
        for first in range(0, len(frames), 500):
            body = b"".join(frames[first : first + 500])
            envelope = requests.envelope(self.nanoseconds // 1_000)
            kept = Event()
            answers: list[Appended | Exception] = []

            def done(answer: Appended | Exception, k: Event = kept, a: Any = answers) -> None:
                a.append(answer)
                k.set()

            self.store.append(envelope, body, requests.decode(body, envelope), done)
            assert kept.wait(10)
            assert isinstance(answers[0], Appended), answers

    def turn(self, seconds: float) -> None:
        """Let the clock come there, and the duties have their turn."""
        self.now = at(seconds)
        self.store.flush(self.nanoseconds)
        self.roll.run(self.now)

    def table(self, name: str) -> Any:
        return self.store.scan(name, None, at(-1e6), at(1e6), [""], {})


@pytest.fixture(
    params=[pytest.param(1.0, id="1s", marks=pytest.mark.slow), pytest.param(10.0, id="10s")]
)
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(tmp_path, request.param)
    yield made
    made.end()


def minutes_are_true(site: Site, first: int, last: int) -> None:
    """Each minute's energy out of the stored rollups is that of the load, within 0.1 %."""
    edges = [at(60 * minute) for minute in range(first, last + 1)]
    found = increase(Power, Power.energy_joules_total, site.table("power_1m"), edges)
    assert found["total"].to_pylist() == pytest.approx([WATTS * 60] * (last - first), rel=1e-3)


@pytest.mark.slow
def test_minutes_and_hours_are_true_across_flushes_restarts_and_resets(site: Site) -> None:
    for part in range(8):
        site.send(site.readings(part * 600, part * 600 + 600, reset=part // 3 * 1800 - site.period))
        site.turn(part * 600 + 631)
        if part in {2, 5}:
            site.end()
            site.begin()
    minutes_are_true(site, 1, 79)
    hours = site.table("power_1h")
    assert hours["time"].to_pylist() == [at(0)]
    direct = roll(Power, site.store.scan("power", None, at(0), at(3600), [""], {}), 3600)
    for name in ("energy_joules_total_increase", "power_watts_integral", "power_watts_covered"):
        assert hours[name].to_pylist() == pytest.approx(direct[name].to_pylist())


@pytest.mark.slow
def test_late_frames_end_in_the_same_minutes_also_after_a_restart(site: Site) -> None:
    first, lost, last = (site.readings(a, a + 1800) for a in (0, 1800, 3600))
    site.send(first)
    site.turn(1831)
    site.send(last)
    site.turn(5431)
    site.send(lost)
    site.end()
    site.begin()
    site.turn(5440)
    assert site.store.dirty() == []
    minutes_are_true(site, 1, 89)
    for table, seconds, until in (("power_1m", 60, 5400), ("power_1h", 3600, 3600)):
        raw = site.store.scan("power", None, at(0), at(until), [""], {})
        assert site.table(table).num_rows == roll(Power, raw, seconds).num_rows


def test_the_indicators_of_the_hour_are_true_before_and_after_it_is_rolled_up(site: Site) -> None:
    network = Network.of_this_host("here")
    site.send(site.readings(0, 5400))
    for seconds in (5400, 5431, 5460):
        question = Question("local/this", "en", start=at(0), end=at(3600))
        indicators = Indicators(site.store, lambda _: network, Around(Packaged()))
        kpis = {kpi.indicator: kpi for kpi in indicators.answer(question, at(5400)).kpis}
        power, energy, carbon = (kpis[n] for n in ("power", "energy", "carbon_location"))
        assert power.value == WATTS
        assert energy.value == pytest.approx(WATTS * 3600, rel=1e-3)
        assert energy.coverage == pytest.approx(1)
        assert energy.quality == "measured"
        assert carbon.reason == "no grid zone declared for site local"
        site.turn(seconds)
