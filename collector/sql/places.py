"""Containers and sites of the network as tables, for joins. Pure."""

from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa

from vigie.network.network import Network
from vigie.network.places import Container, Site

CONTAINERS: Final = "containers"
SITES: Final = "sites"

CONTAINER_COLUMNS: Final = pa.schema(
    [
        pa.field("container", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("lifecycle", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("gpu_model", pa.string()),
        pa.field("gpus", pa.int64()),
        pa.field("hosts", pa.int64()),
        pa.field("power_watts", pa.float64()),
        pa.field("storage_bytes", pa.int64()),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
"""`container` is `site/container`, as in every other view; capacities are as declared."""

SITE_COLUMNS: Final = pa.schema(
    [
        pa.field("site", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("operator", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("country", pa.string()),
        pa.field("region", pa.string()),
        pa.field("grid_zone", pa.string()),
        pa.field("timezone", pa.string(), nullable=False),
        pa.field("latitude", pa.float64()),
        pa.field("longitude", pa.float64()),
    ]
)
"""Degrees of WGS 84; `timezone` of the IANA."""


def containers(network: Network, scope: str, played: Callable[[str], bool]) -> pa.Table:
    """The containers within a scope; `played` says whether the twin stands in for a path."""
    rows = [_container(one, played(one.path)) for one in network.within(scope)]
    return pa.Table.from_pylist(rows, schema=CONTAINER_COLUMNS)


def sites(network: Network, scope: str) -> pa.Table:
    """The sites of the containers within a scope."""
    wanted = {one.site for one in network.within(scope)} | {scope}
    rows = [_site(one) for one in network.sites if not scope or one.id in wanted]
    return pa.Table.from_pylist(rows, schema=SITE_COLUMNS)


def _container(one: Container, simulated: bool) -> dict[str, Any]:  # noqa: FBT001
    capacity = one.capacity
    return {
        "container": one.path, "site": one.site, "name": one.name,
        "lifecycle": str(one.lifecycle), "role": one.role, "status": str(one.status),
        "gpu_model": one.gpu or None, "gpus": capacity.gpus, "hosts": one.hosts,
        "power_watts": capacity.power_watts, "storage_bytes": capacity.storage_bytes,
        "simulated": simulated,
    }  # fmt: skip


def _site(one: Site) -> dict[str, Any]:
    return {
        "site": one.id, "name": one.name, "operator": one.operator, "status": str(one.status),
        "country": one.country, "region": one.region or None, "grid_zone": one.zone,
        "timezone": one.timezone, "latitude": one.latitude, "longitude": one.longitude,
    }  # fmt: skip
