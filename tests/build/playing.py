"""Small networks to be played, and what was told of them as whoever receives it would add it up."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from twin.player import ContainerPlayer
from twin.turn import Turn
from twin.world import players
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Capacity, Container, Cooling, Site
from vigie.shape import Field, Measurement
from vigie.units import NANOSECONDS_PER_SECOND

WINTER = int(datetime(2026, 1, 15, tzinfo=UTC).timestamp())
SUMMER = int(datetime(2026, 7, 15, tzinfo=UTC).timestamp())
PATH = "site/c1"


def network(
    kind: str = "dry_cooler", *, gpus: int | None = 16, meters: Iterable[str] = (), **site: Any
) -> Network:
    """One site with one container; `meters` are roles, each a meter of that name."""
    cooling = site.pop("cooling", (Cooling(kind=kind),))  # type: ignore[arg-type]
    media = {"withdrawn": "water", "potable": "water", "returned": "water", "removed": "heat"}
    return Network(
        "played",
        (Operator(id="one", name="One"),),
        (
            Site(
                id="site", name="Site", operator="one", country="FR", zone="FR", latitude=45.0,
                longitude=5.0, simulated=True, cooling=cooling, **site,
            ),
        ),
        (
            Container(
                id="c1", name="C1", site="site", gpu="NVIDIA H100",
                capacity=Capacity(gpus=gpus, storage_bytes=400 * 10**12),
            ),
        ),
        meters=tuple(
            Meter(container=PATH, name=r, role=r, medium=media.get(r, "electricity"))  # type: ignore[arg-type]
            for r in meters
        ),
    )  # fmt: skip


def player(of: Network, **more: Any) -> ContainerPlayer:
    """The first player of a network."""
    first = players(of, **more)[0]
    assert isinstance(first, ContainerPlayer)
    return first


def play(
    one: ContainerPlayer, start: int, seconds: float, step: float, *, history: bool = False
) -> list[Turn]:
    """All turns from a time (Unix seconds) on; the first is of the start itself."""
    return [
        one.step(
            round((start + n * step) * NANOSECONDS_PER_SECOND), step, history=history
        )
        for n in range(round(seconds / step) + 1)
    ]  # fmt: skip


def cells(turn: Turn, field: Field) -> Any:
    """A column of a turn, of the measurement that has such a field."""
    return next(c[field] for m, c in turn.rows.items() if m.name == field.measurement)


def telling(turns: Iterable[Turn], kind: type[Measurement]) -> list[Turn]:
    """Those that tell a measurement."""
    return [t for t in turns if kind in t.rows]


def by_key(turn: Turn, key: Field, value: Field) -> Mapping[str, float]:
    """The values of a field by a key."""
    names: Sequence[Any] = cells(turn, key)
    return dict(zip(names, np.asarray(cells(turn, value), float).tolist(), strict=True))


def grown(turns: Sequence[Turn], kind: type[Measurement], role: Field, total: Field) -> Any:
    """By how much counters grew from the first turn that tells them to the last, by role."""
    told = telling(turns, kind)
    first, last = by_key(told[0], role, total), by_key(told[-1], role, total)
    return {name: last[name] - first[name] for name in last}
