from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.inventory import devices
from collector.inventory.devices import Inventories
from collector.store import schema
from collector.store.entry import DecodedFrame
from vigie.database import Database
from vigie.frame import Header, InventoryPart


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "state.db", devices.TABLES)
    yield opened
    opened.close()


def frame(
    time: int, *rows: dict[str, str | None], snapshot: bool = True, **more: Any
) -> DecodedFrame:
    part = InventoryPart(more.pop("name", "device"), snapshot, rows)
    header = Header(
        "a1", "b", time, more.pop("container", "site/c"), time, 0, 1, inventories=(part,)
    )
    nothing = pa.RecordBatch.from_pylist([], schema=schema.EVENTS)
    return DecodedFrame(header, b"", (), nothing, None)


def of(sent: DecodedFrame) -> tuple[str, str]:
    return sent.header.container, sent.header.agent


def disk(name: str, **more: str) -> dict[str, str | None]:
    return {"host": "h1", "device": name, **more}


def names(found: Inventories, scope: str = "") -> list[str | None]:
    return [row.content["device"] for row in found.rows("device", scope)]


def test_a_snapshot_is_wanted_until_it_came_and_after_a_restart_still_there(
    database: Database,
) -> None:
    found, first = Inventories(database), frame(1, disk("sda"))
    assert found.wants(*of(first)) == ["device"]
    found.take([first])
    assert found.wants(*of(first)) == []
    assert Inventories(database).wants(*of(first)) == []


def test_a_snapshot_replaces_and_a_change_adds(database: Database) -> None:
    found = Inventories(database)
    found.take([frame(1, disk("sda"), disk("sdb"))])
    found.take([frame(2, disk("sdc", model="new"), snapshot=False)])
    assert names(found) == ["sda", "sdb", "sdc"]
    found.take([frame(3, disk("sdb"))])
    assert names(found) == ["sdb"]


def test_what_arrives_late_or_twice_changes_nothing_newer(database: Database) -> None:
    found = Inventories(database)
    newest = frame(5, disk("sda", model="new"))
    found.take([newest, newest])
    found.take([frame(3, disk("sda", model="old"), disk("sdb"))])
    found.take([frame(4, disk("sda", model="older"), snapshot=False)])
    (row,) = found.rows("device", "")
    assert (row.content["model"], row.time) == ("new", 5)


def test_a_change_before_any_snapshot_waits_for_it(database: Database) -> None:
    found = Inventories(database)
    change = frame(1, disk("sda"), snapshot=False)
    found.take([change])
    assert names(found) == []
    assert found.wants(*of(change)) == ["device"]


def test_unknown_inventories_and_rows_without_a_name_are_left_out(database: Database) -> None:
    found = Inventories(database)
    found.take([frame(1, disk("sda"), name="novelty"), frame(1, {"host": "h1"}, disk("sdb"))])
    assert names(found) == ["sdb"]


def test_rows_are_seen_within_a_scope(database: Database) -> None:
    found = Inventories(database)
    found.take([frame(1, disk("sda")), frame(1, disk("sdb"), container="site/d")])
    assert names(found, "site") == ["sda", "sdb"]
    assert names(found, "site/c") == names(found, "site/c/h1") == ["sda"]
    assert names(found, "site/c/h2") == []
