import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agent.credential import Credential
from agent.relay import carry
from agent.relay.carry import Carrier, receipt
from agent.relay.clocks import Clocks
from agent.relay.parcel import Clock, Parcel
from agent.relay.shelf import Shelf
from agent.relay.wants import Wants
from agent.ship import Answer, Line
from tests.build.parcels import MACHINE, frame, parcel
from tests.unit.agent.relay.test_batch import plain
from vigie.errors import Unavailable
from vigie.frame import CLOCK_HEADER, SCOPE_HEADER, Header, unpack

UP = "http://up:1"
Judge = Callable[[Header], int]


class Upstream(Line):
    """A collector that answers as `judge` says of the worst frame; what it holds."""

    def __init__(self) -> None:
        super().__init__(UP)
        self.held: list[tuple[str, int]] = []
        self.requests: list[int] = []
        self.headers: Mapping[str, str] = {}
        self.judge: Judge = lambda _: 200
        self.fault = ""
        self.wants: list[str] = []

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        frames = [f.header for f in unpack(plain(body))]
        self.requests.append(len(frames))
        self.headers = headers
        worst = max(map(self.judge, frames))
        if worst == 0:
            raise Unavailable("no answer")
        if worst != 200:
            return Answer(worst, json.dumps({"fault": self.fault}).encode(), None)
        self.held += [(h.agent, h.sequence) for h in frames]
        told = [
            {"container": h.container, "agent": h.agent, "boot": h.boot,
             "held": [[h.sequence, h.sequence]], "wants": self.wants}
            for h in {(h.agent, h.boot): h for h in frames}.values()
        ]  # fmt: skip
        for one in told:
            numbers = [h.sequence for h in frames if h.agent == one["agent"]]
            one["held"] = [[n, n] for n in sorted(numbers)]
        return Answer(200, json.dumps({"held": told, "dropped": {}, "wants": []}).encode(), None)


class Site:
    """A carrier, its shelf, and its upstream."""

    def __init__(self, path: Path) -> None:
        self.path, self.up, self.now = path, Upstream(), 0.0
        self.shelf = Shelf(path, [UP], MACHINE, limit_bytes=10**7, limit_seconds=3600)
        self.shelf.open(0.0)
        self.clocks, self.wants = Clocks(MACHINE), Wants()
        credential = Credential(path / "credential", UP, "token", "site")
        self.carrier = Carrier(
            credential, self.shelf, self.up, clocks=self.clocks, wants=self.wants,
            dead=path / "dead", chance=lambda: 0.5,
        )  # fmt: skip

    def put(self, *parcels: Parcel) -> None:
        self.shelf.put(parcels, self.now)

    def run(self, steps: int = 20) -> list[float | None]:
        delays = []
        for _ in range(steps):
            delays.append(self.carrier.step(self.now))
            if delays[-1] is None:
                break
        return delays


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def hosts(count: int, first: int = 0) -> list[Parcel]:
    return [parcel(frame(1, agent=f"h{n}", boot=f"b{n}")) for n in range(first, first + count)]


def test_many_hosts_leave_in_one_request_and_then_nothing_is_left(site: Site) -> None:
    site.put(*hosts(30))
    delays = site.run()
    assert site.up.requests == [30]
    assert delays[-1] is None, "it sleeps until there is more"
    assert (site.carrier.sent, site.carrier.trouble) == (30, None)


def test_live_goes_first_and_backlog_beside_it(site: Site) -> None:
    site.put(*hosts(20))
    site = Site(site.path)  # a restart: those lie on disk
    site.put(*hosts(2, first=100))
    site.carrier.step(0.0)
    assert {agent for agent, _ in site.up.held} == {"h100", "h101"}
    site.put(*hosts(2, first=200))
    site.carrier.step(0.0)
    assert len(site.up.held) == 22, "the backlog has its turn, whatever came meanwhile"
    site.run()
    assert len(site.up.held) == 24


