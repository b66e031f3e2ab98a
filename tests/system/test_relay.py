"""Agents send to a real relay, and it to a real collector; both are killed."""

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import clock
from tests.build.programs import Collector, Sender
from tests.build.recorded import Load, faults, numbered, stored
from tests.build.relays import Relay, relay
from tests.build.world import Agent, compressed
from vigie.client import Client, build
from vigie.replies import FramesReply, Principals, Session

KILLS = int(os.environ.get("RELAY_KILLS", "10"))
SECOND = 1_000_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Collector, Relay]]:
    with (
        Collector(tmp_path / "up") as collector,
        relay(collector, tmp_path / "site", "site") as made,
    ):
        yield collector, made


def eventually(holds: object, *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    assert callable(holds)
    while not holds():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.1)


def post(url: str, token: str, body: bytes, told: str = "") -> int:
    sender = Sender(url, token)
    with contextlib.closing(sender):
        return sender.post(body, told)[0]


def test_frames_of_many_hosts_reach_the_collector_whole_and_once(
    house: tuple[Collector, Relay],
) -> None:
    collector, relay_ = house
    agents = [numbered(f"site/c{n}", time.time_ns()) for n in range(8)]
    token = collector.enrol("hosts", "site")
    with Load(relay_, token, agents, pause=0.02) as load:
        time.sleep(3)
    assert load.problems == []
    taken = list(load.acknowledged)
    eventually(lambda: not faults(taken, stored(collector))[0])
    assert faults(taken, stored(collector)) == ([], [])
    figures = relay_.metrics()
    requests = next(v for k, v in figures.items() if k.startswith("upstream_requests_total"))
    assert requests < len(taken) / 4
    assert figures["spool_bytes"] < 2 * 8 * 2**20


def test_a_collector_that_is_away_costs_nobody_a_frame(house: tuple[Collector, Relay]) -> None:
    collector, relay_ = house
    agents = [numbered(f"site/c{n}", time.time_ns()) for n in range(4)]
    token = collector.enrol("hosts", "site")
    with Load(relay_, token, agents, pause=0.02) as load:
        time.sleep(1)
        collector.kill()
        before = len(load.acknowledged)
        time.sleep(3)
        assert len(load.acknowledged) > before + 50, "known agents are not taken"
        assert post(relay_.url, token + "x", b"") == 503, "an unknown one cannot be judged"
        collector.start()
    taken = list(load.acknowledged)
    eventually(lambda: not faults(taken, stored(collector))[0], seconds=90)
    assert faults(taken, stored(collector)) == ([], [])
    assert load.problems == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_relay_killed_under_load_loses_nothing_and_doubles_nothing(
    house: tuple[Collector, Relay],
) -> None:
    collector, relay_ = house
    chance = random.Random(20261122)
    agents = [numbered(f"site/c{n}", time.time_ns()) for n in range(6)]
    token = collector.enrol("hosts", "site")
    with Load(relay_, token, agents) as load:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 1.5))
            relay_.kill()
            relay_.start()
        time.sleep(1)
    assert load.problems == []
    taken = list(load.acknowledged)
    eventually(lambda: not faults(taken, stored(collector))[0], seconds=90)
    assert faults(taken, stored(collector)) == ([], [])
    assert len(taken) > 20 * KILLS


