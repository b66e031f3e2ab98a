"""GPUs without a GPU: the driver's library, compiled from `nvml_stub.c` and told by a script.

The real nvidia-ml-py loads it, in a child process: the loader looks at LD_LIBRARY_PATH only when a
process starts.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SONAME: Final = "libnvidia-ml.so.1"
BASE: Final = 1_700_000_000_000_000_000
"""The wall clock (ns) at which the script's clock says 0."""
HOST_PIDS: Final = "pid:[4026531836]"


def compiled(folder: Path, *, old: bool = False) -> Path:
    """The folder with the library in it; `old` is a driver of 2021."""
    source = Path(__file__).with_name("nvml_stub.c")
    options = ["-DOLD"] if old else []
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-Wl,-soname,{SONAME}",
         *options, "-o", str(folder / SONAME), str(source)],
        check=True,
    )  # fmt: skip
    return folder


def uuid(gpu: int) -> str:
    """Of a board of the stub."""
    return f"GPU-00000000-0000-0000-0000-{gpu:012}"


def part(gpu: int, number: int) -> str:
    """UUID of an instance of it."""
    return f"MIG-00000000-0000-0000-{number:04}-{gpu:012}"


class Driver:
    """A stub's script, and the environment of a process that finds the stub; two boards."""

    def __init__(self, library: Path, file: Path) -> None:
        self._library, self._file = library, file
        self._orders: list[str] = []
        self._version = 0
        self.say()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs in order to load the stub."""
        return {
            "LD_LIBRARY_PATH": str(self._library),
            "NVML_STUB_GPUS": "2",
            "NVML_STUB_FILE": str(self._file),
        }

    def say(self, *orders: str) -> None:
        """Replace the script by these orders."""
        self._orders = list(orders)
        self._write()

    def add(self, *orders: str) -> None:
        """Give more orders."""
        self._orders += orders
        self._write()

    def drop(self, order: str) -> None:
        """Take one back."""
        self._orders.remove(order)
        self._write()

    def at(self, seconds: float) -> int:
        """Set the clock; the same instant as a wall clock in ns."""
        self._orders = [o for o in self._orders if not o.startswith("clock")]
        self.add(f"clock {seconds}")
        return BASE + round(seconds * 1e9)

    def _write(self) -> None:
        """All at once, and never within one tick of the file system's clock."""
        self._version += 1
        fresh = self._file.with_suffix(".new")
        fresh.write_text("".join(f"{order}\n" for order in self._orders))
        os.utime(fresh, ns=(self._version * 10**9, self._version * 10**9))
        fresh.replace(self._file)


def processes(folder: Path, cgroups: Mapping[int, str], **comms: str) -> Path:
    """Make a /proc with these processes: control groups by number, names of others by `pN`."""
    proc = folder / "proc"
    shutil.rmtree(proc, ignore_errors=True)
    (proc / "self/ns").mkdir(parents=True)
    (proc / "self/ns/pid").symlink_to(HOST_PIDS)
    for pid, cgroup in cgroups.items():
        (proc / str(pid)).mkdir()
        (proc / str(pid) / "cgroup").write_text(cgroup)
    for name, comm in comms.items():
        (proc / name[1:]).mkdir()
        (proc / name[1:] / "comm").write_text(comm + "\n")
    return proc
