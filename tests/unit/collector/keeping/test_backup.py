"""A copy of a real store while it takes rows, and another store that begins with it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.keeping import check, manifest
from collector.keeping.backup import back_up
from collector.keeping.restore import restore
from collector.keeping.tasks import Outcome
from collector.signing import NAME, Signer
from collector.store.upkeep import ROLLED_UNTIL
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.shelf import at
from tests.build.stores import Opened
from tests.unit.collector.store.expiry.test_expire import power
from vigie.catalogue import Gpu
from vigie.database import Database, Table
from vigie.errors import Refused, StoreError


def quiet(_done: int, _total: int) -> None:
    """Nobody listens."""


def body(number: int, time: int | None = None) -> bytes:
    readings = {"host": ["h"], "gpu": [f"g{number % 3}"], "power_watts": [float(number)]}
    moment = START + number * SECOND if time is None else time
    return requests.frame(number, moment, {Gpu: readings})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    """A store with rows in files, merged ones, rollups, and rows that only the journal has."""
    with Opened(tmp_path / "data" / "collector") as opened:
        for numbers in ((1, 2), (3, 4)):
            opened.send(*map(body, numbers))
            opened.flush()
        opened.store.merge((START + 86_400 * SECOND) * 1_000)
        opened.store.write_rollup(
            "power_1h", pa.concat_tables([power("it"), power("cpu")]), {ROLLED_UNTIL: "77"}
        )
        opened.send(body(5))
        yield opened


def copy(run: Opened, target: Path) -> Outcome:
    return back_up(run.store.parts, {}, target, lambda: run.now / 1e6, quiet)


def values(run: Opened) -> list[Any]:
    return run.rows("gpu", "power_watts")


def test_what_was_acknowledged_before_is_there_after_once(run: Opened, tmp_path: Path) -> None:
    copy(run, tmp_path / "copy")
    run.send(body(6))  # after the backup: not in it
    restore(tmp_path / "copy", tmp_path / "new", quiet)
    with Opened(tmp_path / "new" / "collector") as other:
        assert values(other) == [1, 2, 3, 4, 5]
        assert other.recovery.damaged == []
        assert other.codes() == []  # nothing is told as damaged
        assert len(other.rows("power_1h")) == 2
        assert other.store.rolled_until("power_1h") == run.store.rolled_until("power_1h")
        other.send(body(5))  # sent again: it is held already
        other.send(body(6))
        other.flush()
        assert values(other) == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_tables_come_back_with_the_ids_that_their_files_carry(run: Opened, tmp_path: Path) -> None:
    copy(run, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "new", quiet)
    with Opened(tmp_path / "new" / "collector") as other:
        for table in ("gpu", "power_1h"):
            ids = [tables.schema(table) for tables in (run.store._tables, other.store._tables)]
            assert str(ids[0]) == str(ids[1])
            said = [tables.described(table) for tables in (run.store._tables, other.store._tables)]
            fields = [{f["name"]: f["id"] for f in json.loads(text)["fields"]} for text in said]
            assert fields[0] == fields[1]


@pytest.mark.slow
def test_a_second_backup_copies_only_what_is_new(run: Opened, tmp_path: Path) -> None:
    first = copy(run, tmp_path / "copy")
    assert first.copied_files == first.files
    run.now += 60 * SECOND
    run.send(body(6))
    run.flush()
    second = copy(run, tmp_path / "copy")
    tables = [f for t in manifest.read(tmp_path / "copy").tables for f in t.files]
    assert len(tables) == 3  # merged, one more, and the rollup
    assert second.files - second.copied_files == 2
    assert len(list((tmp_path / "copy").glob("at-*"))) == 1
    restore(tmp_path / "copy", tmp_path / "new", quiet)
    with Opened(tmp_path / "new" / "collector") as other:
        assert values(other) == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_files_merged_away_leave_the_backup_too(run: Opened, tmp_path: Path) -> None:
    run.flush()
    copy(run, tmp_path / "copy")
    run.now += 60 * SECOND
    run.store.merge((START + 86_400 * SECOND) * 1_000)
    copy(run, tmp_path / "copy")
    named = {tmp_path / "copy" / f.path for f in manifest.read(tmp_path / "copy").files}
    there = {p for p in (tmp_path / "copy" / "tables").rglob("*") if p.is_file()}
    assert there <= named
    assert check.of_backup(tmp_path / "copy", quiet).findings == ()


@pytest.mark.slow
def test_a_backup_that_is_cut_short_leaves_the_one_before(
    run: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(run, tmp_path / "copy")
    run.now += 60 * SECOND
    run.send(body(6))
    run.flush()
    with monkeypatch.context() as broken:
        broken.setattr("collector.keeping.manifest.write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            copy(run, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "new", quiet)
    with Opened(tmp_path / "new" / "collector") as other:
        assert values(other) == [1, 2, 3, 4, 5]
    assert not (run.directory / "backup.staging").exists()


@pytest.mark.slow
def test_on_another_disk_files_are_copied_and_checked(
    run: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", no_link)
    copy(run, tmp_path / "copy")
    assert check.of_backup(tmp_path / "copy", quiet).findings == ()
    (file,) = run.store._tables.files("power_1h")
    flip(file.path)
    with pytest.raises(StoreError, match="not what was written"):
        copy(run, tmp_path / "second")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


@pytest.mark.slow
def test_databases_of_others_are_copied_while_they_are_written(run: Opened, tmp_path: Path) -> None:
    other = Database(tmp_path / "other.db", (Table("t", "n INTEGER"),))
    with other.write() as write:
        write.execute("INSERT INTO t VALUES (1)")
        back_up(run.store.parts, {"other.db": tmp_path / "other.db"}, tmp_path / "copy",
                lambda: 1.0, quiet)  # fmt: skip
        write.execute("INSERT INTO t VALUES (2)")
    other.close()
    restore(tmp_path / "copy", tmp_path / "new", quiet)
    copied = Database(tmp_path / "new" / "collector" / "other.db", ())
    assert [row["n"] for row in copied.rows("SELECT n FROM t")] == []  # not committed then
    copied.close()


@pytest.mark.slow
def test_only_the_owner_may_read_a_backup_and_what_comes_of_it(run: Opened, tmp_path: Path) -> None:
    copy(run, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700
    (state,) = (tmp_path / "copy").glob("at-*/state.db")
    assert state.stat().st_mode & 0o777 == 0o600
    restore(tmp_path / "copy", tmp_path / "new", quiet)
    assert (tmp_path / "new" / "collector").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "collector" / "state.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("links", [True, False])
def test_the_key_that_signs_comes_back_and_stays_secret(
    run: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    def no_link(*_: object) -> None:
        raise OSError

    key = tmp_path / NAME
    made = back_up(run.store.parts, {}, tmp_path / "copy", lambda: 1.0, quiet, keys=[key])
    assert NAME not in made.detail, "none was needed yet"
    public = Signer(tmp_path).public
    if not links:  # another disk
        monkeypatch.setattr(os, "link", no_link)
    made = back_up(run.store.parts, {}, tmp_path / "copy", lambda: 2.0, quiet, keys=[key])
    assert f"with {NAME}" in made.detail
    (copied,) = (tmp_path / "copy").glob(f"at-*/{NAME}")
    assert copied.stat().st_mode & 0o777 == 0o600
    restore(tmp_path / "copy", tmp_path / "new", quiet)
    home = tmp_path / "new" / "collector"
    assert (home / NAME).stat().st_mode & 0o777 == 0o600
    assert Signer(home).public == public


def test_a_backup_goes_to_a_folder_of_its_own(run: Opened, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("dear")
    for place in (
        Path("copy"), run.directory / "copy", run.directory.parent, tmp_path / "full",
        tmp_path / "no" / "such", tmp_path / "full" / "letter", tmp_path / ".." / "x",
    ):  # fmt: skip
        with pytest.raises(Refused):
            copy(run, place)
    assert (tmp_path / "full" / "letter").read_text() == "dear"


def test_nothing_is_restored_over_a_store_nor_out_of_a_damaged_backup(
    run: Opened, tmp_path: Path
) -> None:
    copy(run, tmp_path / "copy")
    with pytest.raises(StoreError, match="not empty"):
        restore(tmp_path / "copy", tmp_path / "data", quiet)
    with pytest.raises(StoreError, match="no backup"):
        restore(tmp_path / "data", tmp_path / "new", quiet)
    victim = next((tmp_path / "copy").rglob("*.parquet"))
    data = victim.read_bytes()
    victim.unlink()  # linked to the store's own
    victim.write_bytes(data[:-1] + b"X")
    with pytest.raises(StoreError, match=victim.name):
        restore(tmp_path / "copy", tmp_path / "new", quiet)
    assert not (tmp_path / "new" / "collector").exists()
    assert [f.problem for f in check.of_backup(tmp_path / "copy", quiet).findings]


@pytest.mark.slow
def test_a_manifest_that_was_changed_or_leads_elsewhere_is_refused(
    run: Opened, tmp_path: Path
) -> None:
    copy(run, tmp_path / "copy")
    path = tmp_path / "copy" / manifest.NAME
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "sha256": "0" * 64}))
    with pytest.raises(StoreError, match="not what was written"):
        restore(tmp_path / "copy", tmp_path / "new", quiet)
    data["manifest"]["parts"][0]["path"] = "../../etc/passwd"
    data["sha256"] = manifest._digest(data["manifest"])
    path.write_text(json.dumps(data))
    with pytest.raises(StoreError, match="leads out"):
        restore(tmp_path / "copy", tmp_path / "new", quiet)


def test_what_is_in_no_time_there_is_not_kept_twice(run: Opened, tmp_path: Path) -> None:
    """On one disk a backup takes links: its files are those of the store."""
    copy(run, tmp_path / "copy")
    (file,) = run.store._tables.files("power_1h")
    assert file.path.stat().st_nlink == 2
    assert at(0).year == 2026
