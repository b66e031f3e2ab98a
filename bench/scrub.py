"""How fast fragments are scrubbed: flat out beside sha256sum, and under a cap.

    python -m bench scrub [--directory DIR] [--mebibytes 1024] [--fragment 64] [--seconds 20]

The scrub is the agent's own, with its inventory, reading real files. A core's rate is bytes by the
processor time of its thread: what is waited for the disk does not count.
"""

import argparse
import hashlib
import os
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.fragments.busy import Load
from agent.fragments.directory import DirectoryReader
from agent.fragments.inventory import Inventory
from agent.fragments.reader import Reader
from agent.fragments.scrub import Clock, Scrub
from agent.fragments.tahoe import TahoeReader
from tests.build.grid import Grid, tahoe
from tests.build.known import know
from vigie.fragments import object_id
from vigie.settings import FragmentStore

MEBIBYTE = 2**20
UNCAPPED = 10**13
GOAL = 400e6
"""Bytes a second of a core."""
TOLERANCE = 0.05
KEY = bytes(32)


@dataclass(frozen=True)
class Cost:
    """What reading so many bytes took."""

    size: int
    wall: float
    cpu: float

    def __str__(self) -> str:
        core, wall = self.size / self.cpu / 1e6, self.size / self.wall / 1e6
        return f"{core:7.0f} MB/s a core {wall:7.0f} MB/s by the clock"


def oid(name: str) -> bytes:
    """As the agent makes it."""
    return object_id(KEY, "bench", name)


def write(root: Path, algorithm: str, mebibytes: int, fragment: int) -> None:
    """Fragments with their sums, an hour old."""
    root.mkdir()
    for number in range(max(1, mebibytes // fragment)):
        file = root / f"object{number}.0"
        content = os.urandom(MEBIBYTE) * fragment
        file.write_bytes(content)
        Path(f"{file}.sum").write_text(hashlib.new(algorithm, content).hexdigest())
        os.utime(file, (time.time() - 3600,) * 2)
    os.sync()


def scrubbed(root: Path, reader: Reader, rate: int, end: Callable[[Scrub], None]) -> Cost:
    """What one scrub cost until it was ended."""
    with tempfile.TemporaryDirectory() as folder:
        inventory = Inventory.open(Path(folder) / "inventory.db", "bench")
        know(inventory, root, reader, oid, time.time())
        ending = threading.Event()
        store = FragmentStore(name="bench", roots=(root,), scrub_rate=rate, settle=0.0, busy=1.0)
        scrub = Scrub(store, root, reader, inventory, oid, Clock(ending.wait), Load(root))
        spent: list[float] = []

        def run() -> None:
            scrub.run()
            spent.append(time.thread_time())

        thread = threading.Thread(target=run)
        begun = time.perf_counter()
        thread.start()
        end(scrub)
        wall = time.perf_counter() - begun
        ending.set()
        thread.join()
        counters = inventory.counters
        if any(inventory.damaged().values()):
            raise SystemExit("sound fragments were found damaged: nothing here can be believed")
        inventory.close()
        return Cost(counters.get("verified_bytes", 0), wall, spent[0])


def passed(scrub: Scrub) -> None:
    """Wait for the end of a pass."""
    while scrub.standing.progress < 1 or scrub.standing.state != "waiting":
        time.sleep(0.005)


def sha256sum(root: Path) -> Cost:
    """What the program costs for the same files."""
    files = sorted(map(str, root.glob("*.0")))
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["sha256sum", *files], stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(sum(Path(f).stat().st_size for f in files), wall, cpu)


def flat_out(folder: Path, mebibytes: int, fragment: int) -> None:
    """Every algorithm, and sha256sum."""
    for algorithm in ("sha256", "sha1", "md5", "blake2b"):
        root = folder / algorithm
        write(root, algorithm, mebibytes, fragment)
        store = FragmentStore(sums="sidecar", algorithm=algorithm)
        cost = scrubbed(root, DirectoryReader(store), UNCAPPED, passed)
        verdict = "" if algorithm != "sha256" else judged(cost.size / cost.cpu >= GOAL)
        print(f"scrub, {algorithm:8} {cost} {verdict}")
        if algorithm == "sha256":
            print(f"sha256sum       {sha256sum(root)}")
        shutil.rmtree(root)


def capped(folder: Path, seconds: float) -> None:
    """Bytes a second under a cap, against the cap."""
    for rate in (2 * 10**6, 10 * 10**6, 100 * 10**6):
        for fragment in (1, 16):
            root = folder / f"capped{rate}{fragment}"
            write(root, "sha256", max(fragment, int(rate * seconds / MEBIBYTE)), fragment)
            reader = DirectoryReader(FragmentStore(sums="sidecar"))
            cost = scrubbed(root, reader, rate, passed)
            off = cost.size / cost.wall / rate - 1
            print(f"cap {rate / 1e6:4.0f} MB/s, fragments of {fragment:2} MiB: {off:+7.2%} "
                  f"{judged(abs(off) <= TOLERANCE)}")  # fmt: skip
            shutil.rmtree(root)


def shares(folder: Path, mebibytes: int) -> None:
    """Shares of a real Tahoe-LAFS, where there is one."""
    program = tahoe()
    if program is None:
        print("shares of Tahoe-LAFS: no tahoe here (TAHOE)")
        return
    with Grid(program, folder / "grid", servers=1) as grid:
        for _ in range(max(1, mebibytes // 128)):
            grid.put(os.urandom(64 * MEBIBYTE))
        cost = scrubbed(grid.stores[0], TahoeReader(), UNCAPPED, passed)
    print(f"scrub, Tahoe    {cost} {judged(cost.size / cost.cpu >= GOAL)}")


def judged(good: bool) -> str:  # noqa: FBT001 - what it is called with reads as a sentence
    """In a word."""
    return "ok" if good else "MISSED"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, help="on the disk to read (default: temporary)")
    parser.add_argument("--mebibytes", type=int, default=1024, help="to read flat out")
    parser.add_argument("--fragment", type=int, default=64, help="MiB of each")
    parser.add_argument("--seconds", type=float, default=20, help="under each cap")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=told.directory) as folder:
        flat_out(Path(folder), told.mebibytes, told.fragment)
        shares(Path(folder), told.mebibytes)
        capped(Path(folder), told.seconds)


if __name__ == "__main__":
    main()
