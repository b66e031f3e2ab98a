"""A bit flips, or a file is cut, in what a killed collector left: it starts, and names the loss."""

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from collector.counters import Counters
from collector.intake.decode import decode
from collector.service import TABLES
from collector.store import state
from collector.store.quarantine import Found, Quarantine
from collector.store.store import Store
from tests.build.programs import Collector
from tests.build.recorded import Load, numbered
from vigie.settings import StoreSettings

DAMAGES = int(os.environ.get("DAMAGES", "100"))


def left_behind(data: Path) -> Path:
    """What a collector that was killed under load leaves: journal, state, live and tables."""
    agents = [numbered(f"rot/c{n}", time.time_ns()) for n in range(3)]
    with Collector(data, environment={"VIGIE_COLLECTOR_STORE_FLUSH": "1s"}) as collector:
        with Load(collector, collector.enrol("load", "rot", kind="relay"), agents, 0.01):
            time.sleep(8)
        collector.kill()
    return data / "collector"


def opened(directory: Path) -> tuple[Counter[tuple[str, float]], list[str]]:
    """Rows by (container, load1), and what the events name as damaged."""
    found: list[Found] = []
    quarantine = Quarantine(directory / "quarantine", found.append)
    database = state.open_state(directory / "state.db", TABLES, quarantine)
    store = Store(
        directory, decode, StoreSettings(reserve_bytes=0), database, Counters(), time.time_ns
    )
    try:
        damaged = bool(store.open(found).damaged) or bool(found)
        rows = store.scan("host", ["container", "load1"], None, None, [""], {}).to_pylist()
        named = _named(store, patience=2.0 if damaged else 0.0)
    finally:
        store.close()
        database.close()
    return Counter((row["container"], row["load1"]) for row in rows), named


def _named(store: Store, *, patience: float) -> list[str]:
    """What the events name as damaged; they are written like any row, a moment after the start."""
    end = time.monotonic() + patience
    while True:
        events = store.scan("events", ["code", "detail"], None, None, [""], {}).to_pylist()
        named = [event["detail"] for event in events if event["code"] == "damaged"]
        if named or time.monotonic() >= end:
            return named
        time.sleep(0.02)


def harm(directory: Path, chance: random.Random) -> str:
    """Flip a bit of a file, or cut it; what was done."""
    kept = [p for p in directory.rglob("*") if p.is_file() and p.stat().st_size]
    kinds = sorted({_kind(directory, path) for path in kept})
    kind = chance.choice(kinds)
    path = chance.choice(sorted(p for p in kept if _kind(directory, p) == kind))
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    if chance.random() < 0.3:
        path.write_bytes(data[:at])
        return f"{path.relative_to(directory)} cut to {at} of {len(data)} bytes"
    data[at] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return f"{path.relative_to(directory)} bit flipped in byte {at} of {len(data)}"


def _kind(directory: Path, path: Path) -> str:
    """So that each kind of file is hit as often, however many of it there are."""
    return f"{path.relative_to(directory).parts[0]} {path.suffix}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_damage_anywhere_never_stops_a_start_and_no_loss_is_silent(tmp_path: Path) -> None:
    directory, original = left_behind(tmp_path / "data"), tmp_path / "original"
    directory.rename(original)
    whole, named = opened(put_back(original, directory))
    assert named == []
    assert len(whole) > 100
    chance = random.Random(20261122)
    for _ in range(DAMAGES):
        done = harm(put_back(original, directory), chance)
        rows, named = opened(directory)
        assert not [key for key, times in rows.items() if times > 1], done
        lost = whole - rows
        assert not lost or named, f"{done}: {len(lost)} rows lost, and nobody says so"


def put_back(original: Path, directory: Path) -> Path:
    """The directory as it was left, where it was: tables know their place."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(original, directory)
    return directory
