"""A played container as its upstream sees it: an agent like any other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.credential import Credential
from agent.runner import Moment
from tests.build.players import Steady
from tests.build.upstream import Upstream
from twin.wire.couriers import Couriers
from twin.wire.station import Station
from vigie import catalogue
from vigie.fragments import unpack as told_of

SECOND = 10**9
NOW = 1_790_000_000 * SECOND


def moment(seconds: float = 0.0) -> Moment:
    passed = round(seconds * SECOND)
    return Moment(NOW + passed, 50_000 * SECOND + passed)


class Scene:
    """A station whose couriers have their turns when told."""

    def __init__(self, folder: Path, upstream: Upstream, player: Steady) -> None:
        self.couriers, self.upstream = Couriers(0, clock=lambda: self.now), upstream
        self.now = 0.0
        known = Credential(folder / "credential", upstream.url, "token", player.path)
        self.station = Station(player, folder, known, self.couriers, limit_bytes=2**20)
        self.station.open(moment())

    def tick(self, seconds: float, at: float = 10.0) -> None:
        self.station.tick(moment(seconds), at)
        self.send()

    def send(self) -> None:
        self.now += 100.0  # longer than any pause
        for _ in range(50):
            if not self.couriers.turn():
                return


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


def test_it_sends_frames_of_its_container_at_its_time(tmp_path: Path, upstream: Upstream) -> None:
    scene = Scene(tmp_path, upstream, Steady("site/c1", gpus=3))
    scene.tick(0)
    scene.tick(10)
    first, second = upstream.frames
    assert (first.agent, first.container, first.sequence) == ("twin", "site/c1", 0)
    assert first.time == NOW
    assert first.monotonic == 50_000 * SECOND
    assert {s.measurement: s.rows for s in first.sections} == {"power": 1, "gpu": 3}
    assert [e.code for e in first.events] == [catalogue.AGENT_STARTED.code]
    assert second.events == ()
    assert upstream.requests[0].headers["Authorization"] == "Bearer token"
    scene.station.close()


def test_a_drifting_clock_is_the_frames(tmp_path: Path, upstream: Upstream) -> None:
    scene = Scene(tmp_path, upstream, Steady("site/c1", skew=90.0))
    scene.tick(0)
    (frame,) = upstream.frames
    assert frame.time == NOW + 90 * SECOND
    assert frame.monotonic == 50_000 * SECOND
    scene.station.close()


def test_while_its_line_is_down_frames_wait_and_then_all_come(
    tmp_path: Path, upstream: Upstream
) -> None:
    player = Steady("site/c1")
    scene = Scene(tmp_path, upstream, player)
    scene.tick(0)
    player.connected = False
    for n in range(1, 6):
        scene.tick(10 * n)
    assert [f.sequence for f in upstream.frames] == [0]
    player.connected = True
    scene.tick(60)
    scene.send()
    assert {f.sequence for f in upstream.frames} == set(range(7))
    scene.station.close()


def test_what_waited_over_a_restart_is_sent_by_the_next_run(
    tmp_path: Path, upstream: Upstream
) -> None:
    player = Steady("site/c1", connected=False)
    scene = Scene(tmp_path, upstream, player)
    scene.tick(0)
    scene.station.close()
    again = Scene(tmp_path, upstream, Steady("site/c1"))
    assert again.station.until == NOW
    again.tick(10)
    again.send()
    assert {f.sequence for f in upstream.frames} == {0, 1}
    assert len({f.boot for f in upstream.frames}) == 2
    again.station.close()


def test_the_past_goes_out_as_one_frame_of_now_with_the_times_of_then(
    tmp_path: Path, upstream: Upstream
) -> None:
    player = Steady("site/c1", gpus=4)
    scene = Scene(tmp_path, upstream, player)
    times = range(NOW - 3_600 * SECOND, NOW, 120 * SECOND)
    scene.station.past(times, 120.0)
    scene.send()
    (frame,) = upstream.frames
    assert {s.measurement: s.rows for s in frame.sections} == {"power": 30}
    assert frame.time > times[-1]
    assert [(at, history) for at, _, history in player.steps] == [(t, True) for t in times]
    assert scene.station.until == times[-1]
    scene.station.close()


def test_devices_are_listed_at_first_and_when_they_are_asked_for(
    tmp_path: Path, upstream: Upstream
) -> None:
    rows: list[dict[str, str | None]] = [{"host": "h", "device": "d", "kind": "gpu"}]
    scene = Scene(tmp_path, upstream, Steady("site/c1", devices=rows))
    scene.tick(0)
    scene.tick(10)
    upstream.wants = ["device"]
    scene.tick(20)
    scene.tick(30)
    listed = [[dict(r) for i in f.inventories for r in i.rows] for f in upstream.frames]
    assert listed == [rows, [], [], rows]
    scene.station.close()


def test_fragments_are_told_beside_the_frames(tmp_path: Path, upstream: Upstream) -> None:
    scene = Scene(tmp_path, upstream, Steady("site/c1", objects=1_000))
    scene.tick(0)
    (request,) = (r for r in upstream.requests if r.path.endswith("/fragments"))
    message, _ = told_of(request.body)
    assert (message.container, message.host, message.store) == ("site/c1", "host-0", "store")
    assert (message.kind, message.sequence, message.total) == ("delta", 1_000, 1_000)
    assert message.schemes[0].word == "10-of-14"
    scene.station.close()
