"""What GPU drivers and operating systems of a container say, and which GPUs fail."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from twin.build import GPUS_A_HOST, Build
from twin.chance import Floats, salt, uniform, uniforms
from twin.container import Model
from twin.facility import Columns
from vigie.catalogue import Gpu, Host
from vigie.shape import Measurement

CPUS: Final = 128.0
MEMORY_BYTES: Final = float(2 * 2**40)
SMALL_CPUS: Final = 32.0
SMALL_MEMORY_BYTES: Final = float(128 * 2**30)
NETWORK_RATE: Final = 1.5e9
"""B/s of a host whose GPUs are all at work."""
BOOTED_SECONDS: Final = 90 * 86_400


def host_name(number: int) -> str:
    """`n0001`: the name of the first host is of number 0."""
    return f"n{number + 1:04d}"


def gpu_uuids(seed: int, path: str, count: int) -> list[str]:
    """The board of each GPU, in the form that the driver gives."""
    first, second = salt(seed, path, "uuid"), salt(seed, path, "uuid", 2)
    high = (uniforms(first, count) * 2.0**53).astype(np.uint64)
    low = (uniforms(second, count) * 2.0**53).astype(np.uint64)
    return [
        f"GPU-{h >> 21:08x}-{h & 0xFFFF:04x}-{4096 + (h >> 16 & 0xFFF):04x}"
        f"-{32768 + (int(n) >> 40 & 0x3FFF):04x}-{n & 0xFFFFFFFFFFFF:012x}"
        for h, n in zip(high.tolist(), low.tolist(), strict=True)
    ]


class Names:
    """Names of the hosts and GPUs of a container: the same lists, whenever they are asked for."""

    def __init__(self, build: Build, seed: int) -> None:
        self.hosts: Sequence[str] = [host_name(n) for n in range(build.hosts)]
        self.gpus: Sequence[str] = gpu_uuids(seed, build.path, build.gpus)
        last = build.hosts - 1
        self.gpu_hosts: Sequence[str] = [
            self.hosts[min(n // GPUS_A_HOST, last)] for n in range(build.gpus)
        ]


class GpuTeller:
    """Every GPU as its driver says; the GPUs of a host that is down are not there at all."""

    measurement: type[Measurement] = Gpu

    def __init__(self, model: Model, names: Names) -> None:
        self._model = model
        self._keys: Columns = {Gpu.host: names.gpu_hosts, Gpu.gpu: names.gpus}

    def tell(self, time: float) -> Columns:
        """One row a GPU."""
        if not self._model.gpus.count:
            return {}
        return {**self._keys, **self._model.gpus.columns(int(time * 10))}


class HostTeller:
    """Every operating system that runs, in short."""

    measurement: type[Measurement] = Host

    def __init__(self, model: Model, names: Names, seed: int) -> None:
        build = model.build
        self._model, self._names, self._count = model, names, build.hosts
        self._salt = salt(seed, build.path, "hosts")
        self._keys: Columns = {Host.host: names.hosts}
        self._per_host = max(-(-build.gpus // build.hosts), 1)
        self._cpus = CPUS if build.gpus else SMALL_CPUS
        self._memory = MEMORY_BYTES if build.gpus else SMALL_MEMORY_BYTES
        self._busy: Floats = np.zeros(build.hosts)
        self._sent: Floats = np.zeros(build.hosts)
        self._last: float | None = None
        self._booted = -BOOTED_SECONDS * uniform(self._salt, 0)

    def tell(self, time: float) -> Columns:
        """One row a host."""
        seconds = 0.0 if self._last is None else time - self._last
        if self._last is None:
            self._booted += time
        self._last = time
        load = self._load()
        noise = uniforms(self._salt ^ int(time * 10), self._count)
        busy = np.clip(0.02 + 0.25 * load + 0.02 * noise, 0.0, 1.0)
        self._busy = self._busy + busy * self._cpus * seconds
        self._sent = self._sent + load * NETWORK_RATE * seconds
        used = np.floor(self._memory * (0.06 + 0.35 * load))
        return {
            **self._keys,
            Host.boot_time_seconds: np.full(self._count, np.floor(self._booted)),
            Host.cpu_count: np.full(self._count, self._cpus),
            Host.cpu_busy_seconds_total: self._busy,
            Host.cpu_busy_ratio: busy,
            Host.load1: busy * self._cpus,
            Host.memory_total_bytes: np.full(self._count, self._memory),
            Host.memory_available_bytes: self._memory - used,
            Host.network_receive_bytes_total: np.floor(self._sent),
            Host.network_transmit_bytes_total: np.floor(self._sent * 0.9),
        }

    def _load(self) -> Floats:
        """Mean load of the GPUs of each host; of a storage host, a little."""
        gpus = self._model.gpus
        if not gpus.count:
            return np.full(self._count, 0.15)
        padded = np.zeros(self._count * self._per_host)
        padded[: gpus.count] = gpus.load[: len(padded)]
        told: Floats = padded.reshape(self._count, self._per_host).mean(axis=1)
        return told