def test_what_the_relay_had_to_drop_is_named_as_a_gap(tmp_path: Path) -> None:
    small = {"VIGIE_RELAY_SPOOL_BYTES": "300kB"}
    with Collector(tmp_path / "up") as collector:
        made = relay(collector, tmp_path / "site", "site", environment=small)
        token = collector.enrol("hosts", "site")
        past = time.time_ns() - 900 * SECOND
        agents = [Agent("site/c0", f"a{n}", f"boot-{n}", start=past) for n in range(2)]
        with made:
            assert post(made.url, token, compressed(*(a.frame(0) for a in agents))) == 200
            eventually(lambda: made.sent() == 2)
            collector.kill()
            for tick in range(1, 600):
                body = compressed(*(a.frame(tick) for a in agents))
                if post(made.url, token, body) != 200:
                    break
            eventually(lambda: made.metrics()["frames_dropped_total"] > 0)
            collector.start()
            eventually(lambda: made.metrics()["spool_bytes"] < 40_000, seconds=90)
        table = collector.table("events", where="code:gap")
        assert set(table.columns["agent"]) == {"a0", "a1"}
        sender = Sender(collector.url, collector.enrol("x", "site"))
        for agent in agents:
            _, answer, _ = sender.post(compressed(agent.frame(0)), "")
            (held,) = answer["held"]
            assert len(held["held"]) == 1, "a hole that nobody named"
        sender.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_revoked_agent_is_refused_soon(house: tuple[Collector, Relay]) -> None:
    collector, relay_ = house
    token = collector.enrol("gone", "site/c1/h1")
    agent = Agent("site/c1", "h1", start=time.time_ns())
    assert post(relay_.url, token, compressed(agent.frame(0))) in {200, 400}
    with collector.client("registrar.token") as registrar:
        known = registrar.get(Principals, "principals").principals
        (credential,) = next(p for p in known if p.name == "gone").credentials
        registrar.post(dict[str, bool], f"credentials/{credential.id}/revoke")
    eventually(lambda: post(relay_.url, token, compressed(agent.frame(1))) == 401, seconds=90)


def test_nobody_speaks_for_a_container_or_a_host_that_is_not_theirs(
    house: tuple[Collector, Relay],
) -> None:
    collector, relay_ = house
    host = collector.enrol("h1", "site/c1/h1")
    assert post(relay_.url, host, compressed(Agent("site/c2").frame(0))) == 403
    # Rows of another host are seen by the collector alone: that frame is buried, others go on.
    liar = Agent("site/c1", "liar", "boot-liar", start=time.time_ns())
    good = Agent("site/c3", "good", "boot-good", start=time.time_ns())
    assert post(relay_.url, host, compressed(liar.frame(0))) == 200
    site = collector.enrol("site", "site")
    assert post(relay_.url, site, compressed(good.frame(0))) == 200
    eventually(lambda: relay_.sent() == 1)
    eventually(lambda: any((relay_.data / "relay/spool/dead").glob("*.json")))


def test_a_wrong_clock_behind_the_relay_is_known_for_what_it_is(
    house: tuple[Collector, Relay],
) -> None:
    collector, relay_ = house
    token = collector.enrol("hosts", "site")
    now, mono = time.time_ns(), clock.nanoseconds()
    ahead = Agent("site/c1", "ahead", "b-ahead", start=now, skew=7200.0)
    right = Agent("site/c1", "right", "b-right", start=now)
    collector.kill()  # its frames wait for a while, and are not younger for it
    assert post(relay_.url, token, b"") == 503
    collector.start()
    for agent in (ahead, right):
        body = compressed(agent.frame(0))
        told = f"{agent.boot} {agent.wall(0)} {agent.monotonic(0)}"
        assert post(relay_.url, token, body, told) == 200
    eventually(lambda: relay_.sent() == 2)
    assert clock.nanoseconds() > mono
    events = collector.table("events", where="code:clock_wrong")
    assert list(events.columns["agent"]) == ["ahead"]
    rows = collector.table(
        "series/host",
        fields="load1",
        **{"from": "2026-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"},
    )
    times = [str(t)[:13] for t in rows.columns["time"]]
    assert len(set(times)) <= 2


def test_an_agent_enrols_and_asks_through_its_relay(house: tuple[Collector, Relay]) -> None:
    collector, relay_ = house
    token = collector.enrol("a", "site/c1")
    with Client(relay_.url, token) as client:
        assert client.get(Session, "sessions/current").scope == "site/c1"
    answer = Sender(relay_.url, token)
    status, told, _ = answer.post(compressed(Agent("site/c1", start=time.time_ns()).frame(0)), "")
    assert status == 200
    assert build(FramesReply, told).held[0].held == [(0, 0)]
    answer.close()
