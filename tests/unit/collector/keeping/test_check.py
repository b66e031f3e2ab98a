"""Damage is found wherever it is, and nothing else is called damage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import process
from collector.keeping import check
from collector.keeping.tasks import Outcome
from tests.build.stores import Opened
from tests.unit.collector.keeping.test_backup import body, flip, quiet
from vigie.errors import StoreError, VigieError


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    """A store with a file, and a row that only the journal has."""
    with Opened(tmp_path) as opened:
        opened.send(body(1))
        opened.flush()
        opened.send(body(2))
        yield opened


def places(outcome: Outcome) -> list[str]:
    return [finding.place for finding in outcome.findings]


def test_a_sound_store_has_no_findings_running_and_at_rest(run: Opened, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    outcome = check.running(run.store.parts, lambda done, total: told.append((done, total)))
    assert outcome.findings == ()
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 0
    run.store.close()
    run.database.close()
    outcome = check.at_rest(tmp_path, quiet)
    assert outcome.findings == ()
    assert outcome.files > 5


def test_a_flipped_bit_is_found_in_files_metadata_journal_and_newest_values(run: Opened) -> None:
    (file,) = run.store._tables.files("gpu")
    flip(file.path)
    metadata = next((run.directory / "tables/vigie/gpu/metadata").glob("*.avro"))
    flip(metadata)
    flip(run.directory / "live" / "gpu.arrow")
    (segment,) = run.store._journal.segments()
    run.send(body(3))
    flip(segment.path)
    found = places(check.running(run.store.parts, quiet))
    assert found == [
        f"table gpu: {file.path.name}", f"table gpu: {metadata.name}", "live/gpu.arrow",
        f"journal/{segment.path.name}",
    ]  # fmt: skip


def test_a_file_that_is_not_what_its_table_says_is_found(run: Opened) -> None:
    (file,) = run.store._tables.files("gpu")
    file.path.unlink()
    assert places(check.running(run.store.parts, quiet)) == [f"table gpu: {file.path.name}"]


def test_a_record_that_is_being_written_is_no_damage(run: Opened) -> None:
    (segment,) = run.store._journal.segments()
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole[:-3])
    assert check.segment_problem(segment, still_written=True) == ""
    assert "no record" in check.segment_problem(segment, still_written=False)
    segment.path.write_bytes(whole)


def test_a_lost_catalog_and_a_broken_database_are_found_at_rest(
    run: Opened, tmp_path: Path
) -> None:
    run.store.close()
    run.database.close()
    (tmp_path / "tables" / "catalog.db").unlink()
    state = tmp_path / "state.db"
    state.write_bytes(b"no database at all" * 300)
    assert places(check.at_rest(tmp_path, quiet)) == ["catalog.db", "state.db"]
    assert not (tmp_path / "tables" / "catalog.db").exists()  # it only looks


def test_a_store_that_is_in_use_or_not_there_is_not_read(run: Opened, tmp_path: Path) -> None:
    with process.locked(run.directory / "lock"), pytest.raises(VigieError, match="another"):
        check.at_rest(run.directory, quiet)
    with pytest.raises(StoreError, match="no store"):
        check.at_rest(tmp_path / "elsewhere", quiet)
