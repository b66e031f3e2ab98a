"""What a run leaves behind: machine, versions, what was missing, and every figure, as JSON."""

import dataclasses
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.peers.cell import Result
from bench.peers.durability import Durability
from vigie.client import build


@dataclass(slots=True)
class Record:
    """One run."""

    date: str
    machine: Mapping[str, str]
    options: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why a system was left out."""
    results: list[Result] = field(default_factory=list)
    durability: list[Durability] = field(default_factory=list)
    seconds: float = 0.0

    def write(self, path: Path) -> None:
        """Keep it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Record":
        """One that was kept."""
        record: Record = build(cls, json.loads(path.read_text()))
        return record


def begun(options: Mapping[str, str]) -> Record:
    """A record of this machine, now, with nothing measured yet."""
    return Record(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), machine(), options)


def machine() -> Mapping[str, str]:
    """What the figures depend on, and no name of it."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    release = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": release,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "disk": _filesystem(),
    }


def _filesystem() -> str:
    told = subprocess.run(
        ["stat", "-f", "-c", "%T", "."], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"
