"""Containers and objects for plans: a small network, told in one line each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from collector.plans.place import Place, Places
from collector.plans.stripes import Stripes, named
from vigie.fragments import Scheme
from vigie.network.policies import Placement

NOW = 1_000_000.0


def place(path: str, fullness: float = 0.3, country: str = "FR", **given: Any) -> Place:
    """A sound container of 1,000 bytes, reached by the law of its country alone."""
    site, _, _ = path.partition("/")
    own = {
        "operator": site, "reached": frozenset({country}), "capacity_bytes": 1_000.0,
        "used_bytes": 1_000.0 * fullness, "told": NOW,
    }  # fmt: skip
    return Place(path, site, country=country, **{**own, **given})


def policy(scheme: Scheme, **given: Any) -> Placement:
    """One that allows the union, at home in it, a fragment a container."""
    own = {"id": "p", "store": "s", "k": scheme.k, "n": scheme.n, "within": ("EU",), "home": "EU"}
    return Placement(**{**own, **given})


def stripes(
    places: Places, scheme: Scheme, rows: Sequence[Sequence[str]], *,
    size: float = 1.0, rule: Placement | None = None,
) -> Stripes:  # fmt: skip
    """Objects whose fragments lie in these containers, by index; "" is nowhere."""
    cells = np.array([[places.number(path) for path in row] for row in rows], np.uint16)
    names = named([number.to_bytes(10, "big") for number in range(len(rows))])
    return Stripes("s", scheme, rule or policy(scheme), cells, names, size)
