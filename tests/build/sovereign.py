"""A small network whose every layer is declared, and objects laid on it by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from collector.kpis.facts import Facts, Held, Plant, Stored
from collector.kpis.meters import Total
from collector.kpis.period import Period
from vigie.fragments import Scheme
from vigie.network.network import Network
from vigie.network.operators import Operator, Tenant
from vigie.network.places import Container, Site
from vigie.network.policies import Placement

CODE = Scheme(2, 4)
END = datetime(2026, 3, 2, tzinfo=UTC)
DAY = Period("last_day", END - timedelta(days=1), END, open=False)
SITES: Mapping[str, str] = {"fr": "FR", "paris": "FR", "de": "DE", "us": "US", "ch": "CH"}
"""Each is a site of one container `box`, run by a public body of that country."""

Object = Sequence[set[str]]
"""By live index, the containers that have a copy; each named by its site."""


def network(**changes: Any) -> Network:
    """Everything in it is declared; `changes` are of its tables."""
    tables: dict[str, Any] = {
        "operators": tuple(body(name, code) for name, code in SITES.items()),
        "sites": tuple(site(name, code) for name, code in SITES.items()),
        "containers": tuple(box(name) for name in SITES),
        "tenants": (Tenant("town", "Town"),),
        "placements": (policy(),),
    }
    return Network("n", **{**tables, **changes})


def body(name: str, seat: str, **more: Any) -> Operator:
    """A public body: its owner is its country."""
    return Operator(f"{name}-runs", name, seat, "public", **{"reach": (), **more})


def site(name: str, country: str | None, **more: Any) -> Site:
    """Run by the body of the same name."""
    return Site(name, name, f"{name}-runs", country, **more)


def box(name: str, **more: Any) -> Container:
    """The container of a site, without suppliers."""
    return Container("box", "Box", name, **{"management": (), "technology": (), **more})


def policy(**more: Any) -> Placement:
    """Of the store `pool`, at home in France."""
    said = {"tenant": "town", "within": ("EU",), "home": "FR", "keys": ("FR",),
            "catalogue": ("FR",), **more}  # fmt: skip
    return Placement("p", said.pop("store", "pool"), CODE.k, CODE.n, **said)


def laid(
    objects: Sequence[Object], *, store: str = "pool", scheme: Scheme = CODE,
    size: float | None = 10.0,
) -> Held:  # fmt: skip
    """Each container is a class of its own, each object a row."""
    names = sorted({name for one in objects for where in one for name in where})
    at = {name: number for number, name in enumerate(names)}
    columns = sorted(
        {frozenset(at[n] for n in where) for one in objects for where in one}, key=sorted
    )
    rows = [[frozenset(at[n] for n in where) for where in one] for one in objects]
    holds = np.array([[row.count(column) for column in columns] for row in rows], np.uint16)
    return Held(
        store, scheme, tuple((f"{name}/box",) for name in names), tuple(columns),
        holds.reshape(len(objects), len(columns)), np.ones(len(objects), np.int64),
        sum(len(where) for one in objects for where in one), size,
    )  # fmt: skip


def facts(net: Network, *held: Held, stored: Mapping[str, int] | None = None, **more: Any) -> Facts:
    """Of one day; `stored` are bytes of `pool` by site."""
    plants = tuple(
        Plant(c, s, simulated=False, stored=(Stored("pool", CODE, 1, size),))
        for name, size in (stored or {}).items()
        if (c := net.container(f"{name}/box")) and (s := net.site(name))
    )
    nothing = Total(None, None, 0.0, None, 0.0, (), (), {})
    return Facts(
        "", net, DAY, END, (DAY.start, DAY.end), nothing,
        **{"plants": plants, "held": held or None, **more},
    )  # fmt: skip
