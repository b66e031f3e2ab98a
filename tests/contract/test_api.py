"""What the API promises to everybody, asked of a whole collector over HTTP."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest

from collector.people import REREAD_SECONDS
from collector.store import reserve
from tests.build.served import Served
from tests.build.world import Agent, compressed
from vigie.errors import Refused
from vigie.frame import CONTENT_TYPE, MAX_REQUEST_BYTES
from vigie.replies import Containers, Principals, Session, Table

OPEN = {"/healthz", "/readyz", "/readyz/questions", "/metrics", "/docs"}
FOR_AGENTS = {"/api/v1/sessions/current", "/api/v1/fragments/key"}
BY_CODE = {("POST", "/api/v1/credentials"), ("POST", "/api/v1/sessions")}
"""Whoever holds a one-time code needs no credential yet."""
BY_SIGNATURE = {("POST", "/api/v1/inbound/{receiver}")}
"""Whoever signs with a receiver's secret is that receiver."""
ASKING = {
    ("POST", "/api/v1/sql"), ("POST", "/api/v1/sessions/checks"),
    ("POST", "/api/v1/silences/preview"),
}  # fmt: skip
"""What is posted and changes nothing."""
HOSTILE = (
    "", "é\u202e", "'; DROP TABLE principals; --", "../../etc/passwd", "a" * 5_000, "0", "-1",
    "1e999", "NaN", "null", "\x00", "%", "{}", "2026-13-45T99:99:99Z", "\U0001f680:\u0000", "x:y",
    "host:é", "9" * 40, "99999999-01-01T00:00:00Z", "\ud800".encode("utf-8", "surrogatepass"),
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("api")) as collector:
        yield collector


@pytest.fixture(scope="module")
def described(served: Served) -> dict[str, Any]:
    status, _, text = served.ask("GET", "/api/v1/openapi.json", bearer(served.token()))
    assert status == 200
    document: dict[str, Any] = json.loads(text)
    return document


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_routes_and_their_parameters_only_grow(
    described: dict[str, Any], golden: Callable[[str, str], None]
) -> None:
    lines = []
    for method, path, operation in operations(described):
        names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
        lines.append(" ".join([method, path, *(f"?{name}" for name in names)]))
    golden("routes.txt", "\n".join(sorted(lines)) + "\n")


def test_every_route_says_what_it_does(described: dict[str, Any]) -> None:
    silent = [
        path for _, path, operation in operations(described) if "description" not in operation
    ]
    assert silent == []


def test_every_route_but_health_needs_a_credential(
    served: Served, described: dict[str, Any]
) -> None:
    for method, path, _ in operations(described):
        if path in OPEN or (method, path) in BY_CODE:
            continue
        for token in ("", "vigie_00_11", served.token()[:-2]):
            status, headers, text = served.ask(method, path, bearer(token), b"{}")
            assert status == 401, (method, path, status)
            assert headers["www-authenticate"] == "Bearer"
            assert json.loads(text)["fault"] == "credential"


def test_an_agent_may_read_nothing_but_who_it_is_and_the_key_of_names(
    served: Served, described: dict[str, Any]
) -> None:
    token = served.enrol("agent", "curious", "site/curious").token
    for method, path, _ in operations(described):
        if method != "GET" or path in OPEN | FOR_AGENTS:
            continue
        assert served.ask("GET", path, bearer(token))[0] == 403, path
    assert served.holder(token).get(Session, "sessions/current").scope == "site/curious"


def test_a_reader_may_change_nothing(served: Served, described: dict[str, Any]) -> None:
    for method, path, _ in operations(described):
        if method == "GET" or (method, path) in BY_CODE | BY_SIGNATURE | ASKING:
            continue
        if path.endswith("/sessions/current"):
            continue
        body = json.dumps({"kind": "agent", "name": "x", "note": "x", "code": "x"}).encode()
        headers = {**bearer(served.token()), "Content-Type": "application/json"}
        status, _, _ = served.ask(method, path, headers, body)
        assert status in {403, 404}, (method, path, status)


@pytest.mark.slow
def test_hostile_input_is_a_problem_of_the_sender(
    served: Served, described: dict[str, Any]
) -> None:
    served.sender("site/hostile", "hostile").held(
        compressed(Agent("site/hostile", boot="b1").frame(0)), ""
    )
    asked = bearer(served.token())
    for method, path, operation in operations(described):
        if method != "GET" or path.endswith("/stream"):
            continue
        names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
        for word in HOSTILE:
            spelled = quote(word, safe="")
            real = path.replace("{measurement}", "host").replace("{", "").replace("}", "")
            targets = [f"{real}?{name}={spelled}" for name in names]
            if "{" in path and spelled:
                targets.append(path.partition("{")[0] + spelled)
            for target in targets:
                status, headers, text = served.ask("GET", target, asked)
                assert status < 500, (target, text)
                if status >= 400:
                    assert headers["content-type"] == "application/problem+json", target
                    assert json.loads(text)["status"] == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b'{"kind": 7}'])
