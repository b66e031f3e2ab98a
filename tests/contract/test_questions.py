"""What questions promise over HTTP: scopes hold in all of them, and who goes is not worked for."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from collector.store.questions import aggregate
from collector.store.questions.reading import Reading
from tests.build.served import Served
from tests.build.world import Agent, compressed, gpus
from vigie.errors import Refused, Unavailable, VigieError
from vigie.replies import Table

PLACES = ("north/a", "north/b", "south/a")
ROUTES = (
    "latest/gpu?fields=power_watts", "latest/gpu?fields=power_watts&top=500",
    "latest/gpu?fields=power_watts&top=500&rank=deviation&among=site", "series/gpu",
    "series/gpu?fields=power_watts&by=container",
    "series/gpu?fields=power_watts&by=container&top=9",
    "series/gpu?fields=power_watts&by=container&agg=p95",
    "series/gpu?fields=power_watts&by=container&agg=integral",
    "state/gpu?fields=power_watts",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("questions")) as collector:
        for place in PLACES:
            now = time.time_ns()
            agent = Agent(place, boot=place, read=gpus(4), start=now - 20_000_000_000)
            sender = collector.sender(place, place)
            for tick in range(3):
                sender.held(compressed(agent.frame(tick)), "")
        yield collector


@pytest.mark.parametrize("route", ROUTES)
def test_a_scope_holds_in_every_question(served: Served, route: str) -> None:
    path, _, query = route.partition("?")
    asked: dict[str, Any] = dict(pair.split("=") for pair in query.split("&") if pair)
    for scope, wanted in (("north", {"north/a", "north/b"}), ("north/b", {"north/b"})):
        token = served.enrol("person", f"p-{scope}", scope, roles=["reader"]).token
        with served.holder(token) as person:
            found = person.get(Table, path, **asked).columns["container"]
            assert set(found) == wanted, route
            with pytest.raises(Refused, match="outside"):
                person.get(Table, path, scope="south", **asked)
            other = person.get(Table, path, where="container:south/a", **asked)
            assert not other.columns["container"]


def test_levels_are_those_of_the_network(served: Served) -> None:
    rows = served.client().get(
        Table, "series/gpu", fields="power_watts", by="site", agg="count"
    ).columns  # fmt: skip
    assert dict(zip(rows["site"], rows["power_watts"], strict=True)) == {"north": 24, "south": 12}
    hot = served.client().get(Table, "latest/gpu", fields="power_watts", where="site:south")
    assert set(hot.columns["container"]) == {"south/a"}


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("latest/gpu?top=3", "fields"), ("latest/gpu?rank=highest", "top"),
        ("series/gpu?fields=power_watts&by=colour", "colour"),
        ("series/gpu?fields=power_watts&top=3&among=site", "deviation"),
        ("series/gpu?fields=power_watts&tier=2d", "tier"), ("state/gpu?age=9d", "a day at most"),
        ("state/device?age=1m", "no series"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_what_would(
    served: Served, path: str, what: str
) -> None:
    route, _, query = path.partition("?")
    asked: dict[str, Any] = dict(pair.split("=") for pair in query.split("&"))
    with pytest.raises(VigieError, match=what):
        served.client().get(Table, route, **asked)


def test_large_answers_come_piece_by_piece_in_every_form(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.api.tables.WHOLE_CELLS", 0)
    monkeypatch.setattr("collector.api.tables.PIECE_ROWS", 7)
    path = "/api/v1/series/gpu?fields=power_watts"
    bearer = {"Authorization": f"Bearer {served.token()}"}
    status, headers, text = served.ask("GET", path, bearer)
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    columns = json.loads(text)["columns"]
    assert len(columns["power_watts"]) == 36
    _, _, stream = served.ask(
        "GET", path, bearer | {"Accept": "application/vnd.apache.arrow.stream"}
    )
    with pa.ipc.open_stream(stream) as reader:
        assert reader.schema.metadata[b"vigie.tier"] == b'"raw"'
        assert reader.read_all()["power_watts"].to_pylist() == columns["power_watts"]
    _, _, lines = served.ask("GET", path, bearer | {"Accept": "application/x-ndjson"})
    first, *rows = map(json.loads, lines.splitlines())
    assert first["tier"] == "raw"
    assert [row["power_watts"] for row in rows] == columns["power_watts"]


def test_who_hangs_up_is_not_worked_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(reading: Reading, _: object) -> None:
        begun.set()
        try:
            while True:
                reading.budget.check()
        except Unavailable:
            ended.set()
            raise

    monkeypatch.setattr(aggregate, "answer", endless)
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    connection.request(
        "GET", "/api/v1/series/gpu?fields=power_watts&by=gpu",
        headers={"Authorization": f"Bearer {served.token()}"},
    )  # fmt: skip
    assert begun.wait(60)
    assert not ended.is_set()
    connection.close()
    assert ended.wait(60)
