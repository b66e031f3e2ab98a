"""What is bought and promised: energy, containers, prices, targets."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from vigie.document import Misfit, Within
from vigie.network.operators import Amount, Identifier, Ratio, Stated


@dataclass(frozen=True, slots=True)
class EnergyContract(Stated):
    """Electricity bought for sites, from a day to a day (excluded).

    `share` is the part of each hour's use that it covers. `certificates` are the ids of guarantees
    of origin, `retired` whether they were cancelled for this use: without that, it counts as
    nothing. `matched` says that supply follows use hour by hour. `grams_per_kwh` is its emission
    factor; None is unknown.
    """

    id: Identifier
    sites: tuple[Identifier, ...]
    kind: Literal["guarantees", "ppa", "on_site", "supply"]
    supplier: str = ""
    technology: Literal["wind", "solar", "hydro", "biomass", "nuclear", "mixed"] = "mixed"
    share: Ratio = 1.0
    grams_per_kwh: Annotated[float, Within(0, 2000)] | None = None
    certificates: tuple[str, ...] = ()
    retired: bool = False
    matched: bool = False
    begins: date | None = None
    ends: date | None = None
    euros_per_kwh: Annotated[float, Within(-1, 10)] | None = None

    def __post_init__(self) -> None:
        if self.begins and self.ends and self.begins >= self.ends:
            raise Misfit("ends", f"is {self.ends}, not after it begins, {self.begins}")

    def covers(self, day: date) -> bool:
        """Whether a day lies in its term; without a begin or an end it has none."""
        begun = self.begins is None or self.begins <= day
        return begun and (self.ends is None or day < self.ends)


@dataclass(frozen=True, slots=True)
class Purchase(Stated):
    """How a container was come by: bought (`euros` over `years`) or rented (`euros_per_month`).

    `yearly_euros` is what else it costs a year: people, upkeep, rent of the ground, network.
    """

    id: Identifier
    containers: tuple[str, ...]
    kind: Literal["purchase", "rental"]
    euros: Amount | None = None
    years: Annotated[float, Within(1, 50)] | None = None
    euros_per_month: Amount | None = None
    yearly_euros: Amount | None = None
    gpus_contracted: Annotated[int, Within(0, 10_000_000)] | None = None
    gpus_paid: Annotated[int, Within(0, 10_000_000)] | None = None

    def __post_init__(self) -> None:
        wanted = ("euros", "years") if self.kind == "purchase" else ("euros_per_month",)
        for name in wanted:
            if getattr(self, name) is None:
                raise Misfit(name, f"a {self.kind} needs it: give {' and '.join(wanted)}")


@dataclass(frozen=True, slots=True)
class Target(Stated):
    """What somebody with the right to do so has decided an indicator is to become.

    `path` is a scope: a path, or `perimeter:id`; `value` in the indicator's unit, from `year` on.
    """

    path: str
    indicator: str
    value: float
    year: Annotated[int, Within(2000, 2100)]
    adopted: date
    adopted_by: str = ""
    baseline: float | None = None
    baseline_year: Annotated[int, Within(1990, 2100)] | None = None
