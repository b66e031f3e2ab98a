"""The store and its holds over HTTP, of a whole collector."""

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collector.api.store import _Turns
from tests.build.served import Served
from tests.build.world import Agent, compressed
from vigie.client import Client
from vigie.errors import Refused, Unavailable
from vigie.replies import ExportAbout, Hold, Holds, StoreStatus, StoreTask

PLACE = "site/c"
WISH = {
    "scope": PLACE, "from_time": "2026-01-01T00:00:00Z", "to_time": None, "reason": "case 12",
    "owner": "counsel",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("store")) as collector:
        agent = Agent(PLACE, boot="b1", start=time.time_ns())
        sender = collector.sender(PLACE)
        for tick in range(3):
            sender.held(compressed(agent.frame(tick)), "")
        collector.service._store.flush(0)
        sender.held(compressed(agent.frame(3)), "")
        yield collector


def auditor(served: Served, scope: str = "", name: str = "Ada") -> tuple[str, Client]:
    token = served.enrol("person", name, scope, roles=["auditor"]).token
    return token, served.holder(token)


def ended(client: Client, task: StoreTask) -> StoreTask:
    for _ in range(400):
        task = client.get(StoreTask, f"store/tasks/{task.id}")
        if task.state != "running":
            return task
        time.sleep(0.05)
    raise AssertionError(task)


def test_status_tells_of_every_table(served: Served) -> None:
    status = served.client().get(StoreStatus, "store")
    tables = {table.name: table for table in status.tables}
    assert tables["host"].rows == 3
    assert tables["host"].tail_rows == 1
    assert status.journal_bytes > 0
    assert status.disk_free_bytes > status.reserve_bytes
    assert status.days_left.state == "unknown"


def test_who_sees_a_part_is_not_told_of_the_whole(served: Served) -> None:
    _, client = auditor(served, PLACE, "Eve")
    for path in ("store", "store/tasks/x"):
        with pytest.raises(Refused, match="more than your scope"):
            client.get(StoreStatus, path)
    with pytest.raises(Refused, match="more than your scope"):
        client.post(StoreTask, "store/tasks", {"kind": "verify"})


def test_verification_runs_beside_the_collector(served: Served) -> None:
    client = served.client("registrar")
    task = ended(client, client.post(StoreTask, "store/tasks", {"kind": "verify"}))
    assert (task.state, task.findings) == ("done", [])
    assert task.done_bytes == task.total_bytes > 0


def test_a_backup_needs_a_registrar_and_a_place(served: Served, tmp_path: Path) -> None:
    order = {"kind": "backup", "directory": str(tmp_path / "copy")}
    with pytest.raises(Refused, match="registrar"):
        auditor(served, name="Bob")[1].post(StoreTask, "store/tasks", order)
    client = served.client("registrar")
    with pytest.raises(Refused, match="absolute"):
        client.post(StoreTask, "store/tasks", {**order, "directory": "copy"})
    task = ended(client, client.post(StoreTask, "store/tasks", order))
    assert task.state == "done", task.detail
    assert task.copied_files == task.files > 0
    assert json.loads((tmp_path / "copy" / "manifest.json").read_text())["manifest"]["tables"]


def test_an_export_is_a_file_with_what_it_is_told_beside(served: Served) -> None:
    client = served.client()
    data = b"".join(client.download("store/export/host", scope=PLACE))
    rows = pq.read_table(io.BytesIO(data))
    assert rows.num_rows == 4
    about = client.get(ExportAbout, "store/export/host/about")
    assert (about.rows, about.simulated_share) == (4, 0)
    assert {c.name: c.unit for c in about.columns}["memory_total_bytes"] == "By"
    assert [c.name for c in about.columns] == rows.column_names


def test_an_export_keeps_to_the_scope_of_who_asks(served: Served) -> None:
    _, client = auditor(served, "elsewhere", "Zoe")
    data = b"".join(client.download("store/export/host"))
    assert pq.read_table(io.BytesIO(data)).num_rows == 0
    with pytest.raises(Refused, match="outside"):
        list(client.download("store/export/host", scope=PLACE))
    with pytest.raises(Refused, match="no table"):
        list(client.download("store/export/hosts"))


def test_too_many_exports_at_once_are_told_to_wait(served: Served) -> None:
    client = served.client()
    turns = _Turns(1)
    first = turns.taken(iter([b"1", b"2"]))
    assert next(first) == b"1"
    with pytest.raises(Unavailable):
        next(turns.taken(iter([b"3"])))
    first.close()  # type: ignore[attr-defined]
    assert list(turns.taken(iter([b"4"]))) == [b"4"]
    assert list(client.download("store/export/events"))


def test_a_hold_is_the_act_of_an_auditor_in_person(served: Served) -> None:
    service = served.holder(served.enrol("service", "robot", roles=["auditor"]).token)
    for client, why in ((served.client("registrar"), "role"), (service, "person")):
        with pytest.raises(Refused, match=why):
            client.post(Hold, "holds", WISH)
    _, client = auditor(served, "other", "Max")
    with pytest.raises(Refused, match="outside"):
        client.post(Hold, "holds", WISH)


def test_a_hold_is_placed_once_and_lifted_with_its_person_and_key(served: Served) -> None:
    token, client = auditor(served, name="Ida")
    answers = [served.act("holds", WISH, token, "key-1") for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200, answers
    name = answers[0][1]["id"]
    placed = next(h for h in client.get(Holds, "holds").holds if h.id == name)
    assert (placed.state, placed.paths, placed.to_time) == ("active", [PLACE], None)
    held = {t.name: t.held_rows for t in client.get(StoreStatus, "store").tables}
    assert held["host"] == 3
    status, lifted = served.act(f"holds/{name}/lift", {"note": "over"}, token, "key-2")
    assert status == 200
    assert lifted["state"] == "lifted"
    assert [(a["act"], a["key"], a["note"]) for a in lifted["acts"]] == [
        ("placed", "key-1", ""), ("lifted", "key-2", "over"),
    ]  # fmt: skip
    assert len({a["person"] for a in lifted["acts"]}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "perimeter:nowhere"}, {"scope": "a//b"}, {"from_time": "soon"}, {"reason": " "},
        {"owner": ""}, {"to_time": "2025-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_a_hold_that_makes_no_sense_is_refused(served: Served, change: dict[str, str]) -> None:
    token, _ = auditor(served, name="Ida")
    status, answer = served.act("holds", {**WISH, **change}, token, f"key-{change}")
    assert status == 400, answer


def test_an_act_without_a_key_is_refused(served: Served) -> None:
    token, _ = auditor(served, name="Lou")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    status, _, text = served.ask("POST", "/api/v1/holds", headers, json.dumps(WISH).encode())
    assert (status, b"Idempotency-Key" in text) == (400, True)


def test_a_store_says_its_room_as_a_metric(served: Served) -> None:
    served.service._keeper.measure()
    text = served.ask("GET", "/metrics")[2].decode()
    assert 'vigie_collector_disk_days_left{bound="expected"} NaN' in text
