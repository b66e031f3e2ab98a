"""How real things are: what is assumed has a name, and nothing runs where nothing stands yet."""

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

from vigie.document import suggestion
from vigie.network.declared import Declared
from vigie.network.operators import Stated, Status
from vigie.network.places import Container, Lifecycle, Site
from vigie.network.zones import zones
from vigie.positions import TomlPath

_AS_REAL: Final = tuple(reversed(Status))
_RUNNING: Final = frozenset({Lifecycle.IN_SERVICE, Lifecycle.MAINTENANCE})


def check(declared: Declared) -> None:
    """Fault assumptions of nothing, and places whose standing makes no sense."""
    for _, row, value in declared.everything():
        for at, stated in _stated(row, value):
            _assumed(declared, at, stated)
    for at, site in declared.sites:
        _site(declared, at, site)
    sites = {site.id: site for _, site in declared.sites}
    for at, container in declared.containers:
        if container.site in sites:
            _container(declared, at, container, sites[container.site])


def _stated(at: TomlPath, value: Any) -> Iterator[tuple[TomlPath, Stated]]:
    """What carries a status: a row, and what stands in it."""
    if isinstance(value, tuple):
        for n, item in enumerate(value):
            yield from _stated((*at, n), item)
    elif dataclasses.is_dataclass(value):
        if isinstance(value, Stated):
            yield at, value
        for field in dataclasses.fields(value):
            yield from _stated((*at, field.name), getattr(value, field.name))


def _assumed(declared: Declared, at: TomlPath, stated: Stated) -> None:
    for n, name in enumerate(stated.assumed):
        value: Any = stated
        for part in name.split("."):
            known = _fields(value)
            if part not in known:
                told = f"{name!r} is no field of this; {suggestion(part, known)}"
                declared.fault((*at, "assumed", n), told)
                break
            value = getattr(value, part)


def _fields(value: Any) -> frozenset[str]:
    """What may be assumed of something: not how real it is, which whoever declares it knows.

    The day since when it is that real often is: an announcement seldom dates what it tells.
    """
    if not dataclasses.is_dataclass(value):
        return frozenset()
    own = (
        {field.name for field in dataclasses.fields(Stated)} if isinstance(value, Stated) else set()
    )
    return frozenset(field.name for field in dataclasses.fields(value)) - (own - {"status_since"})


def _site(declared: Declared, at: TomlPath, site: Site) -> None:
    if site.zone is not None and site.zone not in zones():
        unknown = f"no grid zone is called {site.zone!r}"
        declared.fault((*at, "zone"), f"{unknown}; {suggestion(site.zone, zones())}")
    if (site.latitude is None) != (site.longitude is None):
        declared.fault(at, "latitude and longitude go together; give both or none")
    total = sum(c.share for c in site.cooling if c.status is not Status.STUDIED)
    if total > 1 + 1e-9:
        told = f"the shares add up to {total * 100:g} %, a whole is 100 %"
        declared.fault((*at, "cooling"), f'{told}; a variant has status = "studied"')


def _container(declared: Declared, at: TomlPath, container: Container, site: Site) -> None:
    if _AS_REAL.index(container.status) > _AS_REAL.index(site.status):
        told = f"is {container.status} on a site that is {site.status}"
        declared.fault((*at, "status"), f"{told}; nothing is more real than where it stands")
    simulated = site.simulated or container.simulated
    if (
        container.lifecycle in _RUNNING
        and container.status is not Status.OPERATING
        and not simulated
    ):
        told = f"is {container.lifecycle} while its status is {container.status}"
        remedy = 'say lifecycle = "declared" or "commissioning", or simulated = true'
        declared.fault((*at, "lifecycle"), f"{told}; {remedy}")
