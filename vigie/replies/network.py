"""The network: containers and how they are, versions, what is declared, and what changed."""

from dataclasses import dataclass
from typing import Literal

from vigie.replies.table import Cell


@dataclass(frozen=True, slots=True)
class Container:
    """One container of the network and how it is now.

    `state` is nominal, abnormal, stale or silent (never seen) of one in service, else where it is
    in its life: declared, commissioning, maintenance or retired. `worst` is the priority of its
    worst open alert, `last_seen` when its newest frame was taken. `status` is how real it is, the
    lesser of its own and its site's, and `since_assumed` says that nobody has stated since when;
    `scale` is the share of it that the twin plays.
    """

    path: str
    name: str
    site: str
    site_name: str
    operator: str
    region: str
    zone: str | None
    status: str
    simulated: bool
    state: str
    worst: int | None
    alerts: int
    hosts: list[str]
    last_seen: str | None
    latitude: float | None = None
    longitude: float | None = None
    lifecycle: str = "in_service"
    lifecycle_since: str | None = None
    status_since: str | None = None
    status_source: str = ""
    scale: float = 1.0
    since_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Containers:
    """Answer to `GET containers`.

    `network_since` is when that version came into force. `network_fault` says, with file and line,
    why the network's files as they are now are not in force; null where they are.
    """

    as_of: str
    network: str
    network_version: str
    commit: int
    containers: list[Container]
    network_since: str | None = None
    network_fault: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkVersion:
    """One version of the network: in force from an instant until that of the next.

    `changed` are the paths of the containers, within the asker's scope, of which it does not
    declare the same as the version before; `sites` and `containers` are counted likewise.
    """

    version: str
    name: str
    valid_from: str
    sites: int
    containers: int
    changed: list[str]


@dataclass(frozen=True, slots=True)
class NetworkVersions:
    """Answer to `GET networks`, oldest first; `earlier` counts those left out before them."""

    as_of: str
    earlier: int
    versions: list[NetworkVersion]


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that is declared: `name` of something, its value, and how real that is.

    `assumed` says that nobody has stated the value, `since_assumed` the day: they are ours.
    `source` is a public address where there is one.
    """

    of: str
    name: str
    value: Cell
    status: str
    since: str | None
    source: str
    assumed: bool
    note: str = ""
    since_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """Answer to `GET sites/{site}`: all that is declared of one site; prices for finance only."""

    as_of: str
    site: str
    name: str
    network_version: str
    simulated: bool
    traits: list[Trait]


@dataclass(frozen=True, slots=True)
class ContainerChange:
    """One field of a container, of its site or of its meters that a version changed.

    The field `declared` says that the container came (`after` is True) or left.
    """

    time: str
    version: str
    field: str
    before: Cell
    after: Cell


@dataclass(frozen=True, slots=True)
class ContainerHistory:
    """Answer to `GET containers/{path}/history`, oldest first."""

    container: str
    changes: list[ContainerChange]


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing that must be so before a container goes into service; `why` in one sentence."""

    item: str
    title: str
    state: Literal["done", "not_done", "unknown"]
    why: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """Answer to `GET containers/{path}/checklist`: as things are now.

    `ready` when every item is done; the network file then says `lifecycle = "in_service"`.
    """

    as_of: str
    container: str
    lifecycle: str
    network_version: str
    simulated: bool
    ready: bool
    items: list[ChecklistItem]
