"""Fragments over HTTP: who may tell, who may see, and what is refused."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.api import fragments
from tests.build.fragments import Host, record
from tests.build.served import Served
from tests.build.world import compressed
from vigie.client import build
from vigie.errors import Refused
from vigie.fragments import CONTENT_TYPE
from vigie.frame import CONTENT_TYPE as FRAMES_TYPE
from vigie.frame import MAX_REQUEST_BYTES
from vigie.replies import FragmentKey, FragmentsHeld, FragmentsReply


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("fragments")) as collector:
        yield collector


class Teller:
    """An agent's credential that posts what a host tells."""

    def __init__(self, served: Served, scope: str, kind: str = "agent", **more: Any) -> None:
        self._served = served
        self.token = served.enrol(kind, f"{kind} of {scope}", scope, **more).token

    def post(self, body: bytes, **headers: str) -> tuple[int, Any]:
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": CONTENT_TYPE,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        status, _, text = self._served.ask("POST", "/api/v1/fragments", sent, body)
        return status, json.loads(text)

    def held(self, body: bytes) -> FragmentsHeld:
        status, answer = self.post(compressed(body), Content_Encoding="zstd")
        assert status == 200, answer
        told: FragmentsHeld = build(FragmentsHeld, answer)
        return told


def test_what_is_told_is_held_and_seen(served: Served) -> None:
    host = Host("seen/c1", store="seen")
    host.change(record(number, number % 5) for number in range(100))
    last = Teller(served, "seen/c1").held
    assert host.tell(last) == FragmentsHeld("e1", 100, digests=False, buckets=[])
    reply = served.client().get(FragmentsReply, "fragments", scope="seen")
    assert reply.complete
    assert [(i.host, i.store, i.records, i.held, i.wanted) for i in reply.inventories] == [
        ("h1", "seen", 100, 100, 0)
    ]
    assert reply.margins is not None
    assert [(m.scheme, m.objects) for m in reply.margins] == [("3-of-5", 100)]
    counted = served.ask("GET", "/metrics")[2].decode()
    assert 'vigie_collector_fragments_messages_total{kind="buckets"}' in counted
    assert "vigie_collector_fragments_margins_bytes" in counted


def test_a_container_can_be_thought_away(served: Served) -> None:
    for number in range(5):
        host = Host(f"away/c{number}", store="away")
        host.change([record(1, number), record(2, number)])
        host.tell(Teller(served, host.container).held)
    margins = [
        served.client().get(FragmentsReply, "fragments", scope="away", without=without).margins
        for without in ([], ["away/c1"], ["away/c1", "away/c2", "away/c3"])
    ]
    assert [[(m.margin, m.objects) for m in found[0].margins] for found in margins if found] == [
        [(2, 2)], [(1, 2)], [(-1, 2)],
    ]  # fmt: skip
    assert [found[0].containers_tolerated for found in margins if found] == [2, 1, None]


def test_margins_are_for_those_who_see_the_whole_network(served: Served) -> None:
    for container in ("scoped/c1", "scoped/c2"):
        host = Host(container, store="scoped")
        host.change([record(1, 0)])
        host.tell(Teller(served, container).held)
    person = served.holder(served.enrol("person", "Ada", "scoped/c1", roles=["reader"]).token)
    reply = person.get(FragmentsReply, "fragments")
    assert [i.container for i in reply.inventories] == ["scoped/c1"]
    assert reply.margins is None
    with pytest.raises(Refused, match="outside"):
        person.get(FragmentsReply, "fragments", scope="scoped/c2")


def test_what_the_twin_tells_is_stamped(served: Served) -> None:
    host = Host("twin/c1", store="twin")
    host.change([record(1, 0)])
    host.tell(Teller(served, "twin/c1", simulated=True).held)
    reply = served.client().get(FragmentsReply, "fragments", scope="twin")
    assert reply.inventories[0].simulated
    assert reply.margins
    assert reply.margins[0].simulated


