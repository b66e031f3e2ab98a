"""Gates: processes that read what senders post, beside the collector that keeps it."""

import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed, gpus
from vigie.frame import CLOCK_HEADER, CONTENT_TYPE, Happening
from vigie.replies import Principals

GATES = {"VIGIE_COLLECTOR_GATES": "2"}

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with Collector(tmp_path_factory.mktemp("gates"), environment=GATES) as running:
        yield running


def gates(collector: Collector) -> list[psutil.Process]:
    """Those that run."""
    children = psutil.Process(collector.pid).children()
    running = [p for p in children if p.status() != psutil.STATUS_ZOMBIE]
    return [p for p in running if "collector.api.gates" in p.cmdline()]


@pytest.fixture
def enrolled(collector: Collector) -> Iterator[Callable[[str, str], Sender]]:
    """A new sender of that name and scope; its connection ends with the test."""
    made: list[Sender] = []

    def enrol(name: str, scope: str) -> Sender:
        made.append(Sender(collector.url, collector.enrol(name, scope)))
        return made[-1]

    yield enrol
    for one in made:
        one.close()


def connections(process: psutil.Process, port: int) -> int:
    """How many of the collector's connections a process has."""
    return sum(
        c.status == psutil.CONN_ESTABLISHED and c.laddr.port == port
        for c in process.net_connections("tcp")
    )


def agent_of(container: str, name: str) -> Agent:
    """One that reads four GPUs, now."""
    return Agent(container, name, read=gpus(4, 1), start=time.time_ns())


Enrolled = Callable[[str, str], Sender]


def powers(collector: Collector, container: str) -> list[object]:
    """The newest power of a container's GPUs."""
    return list(collector.table("latest/gpu", scope=container).columns["power_watts"])


def test_frames_of_many_senders_are_read_by_gates_and_kept_once(
    collector: Collector, enrolled: Enrolled
) -> None:
    for n in range(6):
        sender, agent = enrolled(f"a{n}", f"site/c{n}"), agent_of(f"site/c{n}", f"a{n}")
        replies = [sender.held(compressed(agent.frame(t)), agent.clock(t)) for t in (0, 1, 1)]
        assert replies[-1].held[0].held == [(0, 1)]
    assert all(connections(gate, collector.port) for gate in gates(collector))
    assert all(len(powers(collector, f"site/c{n}")) == 4 for n in range(6))


def test_a_frame_with_events_is_left_to_the_collector(
    collector: Collector, enrolled: Enrolled
) -> None:
    sender, agent = enrolled("teller", "site/told"), agent_of("site/told", "teller")
    frame = agent.frame(0, events=[Happening("agent_started", agent.wall(0) // 1000)])
    sender.held(compressed(frame), agent.clock(0))
    events = collector.table("events", scope="site/told", **{"from": "2026-01-01T00:00:00Z"})
    assert "agent_started" in events.columns["code"]


def test_what_is_wrong_is_told_as_without_gates(enrolled: Enrolled) -> None:
    sender = enrolled("wrong", "site/wrong")
    good, other = agent_of("site/wrong", "wrong"), agent_of("site/other", "wrong")
    sender.held(compressed(good.frame(0)), good.clock(0))
    status, problem, _ = sender.post(b"no frame", good.clock(0))
    assert (status, problem["fault"]) == (400, "zstd")
    status, problem, _ = sender.post(compressed(other.frame(0)), good.clock(0))
    assert (status, problem["fault"]) == (403, "scope")
    sender.held(compressed(good.frame(1)), good.clock(1))


def test_a_connection_may_ask_for_something_else_and_go_on(collector: Collector) -> None:
    token = collector.enrol("mixed", "site/mixed")
    agent = agent_of("site/mixed", "mixed")
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=60)
    for tick in range(3):
        more = {
            "Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE,
            "Content-Encoding": "zstd", CLOCK_HEADER: agent.clock(tick),
        }  # fmt: skip
        connection.request("POST", "/api/v1/frames", compressed(agent.frame(tick)), more)
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
        assert answer.headers["x-content-type-options"] == "nosniff"
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()


def test_a_credential_that_ends_ends_at_once(collector: Collector, enrolled: Enrolled) -> None:
    sender, agent = enrolled("leaver", "site/leaver"), agent_of("site/leaver", "leaver")
    sender.held(compressed(agent.frame(0)), agent.clock(0))
    with collector.client("registrar.token") as registrar:
        (leaver,) = (
            p for p in registrar.get(Principals, "principals").principals if p.name == "leaver"
        )
        registrar.post(type(None), f"credentials/{leaver.credentials[0].id}/revoke")
    assert sender.post(compressed(agent.frame(1)), agent.clock(1))[0] == 401


def test_a_gate_that_dies_takes_nothing_with_it_and_is_begun_again(
    collector: Collector, enrolled: Enrolled
) -> None:
    sender, agent = enrolled("steady", "site/steady"), agent_of("site/steady", "steady")
    sender.held(compressed(agent.frame(0)), agent.clock(0))
    before = {gate.pid for gate in gates(collector)}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 60
    while len({g.pid for g in gates(collector)} - before) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    sender.close()
    reply = sender.held(compressed(agent.frame(1)), agent.clock(1))
    assert reply.held[0].held == [(0, 1)]


def test_gates_end_with_their_collector(tmp_path: Path) -> None:
    ends: tuple[Callable[[Collector], object], ...] = (Collector.stop, Collector.kill)
    for number, end in enumerate(ends):
        with Collector(tmp_path / str(number), environment=GATES) as running:
            processes = gates(running)
            end(running)
            psutil.wait_procs(processes, 60)
            assert not any(p.is_running() for p in processes)