def test_hostile_acts_are_problems_of_the_sender(
    served: Served, described: dict[str, Any], body: bytes
) -> None:
    for method, path, _ in operations(described):
        if method != "POST":
            continue
        sent = {**bearer(served.token("registrar")), "Idempotency-Key": "é"}
        sent["Content-Type"] = "application/json"
        status, headers, _ = served.ask("POST", path, sent, body)
        assert 400 <= status < 500, (path, status)
        assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/healthz", "/docs", "/nowhere", "/api/v1/latest/host", "/api/v1/frames", "/metrics"]
)
def test_every_answer_carries_the_same_caution(served: Served, path: str) -> None:
    _, headers, _ = served.ask("GET", path)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_the_page_of_the_api_asks_nobody_else(served: Served, described: dict[str, Any]) -> None:
    status, _, text = served.ask("GET", "/docs")
    page = text.decode()
    assert status == 200
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert all(path in page for path in described["paths"])


def test_a_table_answers_arrow_when_asked(served: Served) -> None:
    served.sender("site/arrow", "arrow").held(
        compressed(Agent("site/arrow", boot="b2").frame(3)), ""
    )
    accept = {**bearer(served.token()), "Accept": "application/vnd.apache.arrow.stream"}
    status, headers, text = served.ask("GET", "/api/v1/latest/host?scope=site/arrow", accept)
    assert (status, headers["content-type"]) == (200, "application/vnd.apache.arrow.stream")
    rows = pa.ipc.open_stream(text).read_all()
    assert rows.column("load1").to_pylist() == [2.0]
    assert json.loads(rows.schema.metadata[b"vigie.tier"]) == "live"


def test_answers_hold_only_what_lies_in_the_scope(served: Served) -> None:
    for place in ("site/mine", "site/theirs"):
        served.sender(place, place[5:]).held(compressed(Agent(place, boot=place).frame(1)), "")
    person = served.holder(served.enrol("person", "Ada", "site/mine", roles=["reader"]).token)
    assert person.get(Table, "latest/host").columns["container"] == ["site/mine"]
    assert set(person.get(Table, "events").columns["container"]) <= {"site/mine"}
    assert person.get(Containers, "containers").containers == []
    with pytest.raises(Refused, match="outside"):
        person.get(Table, "latest/host", scope="site/theirs")
    wider = person.get(Table, "latest/host", scope="site")
    assert wider.columns["container"] == ["site/mine"]


def test_an_act_with_a_key_happens_once(served: Served) -> None:
    token, entry = served.token("registrar"), {"kind": "agent", "name": "once", "scope": "s/once"}
    answers = [served.act("principals", entry, token, "k1") for _ in range(3)]
    assert answers[0][0] == 200
    assert answers[0] == answers[1] == answers[2]
    assert served.act("principals", entry, token, "k2")[1] != answers[0][1]
    status, problem = served.act("principals", {**entry, "name": "other"}, token, "k1")
    assert (status, problem["fault"]) == (422, "idempotency_key_reused")
    code = {"code": answers[0][1]["code"]}
    first, again = (served.act("credentials", code, "", "k3") for _ in range(2))
    assert first == again


def test_a_revoked_credential_is_refused_within_five_seconds(served: Served) -> None:
    secret = served.enrol("service", "short", roles=["reader"])
    assert served.ask("GET", "/api/v1/latest/host", bearer(secret.token))[0] == 200
    served.act(f"credentials/{secret.credential}/revoke", {}, served.token("registrar"), "r")
    assert served.ask("GET", "/api/v1/latest/host", bearer(secret.token))[0] == 401
    assert REREAD_SECONDS < 5


def test_a_session_ends_when_its_person_says_so(served: Served) -> None:
    token = served.enrol("person", "Grace", roles=["operator"]).token
    person = served.holder(token)
    assert person.get(Session, "sessions/current").expires is not None
    person.delete("sessions/current")
    with pytest.raises(Refused):
        person.get(Session, "sessions/current")


def test_no_answer_but_the_first_holds_a_token(served: Served) -> None:
    secret = served.enrol("agent", "quiet", "site/quiet")
    found = served.client("registrar").get(Principals, "principals")
    assert secret.credential in str(found)
    assert secret.token not in str(found)
    written = b"".join(p.read_bytes() for p in served.data.rglob("*.db*"))
    assert secret.token.encode() not in written


