"""GPUs in the agent as people run it: a hundred of them, one that hangs, and real ones."""

import contextlib
import csv
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from agent.sources.gpu_nvml import GpuNvml
from tests.build import nvml
from tests.build.nvml import Driver
from tests.build.upstream import Upstream
from tests.house import ROOT
from vigie.catalogue import Gpu
from vigie.frame import Header
from vigie.shape import Field

pytestmark = pytest.mark.system

CAPTURES: Final = ROOT / "tests/fixtures/gpu"
PERIOD: Final = 0.5
QUERY: Final = {
    "uuid": Gpu.gpu,
    "memory.total": Gpu.memory_total_bytes,
    "memory.reserved": Gpu.memory_reserved_bytes,
    "power.limit": Gpu.power_limit_watts,
    "temperature.gpu": Gpu.temperature_celsius,
    "power.draw.average": Gpu.power_watts,
    "ecc.errors.corrected.volatile.total": Gpu.ecc_corrected_total,
    "ecc.errors.uncorrected.volatile.total": Gpu.ecc_uncorrected_total,
}
FACTORS: Final = {"memory.total": 2**20, "memory.reserved": 2**20}
NEAR: Final[dict[str, float]] = {"temperature.gpu": 5, "power.draw.average": 60}
"""What moves between two looks, and by how much at most."""


@contextlib.contextmanager
def agent(folder: Path, url: str, driver: Driver) -> Iterator[subprocess.Popen[bytes]]:
    """The agent; host and GPUs at `PERIOD`."""
    home = folder / "agent"
    home.mkdir()
    (home / "credential").write_text(json.dumps({"url": url, "token": "t", "container": "l/c1"}))
    command = [
        sys.executable, "-m", "vigie", "agent", "run", "--data", str(folder), "--upstream", url,
        "--metrics-listen", "127.0.0.1:0",
        "--periods", ",".join(f"{name}={PERIOD}s" for name in ("host", "gpu_nvml", "source")),
    ]  # fmt: skip
    environment = {**os.environ, **driver.environment}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stderr=log, env=environment)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def rows(frame: Header, measurement: str) -> int:
    """How many rows a frame has of a measurement."""
    return sum(s.rows for s in frame.sections if s.measurement == measurement)


def test_a_hundred_gpus_arrive_and_a_hung_driver_delays_nothing_else(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    driver = Driver(nvml.compiled(library), tmp_path / "orders")
    driver.say("gpus 104")
    with Upstream() as upstream, agent(tmp_path, upstream.url, driver):
        assert upstream.wait(lambda u: any(rows(f, "gpu") == 104 for f in u.frames))
        inventories = [part for f in upstream.frames for part in f.inventories]
        assert any(r["kind"] == "gpu" for part in inventories for r in part.rows)
        driver.add("hang nvmlDeviceGetFieldValues")
        assert upstream.wait(
            lambda u: any(e.keys.get("source") == "gpu_nvml" for f in u.frames for e in f.events),
            20,
        )
        assert upstream.wait(lambda u: len(u.frames) > 30)  # it goes on beside the hung one
        hosts = [f.time for f in upstream.frames if rows(f, "host")]
    steps = [b - a for a, b in itertools.pairwise(hosts)]
    assert max(steps) < 2 * PERIOD * 1e9  # late by one period at most; the GPUs' limit is 5 s


@pytest.mark.skipif(not shutil.which("nvidia-smi"), reason="no nvidia-smi: no NVIDIA GPU here")
def test_real_gpus_are_read_as_nvidia_smi_reads_them() -> None:
    source = GpuNvml()
    source.open()
    try:
        found = source.read(nvml.BASE)
    finally:
        source.close()
    done = subprocess.run(
        ["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader,nounits"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    capture = CAPTURES / "nvidia-smi.csv"
    with contextlib.suppress(OSError):  # the checkout may be read-only
        capture.parent.mkdir(exist_ok=True)
        capture.write_text(f"{','.join(QUERY)}\n{done.stdout}")
    ours = {str(u): n for n, u in enumerate(found.columns[Gpu.gpu])}
    lines = list(csv.DictReader(done.stdout.splitlines(), list(QUERY), skipinitialspace=True))
    assert len(lines) == len(ours)
    for line in lines:
        for name, field in QUERY.items():
            assert agrees(name, line[name], found.columns[field][ours[line["uuid"]]], field)


def agrees(name: str, theirs: str, ours: object, field: Field) -> bool:
    """Whether a cell of nvidia-smi is ours: what it cannot say is unknown to us."""
    if field is Gpu.gpu:
        return theirs == ours
    if theirs.startswith("[") or theirs == "N/A":
        return ours is None
    assert isinstance(ours, int | float), (name, theirs, ours)
    factor = FACTORS.get(name, 1)
    return math.isclose(float(theirs) * factor, ours, abs_tol=NEAR.get(name, 0.51) * factor)


@pytest.mark.parametrize(
    ("name", "theirs", "ours", "same"),
    [
        ("temperature.gpu", "41", 43, True),
        ("temperature.gpu", "41", 60, False),
        ("memory.total", "81559", 81_559 * 2**20, True),
        ("memory.total", "81559", 81_559, False),
        ("power.limit", "[N/A]", None, True),
        ("power.limit", "[N/A]", 0, False),
    ],
)
def test_the_comparison_itself_can_fail(name: str, theirs: str, ours: object, same: bool) -> None:
    assert agrees(name, theirs, ours, QUERY[name]) == same
