"""What reading 104 GPUs costs, against the driver that the tests compile.

`sample`: processor time of one turn of the source, every reading included, beside the same
readings through the wrappers of pynvml. `tree`: the whole agent with its processes, no source read
more often than every 10 s, sending to a collector that acknowledges; with `--own` once more at the
sources' own periods, some of them 1 s.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psutil

from agent.service import periods
from agent.sources import sources
from bench.agent import cpu, running
from tests.build import nvml
from tests.build.programs import free_port
from tests.build.upstream import Upstream
from tests.house import ROOT
from vigie.settings import AgentSettings

GPUS: Final = 104
SAMPLE_SECONDS: Final = 3e-3
TREE_SHARE: Final = 0.005
PERIOD: Final = 10
TURN: Final = "turn"


def environment(folder: Path) -> dict[str, str]:
    """What a process needs to find 104 GPUs, each with a process that computes."""
    stub = {"LD_LIBRARY_PATH": str(nvml.compiled(folder)), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **stub, "NVML_STUB_GPUS": str(GPUS), "NVML_STUB_BUSY": "1"}


def turns(count: int) -> None:
    """In the process that finds them: our turns and pynvml's, in turn; prints both medians."""
    import pynvml

    from agent.gpu.fields import NVLINK, QUANTITIES
    from agent.sources.gpu_nvml import GpuNvml

    source = GpuNvml()
    source.open()
    source.read(time.time_ns())
    fields = {(q.number, q.scope) for of in (*QUANTITIES, *NVLINK) for q in of.ways[0].queries}
    handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(GPUS)]
    samples = [(pynvml.nvmlGpmSampleAlloc(), pynvml.nvmlGpmSampleAlloc()) for _ in handles]
    ours, theirs = [], []
    for _ in range(count):
        began = time.process_time()
        source.read(time.time_ns())
        ours.append(time.process_time() - began)
        began = time.process_time()
        for handle, kept in zip(handles, samples, strict=True):
            helped(pynvml, handle, sorted(fields), kept)
        theirs.append(time.process_time() - began)
    source.close()
    print(json.dumps([statistics.median(ours), statistics.median(theirs)]))


def helped(pynvml: Any, handle: Any, fields: list[tuple[int, int]], kept: Any) -> dict[Any, Any]:
    """The same readings of one GPU, as pynvml's wrappers give them."""
    row = {}
    for value in pynvml.nvmlDeviceGetFieldValues(handle, fields):
        if value.nvmlReturn == pynvml.NVML_SUCCESS:
            wide = value.valueType == pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG
            row[value.fieldId] = value.value.ullVal if wide else value.value.uiVal
    row["busy"] = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu
    row["memory"] = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2).used
    row["heat"] = pynvml.nvmlDeviceGetTemperatureV(handle, 0)
    row["margin"] = pynvml.nvmlDeviceGetMarginTemperature(handle)
    row["clocks"] = [pynvml.nvmlDeviceGetClockInfo(handle, kind) for kind in (1, 2)]
    row["reasons"] = pynvml.nvmlDeviceGetCurrentClocksEventReasons(handle)
    row["mig"] = pynvml.nvmlDeviceGetMigMode(handle)
    fabric = pynvml.c_nvmlGpuFabricInfo_v3_t()
    pynvml.nvmlDeviceGetGpuFabricInfoV(handle, pynvml.byref(fabric))
    row["fabric"] = fabric.state
    for sample in kept:
        pynvml.nvmlGpmSampleGet(handle, sample)
    told = pynvml.c_nvmlGpmMetricsGet_t(version=1, numMetrics=4, sample1=kept[0], sample2=kept[1])
    for at, metric in enumerate((2, 3, 5, 10)):
        told.metrics[at].metricId = metric
    pynvml.nvmlGpmMetricsGet(told)
    row["activity"] = [told.metrics[at].value for at in range(4)]
    row["processes"] = [
        (p.pid, p.usedGpuMemory) for p in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    ]
    return row


def sample(folder: Path, count: int) -> bool:
    """Print both, and whether the limit is kept."""
    command = [sys.executable, "-m", "bench.gpu", TURN, str(count)]
    done = subprocess.run(
        command, env=environment(folder), cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    ours, theirs = json.loads(done.stdout)
    print(
        f"one turn of {GPUS} GPUs: {ours * 1e3:.2f} ms of processor time (limit "
        f"{SAMPLE_SECONDS * 1e3:.0f} ms); through pynvml's wrappers {theirs * 1e3:.2f} ms; "
        f"ratio {ours / theirs:.2f}"
    )
    return bool(ours <= SAMPLE_SECONDS)


def slow() -> list[str]:
    """Arguments that read everything every 10 s at most."""
    settings = AgentSettings()
    known = periods(settings, sources(settings))
    return ["--periods", ",".join(f"{n}={PERIOD}s" for n, each in known.items() if each < PERIOD)]


def tree(folder: Path, seconds: float, warm: float, arguments: list[str]) -> bool:
    """Print the share of a core of the agent and its processes, and whether the limit is kept."""
    with Upstream() as upstream:
        shutil.rmtree(folder / "data", ignore_errors=True)
        home = folder / "data" / "agent"
        home.mkdir(parents=True)
        told = {"url": upstream.url, "token": "bench", "container": "bench/agent"}
        (home / "credential").write_text(json.dumps(told))
        command = [
            sys.executable, "-m", "vigie", "agent", "run", "--data", str(folder / "data"),
            "--upstream", upstream.url, "--metrics-listen", f"127.0.0.1:{free_port()}", *arguments,
        ]  # fmt: skip
        with running(command, environment(folder)) as process:
            time.sleep(warm)
            before, began = cpu(process), time.monotonic()
            parts = {p.pid: p.cpu_times() for p in process.children(recursive=True)}
            time.sleep(seconds)
            share = (cpu(process) - before) / (time.monotonic() - began)
            apart = _spent(process, parts) / seconds
        rows = sum(s.rows for f in upstream.frames for s in f.sections if s.measurement == "gpu")
    which = "all" if arguments else "these"
    print(
        f"agent with {GPUS} GPUs, {which} at {PERIOD} s: {share * 100:.3f} % of a core (limit "
        f"{TREE_SHARE * 100:.1f} %), of which the GPUs' process {apart * 100:.3f} %; "
        f"{rows} rows of GPUs arrived"
    )
    return share <= TREE_SHARE


def _spent(process: psutil.Process, before: dict[int, Any]) -> float:
    """Processor seconds of its children that were there before."""
    now = {p.pid: p.cpu_times() for p in process.children(recursive=True)}
    return float(
        sum(
            now[pid].user + now[pid].system - was.user - was.system
            for pid, was in before.items()
            if pid in now
        )
    )


def main() -> int:
    """Both, each with its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=25)
    parser.add_argument("--own", action="store_true", help="also at the sources' own periods")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fine = sample(Path(folder), arguments.turns)
        fine = tree(Path(folder), arguments.seconds, arguments.warm, slow()) and fine
        if arguments.own:
            tree(Path(folder), arguments.seconds, arguments.warm, [])
    return 0 if fine else 1


if __name__ == "__main__":
    if sys.argv[1:2] == [TURN]:
        turns(int(sys.argv[2]))
    else:
        sys.exit(main())
