import subprocess
import sys
from pathlib import Path

import pytest

from collector import process

linux = pytest.mark.skipif(sys.platform != "linux", reason="what is asked is Linux'")

HEAPS = """
import ctypes, sys, threading
from collector import process
process.allocate()
libc, barrier = ctypes.CDLL(None), threading.Barrier(12)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
def work():
    libc.malloc(1000)
    barrier.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""

POOL = """
from vigie.__main__ import VERBS, opened
opened("collector", VERBS["collector"])
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


def ran(code: str, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *words], check=True, capture_output=True, text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    ).stdout.strip()  # fmt: skip


@linux
def test_many_threads_share_few_heaps(tmp_path: Path) -> None:
    ran(HEAPS, str(tmp_path / "heaps.xml"))
    assert (tmp_path / "heaps.xml").read_text().count("<heap nr=") <= process.HEAPS


@linux
def test_all_of_arrow_has_one_allocator() -> None:
    """One that is chosen once Arrow is loaded is not that of its files and sums."""
    assert ran(POOL) == "jemalloc"


@linux
def test_what_is_free_between_what_is_held_goes_back() -> None:
    held = [bytes(40_000) for _ in range(4_000)]
    kept = held[::8]
    before = resident()
    del held
    process.give_back()
    assert before - resident() > 60 * 2**20
    assert len(kept) == 500


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
