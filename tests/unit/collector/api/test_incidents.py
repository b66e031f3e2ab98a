import gzip
import io
import json
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.lifecycle import Alert, State, Subject
from tests.build.desk import SECRET
from tests.build.served import Served
from vigie.bundle import verify
from vigie.client import Client
from vigie.ed25519 import fingerprint, key_of
from vigie.errors import Refused
from vigie.replies import AlarmLoad, Incident, Incidents, SigningKey

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z
ROSTER = """
[[people]]
id = "ada"
name = "Ada"
receivers = ["desk"]

[[posts]]
id = "noc-lyon"
name = "Lyon"
scopes = ["lyon"]

[[posts.levels]]
name = "first"
backup = ["ada"]
"""
RECEIVERS = """
[[receiver]]
name = "desk"
kind = "webhook"
url = "http://desk.example/hook"
secret_file = "desk.secret"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("incidents")
    (folder / "roster.toml").write_text(ROSTER)
    (folder / "receivers.toml").write_text(RECEIVERS)
    (folder / "desk.secret").write_text(SECRET)
    (folder / "desk.secret").chmod(0o600)
    more = {name: folder / f"{name}.toml" for name in ("roster", "receivers")}
    with Served(folder / "data", **more) as collector:
        collector.service._alerting._evaluate.stop()  # the tests say what is wrong
        found = [
            alert("a1", "paris/a", State.FIRING), alert("a2", "paris/b", State.RESOLVED),
            alert("b1", "lyon/b", State.FIRING),
        ]  # fmt: skip
        collector.service._alerting.register.apply(found, (), None, NOW)
        yield collector


def alert(name: str, container: str, state: State) -> Alert:
    subject = Subject(container, ("h1", "/srv"))
    return Alert(name, "filesystem_filling", subject, 2, state, NOW, NOW, told=State.FIRING)


def person(
    served: Served, scope: str = "", *, name: str = "Alice", role: str = "operator"
) -> Client:
    return served.holder(served.enrol("person", name, scope, roles=[role]).token)


def opened(client: Client, **more: Any) -> Incident:
    return client.post(Incident, "incidents", {"title": "Dark", **more})


def test_an_incident_lies_where_its_alerts_do(served: Served) -> None:
    alice = person(served)
    assert opened(alice, alerts=["a1"]).scope == "paris/a"
    assert opened(alice, alerts=["a1", "a2"]).scope == "paris"
    assert opened(alice, alerts=["a1"], scope="paris/b").scope == "paris"
    assert opened(alice, alerts=["a1", "b1"]).scope == ""


def test_a_scope_gathers_what_people_were_told_of(served: Served) -> None:
    found = opened(person(served), scope="paris", since="2023-11-14T00:00:00Z")
    assert {a.id for a in found.alerts} == {"a1", "a2"}
    assert found.alerts[0].title.startswith("/srv presque plein")
    assert opened(person(served), scope="paris").alerts[0].id == "a1", "what is open now"


def test_only_a_named_person_answers_for_an_incident(served: Served) -> None:
    service = served.enrol("service", "bot", "", roles=["operator"]).token
    with pytest.raises(Refused, match="a service cannot answer for an incident"):
        opened(served.holder(service), alerts=["a1"])
    with pytest.raises(Refused, match="this needs the role"):
        opened(person(served, name="Ron", role="reader"), alerts=["a1"])


def test_nobody_reaches_beyond_their_scope(served: Served) -> None:
    wide = opened(person(served), alerts=["a1", "b1"])
    narrow = person(served, "paris/a", name="Nina")
    own = opened(narrow, alerts=["a1"])
    told = narrow.get(Incidents, "incidents").incidents
    assert wide.id not in {i.id for i in told}
    assert own.id in {i.id for i in told}
    for path in (f"incidents/{wide.id}", f"incidents/{wide.id}/bundle"):
        with pytest.raises(Refused, match="no incident"):
            narrow.get(Incident, path)
    with pytest.raises(Refused, match="no alert 'b1'"):
        narrow.post(Incident, f"incidents/{own.id}/add", {"alerts": ["b1"]})
    with pytest.raises(Refused, match="outside yours"):
        opened(narrow, scope="lyon")


def test_what_is_done_is_answered_whole(served: Served) -> None:
    alice = person(served)
    found = opened(alice, alerts=["a1"], note="seen at the door")
    assert found.unavailable_seconds is None
    found = alice.post(Incident, f"incidents/{found.id}/add", {"alerts": ["a1"], "outage": True})
    assert [a.outage for a in found.alerts] == [True]
    assert found.unavailable_seconds is not None
    filed = {"note": "receipt 7", "filed": "early_warning", "at": "2023-11-14T23:30:00Z"}
    with pytest.raises(Refused, match="a time that has passed"):
        alice.post(Incident, f"incidents/{found.id}/note", {**filed, "at": "2999-01-01T00:00:00Z"})
    closed = alice.post(Incident, f"incidents/{found.id}/close", {"note": "room was made"})
    assert (closed.state, closed.closed_by) == ("closed", "Alice")
    with pytest.raises(Refused, match="is closed"):
        alice.post(Incident, f"incidents/{found.id}/close", {"note": "again"})
    (listed,) = (
        i for i in alice.get(Incidents, "incidents", state="closed").incidents if i.id == found.id
    )
    assert (listed.alerts, listed.timeline) == ([], [])


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({}, "alerts or scope"),
        ({"alerts": ["nobody"]}, "no alert 'nobody'"),
        ({"scope": "a/b/c/d"}, "is no path"),
        ({"scope": "paris", "since": "yesterday"}, "since: a time like"),
        ({"scope": "paris", "detected": "2999-01-01T00:00:00Z"}, "a time that has passed"),
        ({"scope": "paris", "detected": "0001-01-01T00:00:00Z"}, "of the last ten years"),
        ({"scope": "paris", "colour": "red"}, "colour"),
        ({"scope": "paris", "title": ""}, "title"),
        ({"scope": "paris", "title": "two\nlines"}, "title"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    served: Served, wish: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        opened(person(served), **wish)


def test_a_bundle_is_signed_by_the_key_that_the_collector_shows(
    served: Served, tmp_path: Path
) -> None:
    alice = person(served)
    found = opened(alice, alerts=["a1"], note="=cmd|' /C calc'!A0; x\x07y")
    path = tmp_path / "bundle.tar.gz"
    path.write_bytes(b"".join(alice.download(f"incidents/{found.id}/bundle")))
    key = alice.get(SigningKey, "signing-key")
    assert key.fingerprint == fingerprint(key_of(key.pem))
    assert verify(path, key.fingerprint).findings == ()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        said = archive.extractfile(f"{found.id}/incident.json")
        assert said is not None
        assert json.load(said)["title"] == "Dark"
        acts = archive.extractfile(f"{found.id}/acts.csv")
        assert acts is not None
        assert acts.read().decode().count("bundled,Alice") == 1
    assert {"README.txt", "timeline.csv", "alerts.json", "notifications.csv", "audit.csv"} <= names
    assert alice.get(Incident, f"incidents/{found.id}").timeline[-1].what == "bundled"


def test_a_window_of_maintenance_is_in_the_timeline(served: Served) -> None:
    alice = person(served)
    window = {
        "kind": "maintenance", "scope": "lyon", "reason": "new feeder",
        "expires": datetime.fromtimestamp(time.time() + 3_600, UTC).isoformat(),
    }  # fmt: skip
    alice.post(dict, "silences", window)
    found = opened(alice, alerts=["b1"])
    (entry,) = (e for e in found.timeline if e.kind == "maintenance")
    assert (entry.what, entry.who, entry.subject) == ("declared", "Alice", "lyon")
    assert entry.words.endswith("new feeder")


def test_a_reader_gets_no_bundle_and_a_service_neither(served: Served) -> None:
    found = opened(person(served), alerts=["a1"])
    for client in (
        served.client(), served.holder(served.enrol("service", "s", roles=["auditor"]).token),
    ):  # fmt: skip
        with pytest.raises(Refused) as told:
            list(client.download(f"incidents/{found.id}/bundle"))
        assert told.value.status == 403


def test_the_load_is_of_each_post_in_the_callers_scope(served: Served) -> None:
    asked = {"from": "2023-11-14T21:00:00Z", "to": "2023-11-14T23:00:00Z"}
    everything = served.client().get(AlarmLoad, "alarm-load", **asked)
    assert {post.post: post.alarms for post in everything.posts} == {"noc-lyon": 1, "paris": 1}
    narrow = served.holder(served.enrol("service", "wall", "paris", roles=["reader"]).token)
    (post,) = narrow.get(AlarmLoad, "alarm-load", **asked).posts
    assert (post.post, post.peak) == ("paris", 1)
    assert post.rate == pytest.approx(1 / 12)
    for wrong in ({**asked, "to": asked["from"]}, {"to": "0001-01-01T00:00:00Z"}):
        with pytest.raises(Refused, match="at most 400 days"):
            served.client().get(AlarmLoad, "alarm-load", **wrong)