@pytest.mark.parametrize(
    ("headers", "body", "status", "fault"),
    [
        ({"Authorization": "Bearer none"}, b"VGF1", 401, "credential"),
        ({"Content-Type": "text/plain"}, b"VGF1", 415, "media_type"),
        ({"Content-Encoding": "gzip"}, b"VGF1", 415, "media_type"),
        ({}, b"", 400, "truncated"),
        ({}, b"JUNKJUNKJUNKJUNK", 400, "magic"),
        ({"Content-Encoding": "zstd"}, b"VGF1", 400, "zstd"),
        ({}, Agent("other/place").frame(1), 403, "scope"),
        ({"Content-Encoding": "zstd"}, compressed(bytes(70 * 2**20)), 413, "too_large"),
        ({}, bytes(MAX_REQUEST_BYTES + 1), 413, "too_large"),
    ],
)
def test_frames_that_cannot_be_kept_are_refused_with_the_fault(
    served: Served, headers: dict[str, str], body: bytes, status: int, fault: str
) -> None:
    frames = served.service._counters.value
    before = frames("store_frames_total")
    sent = {**bearer(served.enrol("agent", "faulty", "site/c").token), "Content-Type": CONTENT_TYPE}
    answer, _, text = served.ask("POST", "/api/v1/frames", {**sent, **headers}, body)
    assert (answer, json.loads(text)["fault"]) == (status, fault)
    assert frames("store_frames_total") == before
    counted = served.ask("GET", "/metrics")[2].decode()
    agent = "unknown" if status == 401 else "faulty"
    assert f'frames_refused_total{{agent="{agent}",fault="{fault}"}}' in counted


def test_a_body_without_a_length_is_stopped_at_the_limit(served: Served) -> None:
    token = served.enrol("agent", "endless", "site/c").token
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    pieces = (bytes(2**20) for _ in range(20))
    headers = {**bearer(token), "Content-Type": CONTENT_TYPE}
    try:
        connection.request("POST", "/api/v1/frames", pieces, headers, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = connection.getresponse().status  # refused before all of it was sent
    finally:
        connection.close()
    assert status == 413
    connection.close()


def test_acknowledged_frames_can_be_asked_for_at_once(served: Served) -> None:
    agent = Agent("site/now", boot="b3", start=time.time_ns())
    sender = served.sender("site/now", "now")
    for tick in range(3):
        reply = sender.held(compressed(agent.frame(tick)), agent.clock(tick))
        assert reply.held[0].held == [(0, tick)]
        rows = served.client().get(Table, "latest/source", scope="site/now")
        assert rows.columns["source"] == ["agent", "host"]
        assert reply.wants == ["device"]
    assert sender.held(compressed(agent.frame(1)), "").held[0].held == [(0, 2)]


def test_series_are_asked_by_name_and_mistakes_suggest_the_right_one(served: Served) -> None:
    agent = Agent("site/series", boot="b5", start=time.time_ns() - 10 * 10**9)
    sender = served.sender("site/series", "series")
    sender.held(compressed(*(agent.frame(tick) for tick in range(5))), "")
    client = served.client()
    asked: dict[str, Any] = {"scope": "site/series", "fields": "load1"}
    rows = client.get(Table, "series/host", **asked)
    assert rows.columns["load1"] == [2.0] * 5
    assert rows.columns["container"] == ["site/series"] * 5
    assert rows.tier == "raw"
    page = client.get(Table, "series/host", **asked, limit=3)
    rest = client.get(Table, "series/host", **asked, limit=3, cursor=page.cursor)
    assert [*page.columns["time"], *rest.columns["time"]] == rows.columns["time"]
    mean = client.get(Table, "series/host", **asked, by="host", agg="mean", where="host:host-1")
    assert (mean.columns["host"], mean.columns["load1"]) == (["host-1"], [2.0])
    for path, query in (
        ("series/hots", {}), ("series/host", {"fields": "laod1"}), ("latest/hsot", {}),
        ("series/host", {"by": "hosst"}), ("series/host", {"where": "hoost:x"}),
        ("latest/host", {"where": "hoost:x"}), ("latest/host", {"fields": "laod1"}),
    ):  # fmt: skip
        with pytest.raises(Refused, match="did you mean"):
            client.get(Table, path, **query)


def test_the_stream_says_that_there_is_something_new(served: Served) -> None:
    sender = served.sender("site/stream", "stream")
    told = served.client().stream()
    event, first = next(told)
    assert event == "tick"
    sender.held(compressed(Agent("site/stream", boot="b4").frame(1)), "")
    # A tick may still be owed for what came just before we listened: it says what we know.
    ticks = (data["commit"] for event, data in islice(told, 10) if event == "tick")
    assert any(commit > first["commit"] for commit in ticks)
    told.close()  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_full_disk_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Served(tmp_path) as full:
        monkeypatch.setattr(full.service._store._reserve, "_setting", 2**62)
        monkeypatch.setattr(reserve, "SMALL_DISK_SHARE", 1)  # all of the disk, of that collector
        while full.ask("GET", "/readyz")[0] == 200:
            time.sleep(0.05)
        status, headers, _ = full.ask("GET", "/readyz")
        assert (status, full.ask("GET", "/healthz")[0]) == (503, 200)
        token = full.enrol("agent", "agent-1", "site/c").token
        sent = {**bearer(token), "Content-Type": CONTENT_TYPE}
        status, headers, text = full.ask("POST", "/api/v1/frames", sent, Agent("site/c").frame(1))
        assert (status, json.loads(text)["fault"]) == (503, "unavailable")
        assert int(headers["retry-after"]) > 0
        assert full.ask("GET", "/api/v1/latest/host", bearer(full.token()))[0] == 200