@pytest.mark.parametrize(
    ("scope", "status"),
    [("mine", 200), ("mine/c1", 200), ("mine/c1/h1", 200), ("mine/c1/h2", 403), ("mine/c2", 403)],
)
def test_an_agent_tells_of_its_own_only(served: Served, scope: str, status: int) -> None:
    answer, told = Teller(served, scope).post(Host("mine/c1").delta())
    assert answer == status
    assert status == 200 or told["fault"] == "scope"


@pytest.mark.parametrize(
    ("headers", "body", "status", "fault"),
    [
        ({"Authorization": "Bearer none"}, b"VGI1", 401, "credential"),
        ({"Content_Type": FRAMES_TYPE}, b"VGI1", 415, "media_type"),
        ({"Content_Encoding": "gzip"}, b"VGI1", 415, "media_type"),
        ({}, b"", 400, "truncated"),
        ({}, b"JUNKJUNKJUNK", 400, "magic"),
        ({"Content_Encoding": "zstd"}, b"VGI1", 400, "zstd"),
        ({}, Host("wrong/c/h").delta(), 400, "container"),
        ({"Content_Encoding": "zstd"}, compressed(bytes(70 * 2**20)), 413, "too_large"),
        ({}, bytes(MAX_REQUEST_BYTES + 1), 413, "too_large"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_fault(
    served: Served, headers: dict[str, str], body: bytes, status: int, fault: str
) -> None:
    answer, told = Teller(served, "wrong").post(body, **headers)
    assert (answer, told["fault"]) == (status, fault)
    counted = served.ask("GET", "/metrics")[2].decode()
    agent = "unknown" if status == 401 else "agent of wrong"
    assert f'fragments_refused_total{{agent="{agent}",fault="{fault}"}}' in counted


def test_an_ended_epoch_is_a_conflict_that_says_what_to_do(served: Served) -> None:
    host, teller = Host("ended/c1"), Teller(served, "ended/c1")
    late = host.delta()
    teller.held(late)
    host.begin("e2")
    teller.held(host.delta())
    status, told = teller.post(late)
    assert (status, told["fault"]) == (409, "conflict")
    assert "begin a new one" in told["detail"]


def test_too_many_at_once_are_sent_away_before_they_are_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fragments, "MAX_WAITING", 0)
    status, told = Teller(served, "many/c1").post(Host("many/c1").delta())
    assert (status, told["fault"]) == (503, "unavailable")


def test_the_key_of_names_is_one_and_for_agents(served: Served) -> None:
    agents = [served.holder(Teller(served, f"key/c{n}").token) for n in range(2)]
    keys = {agent.get(FragmentKey, "fragments/key").key for agent in agents}
    assert len(keys) == 1
    assert len(bytes.fromhex(keys.pop())) == 32
    with pytest.raises(Refused, match="agents"):
        served.client().get(FragmentKey, "fragments/key")


def test_two_hosts_tell_at_once(served: Served) -> None:
    hosts = [Host("both/c1", f"h{n}", store="both") for n in range(4)]
    teller = Teller(served, "both/c1")
    for number, host in enumerate(hosts):
        host.change(record(n, number) for n in range(200))
    threads = [threading.Thread(target=host.tell, args=(teller.held,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reply = served.client().get(FragmentsReply, "fragments", scope="both")
    assert reply.margins
    assert [(m.margin, m.objects) for m in reply.margins[0].margins] == [(1, 200)]
    assert [i.records for i in reply.inventories] == [200] * 4


@pytest.mark.slow
def test_key_and_fragments_outlive_the_collector(tmp_path: Path) -> None:
    host = Host("site/c1")
    host.change(record(number, 1) for number in range(50))
    keys = []
    for _ in range(2):
        with Served(tmp_path) as collector:
            teller = Teller(collector, "site/c1")
            keys.append(collector.holder(teller.token).get(FragmentKey, "fragments/key").key)
            teller.held(host.buckets(range(4096)))
            reply = collector.client().get(FragmentsReply, "fragments")
            assert [i.records for i in reply.inventories] == [50]
    assert keys[0] == keys[1]
