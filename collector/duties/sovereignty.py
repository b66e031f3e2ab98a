"""Answers what speaks to the European framework, and what if somebody vanished."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from collector import times
from collector.duties.kpis import Question
from collector.kpis.facts import Held
from collector.kpis.reasons import Reason
from collector.kpis.scope import paths
from collector.kpis.sovereignty.evidence import (
    DECLARED,
    QUALIFIED,
    SOURCE,
    SPEAKS,
    STATEMENT,
    objectives,
    wanted,
)
from collector.kpis.sovereignty.vanish import KINDS, Aftermath, Left, Vanishing, aftermath, reaching
from vigie.errors import QueryError
from vigie.indicators import INDICATORS
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.places import inside
from vigie.network.policies import Evidence
from vigie.network.reach import ALL, Layer
from vigie.replies import (
    CapacityLeft,
    EvidenceLine,
    Kpi,
    Kpis,
    Margin,
    Objective,
    Parties,
    Party,
    SovereigntyEvidence,
    StoreLeft,
    WhatIf,
)
from vigie.shape import Quality

MANY: Final = 20
"""Parties that may be thought away at once."""
_NOTES: Final[Mapping[str, tuple[str, str]]] = {
    "partial": (
        "inventaire des fragments incomplet ou réservé : objets inconnus",
        "inventory of fragments incomplete, or not to be seen: objects unknown",
    ),
    "unknown": (
        "une couche non déclarée peut atteindre d'autres conteneurs : c'est un maximum",
        "an undeclared layer may reach more containers: what is left is at most this",
    ),
}


class Computes(Protocol):
    """Who answers questions about indicators."""

    def answer(self, question: Question, now: datetime) -> Kpis:
        """The indicators asked for."""


class Holds(Protocol):
    """Who knows who holds what."""

    def __call__(
        self, network: Network, paths: Sequence[str] = ..., *, parties: bool = ...
    ) -> tuple[Held, ...] | None:
        """Every store; None where not all is known."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """Who is thought away, by which layers, as texts; and what the asker may see."""

    without: Sequence[str]
    layers: Sequence[str] = ()
    within: str = ""
    language: str = "fr"


class Sovereignty:
    """Puts indicators and declarations in the order of the framework; thinks parties away."""

    def __init__(self, indicators: Computes, held: Holds, network: Callable[[], Network]) -> None:
        self._indicators, self._held, self._network = indicators, held, network

    def evidence(self, question: Question, now: datetime) -> SovereigntyEvidence:
        """Every objective with what speaks to it; no level, and no score.

        Raises:
            QueryError: there is no such scope or period.
        """
        known = set(wanted())
        chosen = tuple(i.name for i in INDICATORS if i.name in known)
        answer = self._indicators.answer(replace(question, only=chosen), now)
        network, language = self._network(), question.language
        lines = {kpi.indicator: _computed(kpi, language) for kpi in answer.kpis}
        told = _Declared(network, question, now)
        return SovereigntyEvidence(
            times.written(now), answer.network_version, question.scope,
            STATEMENT[language], SOURCE,
            [
                Objective(
                    one.id, one.name, dict(one.weights),
                    [
                        *(lines[name] for name in SPEAKS[one.id] if name in lines),
                        *told.lines(one.id),
                    ],
                )
                for one in objectives()
            ],
        )  # fmt: skip

    def whatif(self, supposed: Supposed, now: datetime) -> WhatIf:
        """What is left once some country, operator or supplier is gone.

        Raises:
            QueryError: nobody, too many or unknown ones are named, or an unknown layer.
        """
        network = self._network()
        vanishing, layers = _parsed(supposed, network)
        held = None if supposed.within else self._held(network, parties=True)
        after = aftermath(network, held or (), vanishing, layers)
        seen = _seen(after, supposed.within)
        stores = None if held is None else [_left(one) for one in after.stores]
        notes = [*(["partial"] if stores is None else []), *(["unknown"] if seen.unknown else [])]
        every = [c.path for c in network.containers if inside(c.path, supposed.within)]
        twins = sum(network.simulated(path) for path in every)
        return WhatIf(
            times.written(now), network.version, list(supposed.without),
            [layer.value for layer in layers], stores, list(seen.gone), list(seen.unknown),
            [CapacityLeft(r.name, r.unit, r.before, r.after, r.undeclared) for r in seen.room],
            list(seen.tenants), twins / len(every) if every else 0.0,
            [_NOTES[note][supposed.language == "en"] for note in notes],
        )  # fmt: skip

    def parties(self, within: str, now: datetime) -> Parties:
        """Who could be thought away: everybody who reaches a container in service of a scope."""
        network = self._network()
        found = sorted(
            reaching(network, within).items(),
            key=lambda one: (KINDS.index(one[0].kind), -one[1], one[0].name),
        )
        return Parties(
            times.written(now), network.version,
            [
                Party(f"{v.kind}:{v.name}", v.kind, _named(network, v), containers)
                for v, containers in found
            ],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Declared:
    """What was declared in the scope: evidence and certificates."""

    network: Network
    question: Question
    now: datetime

    def lines(self, objective: str) -> Iterator[EvidenceLine]:
        """What speaks to an objective."""
        for kind in DECLARED.get(objective, ()):
            found = [e for e in self.network.evidence if e.kind == kind and self._meets(e.path)]
            for one in found:
                yield self._evidence(one)
            if not found:
                reason = Reason.NO_EVIDENCE.text(self.question.language, kind)
                yield EvidenceLine("declared", kind, kind, None, "", reason, "", None, 0.0, 0.0)
        if objective == QUALIFIED:
            for held in self.network.qualifications:
                ends = held.expires.isoformat() if held.expires else "?"
                valid = held.expires is None or held.expires >= self.now.date()
                real = held.status is Status.OPERATING
                if self._meets(held.subject) or self.network.site(held.subject) is None:
                    yield EvidenceLine(
                        "declared", held.scheme, f"{held.scheme} {held.level}".strip(),
                        float(valid and real), "", None, held.status.value,
                        Quality.DECLARED.value, 1.0, 0.0, f"{held.subject}, until {ends}",
                    )  # fmt: skip

    def _evidence(self, one: Evidence) -> EvidenceLine:
        value = next((v for v in (one.share, one.value, one.passed) if v is not None), None)
        return EvidenceLine(
            "declared", one.kind, f"{one.kind} {one.path}".strip(),
            None if value is None else float(value), "", None, one.status.value,
            Quality.DECLARED.value, 1.0, float(self.network.simulated(one.path)),
            f"{one.day}" + ("" if one.passed is None else f", passed: {one.passed}"),
        )  # fmt: skip

    def _meets(self, path: str) -> bool:
        scopes = paths(self.network, self.question.scope, self.question.within)
        return any(inside(path, scope) or inside(scope, path) for scope in scopes)


def _computed(kpi: Kpi, language: str) -> EvidenceLine:
    labels = {i.name: i.label(language) for i in INDICATORS}
    return EvidenceLine(
        "indicator", kpi.indicator, labels[kpi.indicator], kpi.value, kpi.unit, kpi.reason,
        kpi.method, kpi.quality, kpi.coverage, kpi.simulated_share, kpi.boundary,
    )  # fmt: skip


def _named(network: Network, one: Vanishing) -> str:
    """What an organisation calls itself; the code of a country."""
    found = network.organisation(one.name) if one.kind != "country" else None
    return found.name if found else one.name


def _parsed(
    supposed: Supposed, network: Network
) -> tuple[tuple[Vanishing, ...], tuple[Layer, ...]]:
    if not 0 < len(supposed.without) <= MANY:
        raise QueryError(f"without: 1 to {MANY} are wanted, as country:US or operator:<id>")
    try:
        vanishing = tuple(Vanishing.parse(text, network) for text in supposed.without)
    except ValueError as error:
        raise QueryError(f"without: {error}") from error
    try:
        layers = tuple(Layer(word) for word in dict.fromkeys(supposed.layers)) or ALL
    except ValueError as error:
        raise QueryError(f"layers: {error}; there are {', '.join(ALL)}") from error
    return vanishing, layers


def _seen(after: Aftermath, within: str) -> Aftermath:
    """What the asker may see of it: the containers of its scope, and nothing of the others."""
    if not within:
        return after
    return replace(
        after,
        gone=tuple(path for path in after.gone if inside(path, within)),
        unknown=tuple(path for path in after.unknown if inside(path, within)),
        room=(),
        tenants=(),
    )


def _left(one: Left) -> StoreLeft:
    return StoreLeft(
        one.store, one.scheme, one.objects, one.readable, one.lost,
        _margins(one.before), _margins(one.after), one.simulated,
    )  # fmt: skip


def _margins(found: Mapping[int, int]) -> list[Margin]:
    return [Margin(margin, objects) for margin, objects in sorted(found.items())]
