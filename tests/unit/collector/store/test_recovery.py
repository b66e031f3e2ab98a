"""Whatever byte is wrong, the store starts, names what it lost, and loses no more than that."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened
from vigie.catalogue import Gpu

LATER = START + 30 * 86_400 * SECOND


def body(number: int) -> bytes:
    """A frame whose power is its number."""
    readings = {"host": ["h"], "gpu": ["g"], "power_watts": [float(number)]}
    return requests.frame(number, START + number * 600 * SECOND, {Gpu: readings})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames 1 to 5 merged, 6 and 7 flushed one by one, 8 and 9 in the journal."""
    directory = tmp_path_factory.mktemp("filled") / "store"
    with Opened(directory) as run:
        for number in range(1, 6):
            run.send(body(number))
            run.flush()
        run.store.merge(LATER * 1_000)
        for number in (6, 7):
            run.send(body(number))
            run.flush()
        run.send(body(8), body(9))
    return directory


def newest(directory: Path, pattern: str) -> Path:
    return max(directory.glob(pattern), key=lambda path: (path.stat().st_mtime_ns, path.name))


def flip(path: Path, noise: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
    path.write_bytes(data)


def cut(path: Path, noise: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: noise.randrange(1, len(data))])


def zero(path: Path, _: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def restarted(filled: Path, directory: Path, damage: Callable[[Path], None]) -> list[int]:
    """Start on a damaged copy, work on, start again; the frames that are there."""
    # Metadata hold whole paths: the copy takes the place of the original.
    shutil.copytree(filled, directory / "kept")
    try:
        damage(filled)
        with Opened(filled) as run:
            rows = [int(power) for power in run.rows("gpu", "power_watts")]
            assert len(rows) == len(set(rows))
            assert run.store.live.table("gpu").num_rows == 1
            run.send(body(99))
            run.flush()
            lost = set(range(1, 10)) - set(rows)
            assert not lost or "damaged" in run.codes()
        with Opened(filled) as run:
            assert run.rows("gpu", "power_watts") == [*rows, 99]
        return rows
    finally:
        shutil.rmtree(filled)
        shutil.move(directory / "kept", filled)


ALL = list(range(1, 10))
HOW = pytest.mark.parametrize(
    "how",
    [
        pytest.param(flip, id="flip"),
        pytest.param(cut, id="cut", marks=pytest.mark.slow),
        pytest.param(zero, id="zero", marks=pytest.mark.slow),
    ],
)


@HOW
@pytest.mark.parametrize(
    "pattern",
    [
        "tables/catalog.db", "tables/vigie/gpu/metadata/*.metadata.json",
        "tables/vigie/gpu/metadata/snap-*.avro", "tables/vigie/gpu/metadata/*-m0.avro",
        "live/gpu.arrow", "live/recent-events.arrow", "state.db", "state.db.backup",
    ],
)  # fmt: skip
@pytest.mark.slow
def test_damage_beside_the_data_loses_nothing(
    filled: Path, tmp_path: Path, pattern: str, how: Callable[[Path, random.Random], None]
) -> None:
    def damage(directory: Path) -> None:
        how(newest(directory, pattern), random.Random(pattern))

    assert restarted(filled, tmp_path, damage) == ALL


@HOW
def test_a_damaged_table_file_loses_its_rows_alone(
    filled: Path, tmp_path: Path, how: Callable[[Path, random.Random], None]
) -> None:
    def damage(directory: Path) -> None:
        how(newest(directory, "tables/vigie/gpu/data/**/*.parquet"), random.Random(1))

    assert restarted(filled, tmp_path, damage) == [n for n in ALL if n != 7]


@HOW
def test_a_damaged_journal_loses_one_record_or_what_is_not_there_any_more(
    filled: Path, tmp_path: Path, how: Callable[[Path, random.Random], None]
) -> None:
    def damage(directory: Path) -> None:
        how(newest(directory, "journal/*.journal"), random.Random(2))

    rows = restarted(filled, tmp_path, damage)
    assert set(rows) >= set(range(1, 8))
    assert how is not flip or len(rows) == 8


def test_tables_are_made_again_when_all_metadata_and_the_catalog_are_gone(
    filled: Path, tmp_path: Path
) -> None:
    def damage(directory: Path) -> None:
        (directory / "tables/catalog.db").unlink()
        shutil.rmtree(directory / "tables/vigie/gpu/metadata")

    assert restarted(filled, tmp_path, damage) == ALL


def test_a_file_that_a_crash_left_uncommitted_is_removed(filled: Path, tmp_path: Path) -> None:
    def damage(directory: Path) -> None:
        found = newest(directory, "tables/vigie/gpu/data/**/*.parquet")
        shutil.copy(found, found.with_name("0" * 16 + "-left-000.00000000.parquet"))

    assert restarted(filled, tmp_path, damage) == ALL
    assert not list(filled.glob("tables/vigie/gpu/data/**/*-left-*"))


def test_a_copied_folder_is_a_store_of_its_own(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    with Opened(copy) as run:
        assert run.rows("gpu", "power_watts") == ALL
        run.send(body(50))
        run.flush()
        assert all(file.path.is_relative_to(copy) for file in run.store._tables.files("gpu"))
    with Opened(copy) as run:
        assert run.rows("gpu", "power_watts") == [*ALL, 50]
    with Opened(filled) as run:
        assert run.rows("gpu", "power_watts") == ALL


def test_newest_values_come_from_the_tables_when_their_snapshot_is_damaged(
    filled: Path, tmp_path: Path
) -> None:
    def damage(directory: Path) -> None:
        cut(directory / "live/gpu.arrow", random.Random(3))
        for segment in directory.glob("journal/*"):
            segment.unlink()

    assert restarted(filled, tmp_path, damage) == list(range(1, 8))


KILLED = """
import itertools, sys, threading, time
from pathlib import Path
from tests.build.stores import Opened
from tests.unit.collector.store.test_recovery import LATER, body
run = Opened(Path(sys.argv[1]))
def keep():
    while True:
        time.sleep(0.01)
        run.flush()
        run.store.merge(LATER * 1_000)
        run.store.expire(run.now * 1_000, grace=0)
threading.Thread(target=keep, daemon=True).start()
for number in itertools.count(int(sys.argv[2])):
    run.send(body(number))
    print(number, flush=True)
"""


def test_a_crash_while_a_table_was_being_made_is_no_damage(tmp_path: Path) -> None:
    begun = tmp_path / "tables" / "vigie" / "gpu" / "metadata"
    begun.mkdir(parents=True)
    (begun / "00000-begun.metadata.json").write_text("{")
    with Opened(tmp_path) as run:
        assert not run.recovery.damaged
        run.send(body(1))
        run.flush()
        assert run.rows("gpu", "power_watts") == [1]


@pytest.mark.slow
def test_a_killed_store_keeps_what_it_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    noise, directory, first = random.Random(4), tmp_path / "store", 1
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, str(directory), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == str(first)
            time.sleep(noise.random() / 2)
            child.send_signal(signal.SIGKILL)
            told = [int(line) for line in child.stdout]
        acknowledged += [first, *told]
        first = acknowledged[-1] + 2  # the one in flight may be kept or not
    with Opened(directory) as run:
        rows = [int(power) for power in run.rows("gpu", "power_watts")]
        assert len(rows) == len(set(rows))
        assert set(acknowledged) <= set(rows)
        assert not run.recovery.damaged
