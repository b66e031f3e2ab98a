"""What the hosts and GPUs of a container are called."""

from collections.abc import Sequence

import numpy as np

from twin.chance import salt, uniforms
from twin.hall.build import Build


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
        self.gpu_hosts: Sequence[str] = [self.hosts[n // build.per_host] for n in range(build.gpus)]
