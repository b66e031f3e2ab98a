"""Facts of a day for KPIs: containers with what they drew, served and held, by a line each."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from collector.kpis.facts import Facts, Floats, Hourly, Plant, Work
from collector.kpis.meters import Total
from collector.kpis.period import Period
from collector.kpis.reasons import Reason
from vigie.network.load import Network
from vigie.network.operators import Operator
from vigie.network.places import Capacity, Container, Site
from vigie.shape import Quality

HOURS: Final = 24
START: Final = datetime(2026, 5, 14, tzinfo=UTC)
NOTHING: Final = Total(None, Reason.NO_METER, 0.0, None, 0.0, (), (), {})


def hourly(amount: float | Floats, quality: Quality = Quality.MEASURED) -> Hourly:
    """The same every hour, or as given; an hour that is NaN is not covered."""
    cells = np.full(HOURS, amount) if isinstance(amount, float | int) else amount
    return Hourly(cells, (~np.isnan(cells)).astype(np.float64), quality, ("meter",))


def tasks(**amounts: float | Floats) -> Work:
    """The queue of a tenant; what is not given is 0."""
    return Work(**{f.name: hourly(amounts.get(f.name, 0.0)) for f in fields(Work)})


def plant(
    path: str, *, gpus: int | None = None, energy: Mapping[str, float | Floats] | None = None,
    work: Mapping[str, Work] | None = None, simulated: bool = False, **more: Any,
) -> Plant:  # fmt: skip
    """A container in service; `energy` in J an hour by role; `more` goes to the container."""
    site, name = path.split("/")
    declared = Container(name, path, site, capacity=Capacity(gpus=gpus), **more)
    metered = {role: hourly(amount) for role, amount in (energy or {}).items()}
    return Plant(
        declared, Site(site, site, "o", zone="FR"), simulated, energy=metered, work=work or {}
    )


def network(*plants: Plant, **more: Any) -> Network:
    """One that declares these containers; `more` are its other tables."""
    sites = {p.site.id: p.site for p in plants}
    return Network(
        "n",
        (Operator("o", "O"),),
        tuple(sites.values()),
        tuple(p.container for p in plants),
        **more,
    )


def facts(*plants: Plant, **more: Any) -> Facts:
    """A day of these containers."""
    end = START + timedelta(hours=HOURS)
    edges = tuple(START + timedelta(hours=n) for n in range(HOURS + 1))
    made = Facts(
        "", network(*plants), Period("day", START, end, open=False), end, edges, NOTHING, plants
    )
    return replace(made, **more)
