"""Everything that Vigie can be told: measurements, events and inventories. Read this first.

Each name here is the name everywhere: on the wire, in the tables, in Prometheus text
(`vigie_<measurement>_<field>`), on the screens and in `docs/reference/`. Names and numbers are
append-only; `tests/golden/catalogue.txt` holds them. One family a file.

`host` is a key of every measurement that a host can report: a container's own agent may speak
for many hosts. Things that belong to no host carry the word "none". The container is no key of
a row: it comes from the credential that sent it.
"""

from typing import Final

from vigie.catalogue.collector import (
    BAND_KINDS,
    COMMITMENT_KINDS,
    Band,
    Collector,
    Commitment,
)
from vigie.catalogue.cooling import (
    COOLING_KINDS,
    HEAT_ROLES,
    WATER_ROLES,
    Cooling,
    Environment,
    Heat,
    Water,
)
from vigie.catalogue.devices import Device
from vigie.catalogue.events import (
    AGENT_STARTED,
    CLOCK_WRONG,
    DAMAGED,
    DISK_RISK,
    DRIVER_CHANGED,
    FRAGMENTS_DAMAGED,
    GAP,
    GPU_BACK,
    GPU_LOST,
    GPU_XID,
    GPU_XID_HARDWARE,
    IDENTITY_REUSED,
    POOL_CHANGED,
    SOURCE_CHANGED,
    TOO_LATE,
)
from vigie.catalogue.gpus import Gpu, GpuInstance, GpuXid
from vigie.catalogue.hosts import DiskIo, Filesystem, Host, Source
from vigie.catalogue.jobs import Job, Queue
from vigie.catalogue.links import Link
from vigie.catalogue.margins import Margin
from vigie.catalogue.power import (
    PART_ROLES,
    POWER_ROLES,
    SUPPLY_ROLES,
    WHOLE_ROLES,
    Grid,
    Power,
)
from vigie.catalogue.reach import Reach
from vigie.catalogue.storage import Disk, Fragments, Pool
from vigie.shape import Event, Inventory, Measurement

__all__ = [
    "AGENT_STARTED",
    "BAND_KINDS",
    "CLOCK_WRONG",
    "COMMITMENT_KINDS",
    "COOLING_KINDS",
    "DAMAGED",
    "DISK_RISK",
    "DRIVER_CHANGED",
    "EVENTS",
    "FRAGMENTS_DAMAGED",
    "GAP",
    "GPU_BACK",
    "GPU_LOST",
    "GPU_XID",
    "GPU_XID_HARDWARE",
    "HEAT_ROLES",
    "IDENTITY_REUSED",
    "INVENTORIES",
    "MEASUREMENTS",
    "NO_HOST",
    "OWN",
    "PART_ROLES",
    "POOL_CHANGED",
    "POWER_ROLES",
    "SOURCE_CHANGED",
    "SUPPLY_ROLES",
    "TOO_LATE",
    "VERSION",
    "WATER_ROLES",
    "WHOLE_ROLES",
    "Band",
    "Collector",
    "Commitment",
    "Cooling",
    "Device",
    "Disk",
    "DiskIo",
    "Environment",
    "Filesystem",
    "Fragments",
    "Gpu",
    "GpuInstance",
    "GpuXid",
    "Grid",
    "Heat",
    "Host",
    "Job",
    "Link",
    "Margin",
    "Pool",
    "Power",
    "Queue",
    "Reach",
    "Source",
    "Water",
    "event",
    "inventory",
    "measurement",
]

VERSION: Final = 3
"""Grows with every change of this folder; a frame says which one its agent spoke."""

NO_HOST: Final = "none"
"""The host key of a device that belongs to no host."""

MEASUREMENTS: Final[tuple[type[Measurement], ...]] = (
    Host,
    Filesystem,
    DiskIo,
    Source,
    Gpu,
    Power,
    GpuInstance,
    GpuXid,
    Disk,
    Pool,
    Fragments,
    Cooling,
    Environment,
    Job,
    Water,
    Heat,
    Grid,
    Queue,
    Link,
)

OWN: Final[tuple[type[Measurement], ...]] = (Reach, Collector, Commitment, Band, Margin)
"""What the collector finds out by itself, and keeps beside the rest: nobody may send it."""

INVENTORIES: Final[tuple[type[Inventory], ...]] = (Device,)

EVENTS: Final[tuple[Event, ...]] = (
    AGENT_STARTED,
    SOURCE_CHANGED,
    GAP,
    CLOCK_WRONG,
    IDENTITY_REUSED,
    TOO_LATE,
    DAMAGED,
    GPU_XID,
    GPU_XID_HARDWARE,
    GPU_LOST,
    GPU_BACK,
    DRIVER_CHANGED,
    DISK_RISK,
    POOL_CHANGED,
    FRAGMENTS_DAMAGED,
)


def measurement(name: str) -> type[Measurement] | None:
    """The measurement of that name, sent or found out by the collector, or None."""
    return next((m for m in (*MEASUREMENTS, *OWN) if m.name == name), None)


def event(code: str) -> Event | None:
    """The event of that code, or None."""
    return next((e for e in EVENTS if e.code == code), None)


def inventory(name: str) -> type[Inventory] | None:
    """The inventory of that name, or None."""
    return next((i for i in INVENTORIES if i.name == name), None)
