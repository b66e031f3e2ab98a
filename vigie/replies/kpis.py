"""Indicators with what they were made of."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Term:
    """One number that a KPI was made of: a meter, a sum, a factor, a declared figure.

    `step` orders them as one would compute: input, sum, factor, result. `source` says where it
    comes from: the path of a meter, the table and row of a factor, file and line of a declaration.
    """

    step: str
    name: str
    value: float | None
    unit: str
    source: str = ""
    coverage: float | None = None
    quality: str | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """One value of one indicator over one boundary and period; null value has a reason.

    `category` is interim for an energy ratio of less than 12 months, with the category of its
    meters (`interim, category 1`). `previous` is the value of the period before, of equal legal
    length. `parts` breaks the value down by what the indicator says; `terms` are told by
    `explain` only. `sentence` says in words what must not be read without.
    """

    indicator: str
    scope: str
    period: str
    from_time: str
    to_time: str
    value: float | None
    unit: str
    method: str
    boundary: str
    coverage: float
    quality: str | None
    reason: str | None
    simulated_share: float
    vintage: str
    inputs: dict[str, str] = field(default_factory=dict)
    category: str | None = None
    previous: float | None = None
    parts: dict[str, float | None] = field(default_factory=dict)
    terms: list[Term] = field(default_factory=list)
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Kpis:
    """Answer to `GET kpis`."""

    as_of: str
    network_version: str
    kpis: list[Kpi]