def test_scope_and_clock_of_each_are_told(site: Site) -> None:
    site.clocks.note(Clock("b0", 5, 5, 5), "c0")
    site.put(parcel(frame(1, boot="b0"), scope="site/c1/h1"))
    site.run()
    assert site.up.headers[SCOPE_HEADER] == "b0 site/c1/h1"
    assert site.up.headers[CLOCK_HEADER].startswith("b0 ")


@pytest.mark.parametrize(("status", "fault"), [(400, "type"), (413, "too_large"), (403, "scope")])
def test_the_frame_at_fault_is_buried_and_all_others_go(
    site: Site, status: int, fault: str
) -> None:
    site.up.judge = lambda h: status if h.agent == "h17" else 200
    site.up.fault = fault
    site.put(*hosts(64))
    site.run()
    assert len(site.up.held) == 63
    assert site.carrier.refused == 1
    assert len(site.up.requests) < 20, "halves, not one by one"
    (told,) = (site.path / "dead").glob("*.json")
    assert json.loads(told.read_text())["agent"] == "h17"


def test_of_a_request_of_several_frames_only_the_one_at_fault_is_buried(site: Site) -> None:
    site.up.judge = lambda h: 400 if h.sequence == 2 else 200
    site.put(parcel(*(frame(n) for n in range(4))))
    site.run()
    assert [n for _, n in site.up.held] == [0, 1, 3]
    assert site.carrier.refused == 1


@pytest.mark.parametrize(("status", "fault"), [(401, "credential"), (403, "forbidden")])
def test_a_relay_whose_own_credential_is_refused_buries_nothing(
    site: Site, status: int, fault: str
) -> None:
    site.up.judge, site.up.fault = lambda _: status, fault
    site.put(*hosts(3))
    (delay, *_) = site.run(1)
    assert delay
    assert site.carrier.refused == 0
    assert str(site.carrier.trouble).startswith("credential refused")
    site.up.judge = lambda _: 200
    site.run()
    assert len(site.up.held) == 3


def test_frames_of_another_scope_than_the_relays_wait_for_a_person(site: Site) -> None:
    site.up.judge, site.up.fault = lambda _: 403, "scope"
    site.put(parcel(frame(1, container="other/c1"), scope="other"))
    site.run(3)
    assert site.carrier.refused == 0


@pytest.mark.parametrize("status", [0, 408, 429, 503])
def test_an_upstream_that_cannot_now_is_asked_again_later_and_later(
    site: Site, status: int
) -> None:
    site.up.judge = lambda _: status
    site.put(*hosts(3))
    delays = site.run(4)
    assert delays == [0.5, 1.0, 2.0, 4.0]
    site.up.judge = lambda _: 200
    site.run()
    assert len(site.up.held) == 3


def test_a_frame_on_which_the_upstream_fails_stops_no_other(site: Site) -> None:
    site.up.judge = lambda h: 500 if h.agent == "h5" else 200
    site.put(*hosts(10))
    site.run()
    assert len(site.up.held) == 9
    assert site.carrier.refused == 0
    site.up.judge = lambda _: 200
    site.now = carry.PARK_SECONDS + 1
    site.run()
    assert len(site.up.held) == 10, "it was kept, and is tried again"


def test_what_is_wanted_of_an_agent_is_told_that_agent_until_it_is_not(site: Site) -> None:
    site.up.wants = ["device"]
    site.put(*hosts(2))
    site.run()
    assert site.wants.of([("site/c1", "h0")]) == ["device"]
    assert site.wants.of([("site/c1", "h9")]) == []
    site.up.wants = []
    site.put(parcel(frame(2, agent="h0", boot="b0")))
    site.run()
    assert site.wants.of([("site/c1", "h0")]) == []
    assert site.wants.of([("site/c1", "h1")]) == ["device"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"held": [1]}', b'{"held": 3}'])
def test_an_answer_that_no_collector_gives_holds_nothing(body: bytes) -> None:
    with pytest.raises(Unavailable):
        receipt(body)
