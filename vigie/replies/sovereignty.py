"""What speaks to the objectives of the European framework; what is left once somebody is gone."""

from dataclasses import dataclass, field

from vigie.replies.fragments import Margin


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One figure that speaks to an objective: computed (`indicator`) or declared.

    A null value has a `reason`. It is evidence, not an assessment: no level follows from it.
    """

    kind: str
    name: str
    label: str
    value: float | None
    unit: str
    reason: str | None
    method: str
    quality: str | None
    coverage: float
    simulated_share: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective of the framework, its weight in percent by version, and what speaks to it."""

    id: str
    name: str
    weights: dict[str, float]
    lines: list[EvidenceLine]


@dataclass(frozen=True, slots=True)
class SovereigntyEvidence:
    """Answer to `GET sovereignty/evidence`; `statement` is to be shown with every line."""

    as_of: str
    network_version: str
    scope: str
    statement: str
    source: str
    objectives: list[Objective]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who reaches containers: `id` is what `without` takes, as `country:US`.

    `containers` counts those in service that it reaches by any layer, within the asker's scope.
    """

    id: str
    kind: str
    name: str
    containers: int


@dataclass(frozen=True, slots=True)
class Parties:
    """Answer to `GET whatif/parties`, by kind, the widest reach first."""

    as_of: str
    network_version: str
    parties: list[Party]


@dataclass(frozen=True, slots=True)
class StoreLeft:
    """The objects of a store and code by margin, before and after; below 0 cannot be read."""

    store: str
    scheme: str
    objects: int
    readable: int
    lost: int
    before: list[Margin]
    after: list[Margin]
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class CapacityLeft:
    """What containers in service were built for; `undeclared` counts those that do not say."""

    name: str
    unit: str
    before: float
    after: float
    undeclared: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Answer to `GET whatif`.

    `gone` are the containers in service that would be, `unknown` those of which a layer is not
    declared, so that they might be too. `stores` is null for whoever may not see the whole network,
    or while an inventory is incomplete. `tenants` have objects that are lost, or nowhere to run.
    """

    as_of: str
    network_version: str
    without: list[str]
    layers: list[str]
    stores: list[StoreLeft] | None
    gone: list[str]
    unknown: list[str]
    capacity: list[CapacityLeft]
    tenants: list[str]
    simulated_share: float = 0.0
    notes: list[str] = field(default_factory=list)
