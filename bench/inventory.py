"""How fast the fragments of a host are walked, and how large their inventory is.

    python -m bench inventory [--walk 1000000] [--fragments 10000000] [--directory DIR]

The walk is of real files, empty ones in 256 directories, in the page cache: first and again. The
large inventory is filled by what a walk would have found, through the same code, without files.
Each in a process of its own, of which the memory is the most that it ever had.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from agent.fragments import row
from agent.fragments.batch import BATCH, Batch, Notes, Progress
from agent.fragments.descent import Layout
from agent.fragments.directory import DirectoryReader
from agent.fragments.inventory import Inventory
from agent.fragments.walk import Walk
from tests.build.trees import PATTERN, many
from vigie.fragments import BUCKETS, object_hasher
from vigie.settings import FragmentStore

WALK_SECONDS = 15.0
DISK_BYTES = 600e6
MEMORY_BYTES = 100e6
KEY = bytes(32)
MEGABYTE = 1e6


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir())


def peak() -> float:
    """The most memory that this program ever had, in bytes.

    Not `ru_maxrss`: that of whoever started it stays in there.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) * 1024


def verdict(figure: float, goal: float) -> str:
    """Whether a figure is within its goal."""
    return "ok" if figure <= goal else "TOO MUCH"


def layout(store: FragmentStore) -> Layout:
    """How the fragments of the bench are told."""
    return Layout(DirectoryReader(store), object_hasher(KEY, store.name), 0.0)


def walk(root: Path, folder: Path) -> None:
    """Walk real files: first, again, and once more."""
    store = FragmentStore("bench", (root,), pattern=PATTERN, k=10, n=14)
    inventory = Inventory.open(folder / "bench.db", "bench")
    for what in ("first walk", "again", "once more"):
        began, spent = time.monotonic(), os.times()
        Walk(
            store.roots, layout(store), inventory, disk=lambda _: "disk",
            ending=threading.Event(), now=time.time,
        ).run()  # fmt: skip
        took, cpu = time.monotonic() - began, os.times()
        busy = cpu.user + cpu.system - spent.user - spent.system
        print(
            f"{what:<11} {inventory.total:>9,} fragments in {took:5.1f} s, "
            f"{busy:5.1f} s of processor: {verdict(took, WALK_SECONDS)}"
        )
    print(f"memory      {peak() / MEGABYTE:.0f} MB: {verdict(peak(), MEMORY_BYTES)}")
    inventory.close()


def batches(count: int) -> Iterator[Batch]:
    """What a walk of so many fragments would have found."""
    for first in range(0, count, BATCH):
        batch = Batch()
        for number in range(first, min(first + BATCH, count)):
            oid = hashlib.blake2b(b"%d" % number, digest_size=16).digest()
            where = row.where(number % 100, number % row.PLACES)
            seen = row.look(200_000_000 + number, number << 20, where)
            batch.sightings[row.key(oid, number % 14)] = seen, ""
        yield batch


def large(count: int, folder: Path) -> None:
    """Fill an inventory, look at all of it, verify some, and tell all of it."""
    store = FragmentStore("bench", (), k=10, n=14)
    inventory = Inventory.open(folder / "bench.db", "bench")
    for number in range(100):
        inventory.root(f"/srv/{number}", f"disk-{number}")
    notes = Notes(
        "", DirectoryReader(store), inventory, Progress(), now=time.time, keep=lambda: None
    )
    most = 0
    for what in ("filled", "seen again"):
        began = time.monotonic()
        for batch in batches(count):
            notes.take(batch)
            most = max(most, size(folder))
        inventory.merge(int(time.time()))
        absent = sum(len(some) for some in inventory.unseen())
        inventory.unsee()
        took, most = time.monotonic() - began, max(most, size(folder))
        print(f"{what:<11} {inventory.total:>11,} fragments in {took:.0f} s, {absent} unseen")
        print(f"on disk     {size(folder) / MEGABYTE:.0f} MB, at most {most / MEGABYTE:.0f} MB: "
              f"{verdict(most, DISK_BYTES)}")  # fmt: skip
        print(f"memory      {peak() / MEGABYTE:.0f} MB: {verdict(peak(), MEMORY_BYTES)}")
    began, told = time.monotonic(), 0
    while told < BUCKETS:
        _, some, _ = inventory.bucket(range(told, BUCKETS), BATCH)
        told += len(some)
    print(f"snapshot    read in {time.monotonic() - began:.0f} s")
    inventory.close()
    began = time.monotonic()
    again = Inventory.open(folder / "bench.db", "bench")
    print(f"opened      and checked in {time.monotonic() - began:.1f} s")
    again.close()
    print(f"memory      {peak() / MEGABYTE:.0f} MB: {verdict(peak(), MEMORY_BYTES)}")


def main() -> None:
    """Run what is asked for, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--walk", type=int, default=1_000_000, help="files to walk")
    parser.add_argument("--fragments", type=int, default=10_000_000, help="of the large inventory")
    parser.add_argument("--directory", type=Path, default=None, help="where to make them")
    parser.add_argument("--inside", choices=("walk", "large"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.inside == "walk":
        walk(told.directory / "tree", told.directory / "inventory")
    elif told.inside == "large":
        large(told.fragments, told.directory / "inventory")
    else:
        for inside, count in (("walk", told.walk), ("large", told.fragments)):
            if count:
                alone(inside, told)


def alone(inside: str, told: argparse.Namespace) -> None:
    """One measurement in a process of its own, in a folder that it leaves empty."""
    folder = Path(tempfile.mkdtemp(dir=told.directory))
    try:
        (folder / "inventory").mkdir()
        if inside == "walk":
            began = time.monotonic()
            many(folder / "tree", told.walk)
            print(f"{told.walk:,} files made in {time.monotonic() - began:.0f} s")
        words = ["--fragments", str(told.fragments), "--directory", str(folder)]
        command = [sys.executable, "-m", "bench.inventory", "--inside", inside, *words]
        subprocess.run(command, check=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
