"""A metered container under a running collector: what `GET kpis` says of it is the truth."""

import time
from pathlib import Path

import pytest

from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed, metered
from vigie.client import Client
from vigie.replies import Kpi, Kpis
from vigie.units import NANOSECONDS_PER_SECOND

NETWORK = """
name = "one site"
[[operators]]
id = "us"
name = "Us"
[[sites]]
id = "cannes"
name = "Cannes"
operator = "us"
zone = "FR"
timezone = "Europe/Paris"
[[containers]]
id = "c1"
name = "One"
site = "cannes"
"""
SECONDS = 7500


def kpis(collector: Collector, token: str = "", **query: object) -> dict[str, Kpi]:
    """The indicators that a reader, or who holds the token, is told."""
    told = token or (collector.data / "reader.token").read_text().strip()
    with Client(collector.url, told) as client:
        answer = client.get(Kpis, "kpis", language="en", **query)
    return {kpi.indicator: kpi for kpi in answer.kpis}


def clock(agent: Agent) -> str:
    """An agent's clocks now, both right."""
    now = time.time_ns()
    return f"{agent.boot} {now} {now - agent.start}"


def test_power_energy_and_carbon_of_a_constant_load(tmp_path: Path) -> None:
    (tmp_path / "network.toml").write_text(NETWORK)
    arguments = ("--network", str(tmp_path / "network.toml"))
    with Collector(tmp_path / "data", arguments=arguments) as collector:
        start = (time.time_ns() // NANOSECONDS_PER_SECOND - SECONDS) * NANOSECONDS_PER_SECOND
        agent = Agent("cannes/c1", read=metered(700.0), start=start)
        sender = Sender(collector.url, collector.enrol("agent-1", "cannes/c1"))
        for first in range(0, SECONDS, 500):
            body = compressed(*(agent.frame(t) for t in range(first, first + 500)))
            sender.held(body, clock(agent))
        sender.close()
        power = kpis(collector)["power"]
        assert (power.value, power.quality, power.coverage) == (700.0, "measured", 1.0)
        last = kpis(collector, period="last_hour", scope="cannes/c1")
        energy, carbon = last["energy"], last["carbon_location"]
        assert energy.value == pytest.approx(700 * 3600, rel=1e-3)
        assert (energy.quality, energy.vintage) == ("measured", "closed")
        assert energy.coverage == pytest.approx(1, rel=1e-3)
        assert carbon.value == pytest.approx(0.7 * 44.2, rel=1e-3)
        stranger = collector.enrol("ada", "nice", kind="person", roles=["reader"])
        unseen = kpis(collector, stranger)["power"]
        assert unseen.value is None
        assert unseen.reason == "nothing in service is declared on this path"
