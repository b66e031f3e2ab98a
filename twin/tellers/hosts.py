"""What GPU drivers and operating systems of a container say."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from twin.chance import Cells, Floats, Whole, salt, uniform, uniforms
from twin.hall.container import Model
from twin.hall.struck import Struck
from twin.tellers.incidents import Incidents
from twin.tellers.names import Names
from twin.turn import Columns
from vigie.catalogue import Gpu, Host, Source
from vigie.shape import Field, Measurement

CPUS: Final = 128.0
MEMORY_BYTES: Final = float(2 * 2**40)
SMALL_CPUS: Final = 32.0
SMALL_MEMORY_BYTES: Final = float(128 * 2**30)
NETWORK_RATE: Final = 1.5e9
"""B/s of a host whose GPUs are all at work."""
THRASHING: Final = 0.95
"""From this share of its memory on a host swaps, and waits for its disk."""
BOOTED_SECONDS: Final = 90 * 86_400
USUAL_SOURCES: Final = ("host", "filesystem")
"""Where the network names none, of a container of a few hosts: all of them are told every tick."""
FEW_HOSTS: Final = 40
FRAME_BYTES: Final = 4_000.0
_OK, _FAILED, _STUCK = (Source.status.codes.index(word) for word in ("ok", "failed", "stuck"))
AGENT: Final = "agent"
"""The source that stands for the agent itself."""


class Standing:
    """Leaves out the rows of hosts that are down; the key columns stay the same meanwhile."""

    def __init__(self, keys: Mapping[Field, Sequence[str]], hosts: Whole) -> None:
        self._all, self._hosts = keys, hosts
        self._down: frozenset[int] = frozenset()
        self._kept: Columns = dict(keys)
        self._at: Whole = np.arange(len(hosts))

    def of(self, told: Mapping[Field, Cells], down: frozenset[int]) -> Columns:
        """The rows of the hosts that are up."""
        if down != self._down:
            self._down = down
            self._at = np.flatnonzero(~np.isin(self._hosts, list(down)))
            at = self._at.tolist()
            self._kept = {name: [words[n] for n in at] for name, words in self._all.items()}
        if not down:
            return {**self._all, **told}
        return {**self._kept, **{name: cells[self._at] for name, cells in told.items()}}


class GpuTeller:
    """Every GPU as its driver says; the GPUs of a host that is down are not there at all."""

    measurement: type[Measurement] = Gpu

    def __init__(self, model: Model, names: Names, incidents: Incidents) -> None:
        self._model, self._incidents = model, incidents
        self._hosts = np.arange(model.build.gpus) // model.build.per_host
        self._rows = Standing({Gpu.host: names.gpu_hosts, Gpu.gpu: names.gpus}, self._hosts)

    def tell(self, time: float) -> Columns:
        """One row a GPU."""
        if not self._model.gpus.count:
            return {}
        told = self._model.gpus.columns(int(time * 10))
        return self._rows.of(told, self._incidents.down)


class HostTeller:
    """Every operating system that runs, in short."""

    measurement: type[Measurement] = Host

    def __init__(self, model: Model, names: Names, seed: int, incidents: Incidents) -> None:
        self._incidents = incidents
        build = model.build
        self._model, self._names, self._count = model, names, build.hosts
        self._salt = salt(seed, build.path, "hosts")
        self._rows = Standing({Host.host: names.hosts}, np.arange(build.hosts))
        large = np.arange(build.hosts) < build.gpu_hosts
        self._cpus = np.where(large, CPUS, SMALL_CPUS)
        self._memory = np.where(large, MEMORY_BYTES, SMALL_MEMORY_BYTES)
        self._busy: Floats = np.zeros(build.hosts)
        self._sent: Floats = np.zeros(build.hosts)
        self._wrong: Floats = np.zeros(build.hosts)
        self._waited: Floats = np.zeros(build.hosts)
        self._down: frozenset[int] = frozenset()
        self._struck = Struck(model.faults, build.hosts, seed, build.path, "hosts")
        self._last: float | None = None
        self._booted: Floats = np.full(build.hosts, -BOOTED_SECONDS * uniform(self._salt, 0))

    def tell(self, time: float) -> Columns:
        """One row a host."""
        seconds = 0.0 if self._last is None else time - self._last
        if self._last is None:
            self._booted = self._booted + time
        self._last = time
        for host in self._down - self._incidents.down:
            self._booted[host] = time
        self._down = self._incidents.down
        load = self._load()
        noise = uniforms(self._salt ^ int(time * 10), self._count)
        busy = np.clip(0.02 + 0.25 * load + 0.02 * noise, 0.0, 1.0)
        full = self._struck.values("host_busy", time)
        if full is not None:
            busy = np.maximum(busy, np.minimum(full, 1.0))
        hard = 0.0 if full is None else (full > THRASHING).astype(np.float64)
        self._waited = self._waited + hard * seconds
        self._busy = self._busy + busy * self._cpus * seconds
        self._sent = self._sent + load * NETWORK_RATE * seconds
        used = 0.06 + 0.35 * load if full is None else np.maximum(0.06 + 0.35 * load, full)
        used = np.floor(self._memory * np.minimum(used, 1.0))
        wrong = self._struck.values("host_network", time)
        self._wrong = self._wrong if wrong is None else self._wrong + wrong * seconds
        told: dict[Field, Cells] = {
            Host.boot_time_seconds: np.floor(self._booted),
            Host.cpu_count: self._cpus,
            Host.cpu_busy_seconds_total: self._busy,
            Host.cpu_busy_ratio: busy,
            Host.load1: (busy + 3.5 * hard) * self._cpus,
            Host.memory_total_bytes: self._memory,
            Host.memory_available_bytes: self._memory - used,
            Host.swap_used_bytes: np.floor(self._memory * 0.15 * hard),
            Host.pressure_memory_seconds_total: self._waited * 0.5,
            Host.pressure_io_seconds_total: self._waited * 0.9,
            Host.network_receive_bytes_total: np.floor(self._sent),
            Host.network_transmit_bytes_total: np.floor(self._sent * 0.9),
            Host.network_errors_total: np.floor(self._wrong),
        }
        return self._rows.of(told, self._incidents.down)

    def _load(self) -> Floats:
        """Mean load of the GPUs of each host; of a storage host, a little."""
        build, told = self._model.build, np.full(self._count, 0.15)
        if build.gpus:
            padded = np.zeros(build.gpu_hosts * build.per_host)
            padded[: build.gpus] = self._model.gpus.load
            told[: build.gpu_hosts] = padded.reshape(-1, build.per_host).mean(axis=1)
        return told


class SourceTeller:
    """The agent of every host that runs, and the sources that the network names."""

    measurement: type[Measurement] = Source

    def __init__(self, model: Model, names: Names, seed: int, incidents: Incidents) -> None:
        self._incidents, self._faults = incidents, model.faults
        self._struck = Struck(model.faults, model.build.hosts, seed, model.build.path, "sources")
        usual = USUAL_SOURCES if model.build.hosts <= FEW_HOSTS else ()
        wanted = (AGENT, *(model.build.container.sources or usual))
        hosts = np.repeat(np.arange(model.build.hosts), len(wanted))
        keys = {
            Source.host: [names.hosts[n] for n in hosts.tolist()],
            Source.source: list(wanted) * model.build.hosts,
        }
        self._rows = Standing(keys, hosts)
        self._hosts, self._wanted = hosts, np.array(list(wanted) * model.build.hosts, np.str_)
        self._agent = np.where(self._wanted == AGENT, 0.0, np.nan)

    def tell(self, time: float) -> Columns:
        """One row a host and source; what waits to be sent stands on the agent's."""
        status, ages = np.full(len(self._hosts), float(_OK)), np.zeros(len(self._hosts))
        failing = ((f, _FAILED) for f in self._faults.on("source_fails", time))
        sticking = ((f, _STUCK) for f in self._faults.on("source_sticks", time))
        for fault, word in (*failing, *sticking):
            named = np.array([fnmatchcase(word, fault.name) for word in self._wanted])
            failed = named & (self._wanted != AGENT)
            failed &= np.isin(self._hosts, self._struck.chosen(fault))
            status[failed] = word
            ages[failed] = self._faults.since(fault, time)
        dropped, refused = (
            np.floor(self._agent + self._struck.since(kind, time)[self._hosts])
            for kind in ("frames_dropped", "frames_refused")
        )  # fmt: skip
        waiting = self._agent + self._struck.since("spool_grows", time)[self._hosts]
        told: dict[Field, Cells] = {
            Source.status: status,
            Source.age_seconds: ages,
            Source.spool_bytes: np.floor(waiting),
            Source.spool_frames: np.floor(waiting / FRAME_BYTES),
            Source.dropped_frames_total: dropped,
            Source.refused_frames_total: refused,
        }
        return self._rows.of(told, self._incidents.down)
