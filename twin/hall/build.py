"""What a container is made of at the scale that is played: GPUs, hosts, disks, ratings."""

import math
from dataclasses import dataclass
from typing import Final

from twin.hall.boards import USUAL, Board, board
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.places import Container, Cooling, HeatHandover, Permit, Site

GPUS_A_HOST: Final = 8
DISK_BYTES: Final = 18 * 10**12
DISK_WATTS: Final = 7.0
DISKS_A_HOST: Final = 36
HOST_WATTS: Final = 350.0
"""A storage host without its disks: processors, memory, network."""
GPU_HOST_WATTS: Final = 900.0
"""What a host of eight GPUs draws beside them when nothing runs."""
GPU_HOST_SHARE: Final = 0.30
"""What it draws more beside its GPUs, of their power above rest: fans, processors, supplies."""
NETWORK_SHARE: Final = 0.03
FACILITY: Final = 1.25
"""What is built for a watt of IT: cooling, losses and some air."""
LEAST_LIMIT: Final = 0.45
"""The lowest power limit of a board, of its usual one."""
WATTS_A_GPU: Final = 1_700.0
"""Of a place whose power is known and whose GPUs are not."""


@dataclass(frozen=True, slots=True)
class Build:
    """A container as it is played.

    `it_watts` is the most that its IT draws, `rated_watts` the most of the whole. `share` is its
    part of the site: of permits, and of the hand-over of heat.
    """

    container: Container
    site: Site
    board: Board
    gpus: int
    gpu_limit_watts: float
    hosts: int
    disks: int
    stored_bytes: float
    it_watts: float
    rated_watts: float
    share: float
    cooling: tuple[Cooling, ...]
    permits: tuple[Permit, ...]
    heat: tuple[HeatHandover, ...]

    @property
    def path(self) -> str:
        """`site/container`."""
        return self.container.path

    @property
    def per_host(self) -> int:
        """GPUs in a host that has some; the first hosts have them."""
        return max(GPUS_A_HOST, math.ceil(self.gpus / self.hosts))

    @property
    def gpu_hosts(self) -> int:
        """Hosts with GPUs."""
        return math.ceil(self.gpus / self.per_host)

    @property
    def first_disk_host(self) -> int:
        """The hosts from this one on have the disks: those without GPUs, else all of them."""
        return self.gpu_hosts if self.gpu_hosts < self.hosts else 0


def build(network: Network, container: Container, *, full: bool) -> Build:
    """What is played of a container; unknown sizes get the least that makes sense."""
    site = network.site(container.path)
    if site is None:
        raise ValueError(f"{container.path}: its site is not declared; add [[sites]]")
    scale = 1.0 if full else container.scale
    gpus = _gpus(container, scale)
    disks = math.ceil((container.capacity.storage_bytes or 0) * scale / DISK_BYTES)
    hosts = _hosts(container, scale, gpus, disks)
    model = board(container.gpu)
    limit, it_watts = _limit(container, scale, gpus, hosts, disks)
    rated = (container.capacity.power_watts or it_watts * FACILITY) * scale
    if container.capacity.power_watts is None:
        rated = it_watts * FACILITY
    of_site = [c for c in network.containers if c.site == site.id]
    weights = {c.path: _weight(c) for c in of_site}
    share = weights[container.path] / (sum(weights.values()) or 1.0) * scale
    return Build(
        container, site, model, gpus, limit, hosts, disks,
        float(container.capacity.storage_bytes or 0) * scale, it_watts, max(rated, it_watts),
        share, _cooling(site), site.permits,
        tuple(h for h in site.heat if h.status is Status.OPERATING),
    )  # fmt: skip


def _gpus(container: Container, scale: float) -> int:
    known = container.capacity.gpus
    if known is None:
        if container.role == "storage":
            return 0
        watts = container.capacity.power_watts or 0.0
        known = max(int(watts / WATTS_A_GPU), GPUS_A_HOST)
    return max(round(known * scale), 1) if known else 0


def _hosts(container: Container, scale: float, gpus: int, disks: int) -> int:
    if container.hosts:
        return max(round(container.hosts * scale), 1)
    return max(math.ceil(gpus / GPUS_A_HOST), 1 if gpus else math.ceil(disks / DISKS_A_HOST), 1)


def _limit(
    container: Container, scale: float, gpus: int, hosts: int, disks: int
) -> tuple[float, float]:
    """The power limit of a GPU, lowered where the place could not feed them, and the IT's most."""
    model = board(container.gpu) if container.gpu else USUAL
    large = math.ceil(gpus / max(GPUS_A_HOST, math.ceil(gpus / hosts)))
    fixed = large * GPU_HOST_WATTS + (hosts - large) * HOST_WATTS + disks * DISK_WATTS
    fixed -= gpus * model.idle_watts * GPU_HOST_SHARE

    def most(limit: float) -> float:
        return (fixed + gpus * limit * (1 + GPU_HOST_SHARE)) * (1 + NETWORK_SHARE)

    limit = model.limit_watts
    rated = container.capacity.power_watts
    if rated is not None and gpus:
        fits = rated * scale / FACILITY / (1 + NETWORK_SHARE) - fixed
        limit = min(limit, fits / gpus / (1 + GPU_HOST_SHARE))
        limit = max(limit, model.limit_watts * LEAST_LIMIT)
    return limit, most(limit)


def _weight(container: Container) -> float:
    capacity = container.capacity
    return capacity.power_watts or (capacity.gpus or 0) * WATTS_A_GPU or 1e4


def _cooling(site: Site) -> tuple[Cooling, ...]:
    """The ways of cooling that are not mere study, else a dry cooler."""
    meant = tuple(c for c in site.cooling if c.status is not Status.STUDIED and c.share > 0)
    return meant or (Cooling(kind="dry_cooler"),)
