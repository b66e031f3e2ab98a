"""`GET sovereignty/evidence`, `GET whatif`: what speaks to the framework, what is left without."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from collector.api.access import Reading
from collector.api.kpis import FINANCE, Language, Scope, Word, asked_scope
from collector.duties.kpis import Question
from collector.duties.sovereignty import Sovereignty, Supposed
from vigie.network.reach import ALL
from vigie.replies import Parties, SovereigntyEvidence, WhatIf

Without = Annotated[
    list[str] | None,
    Query(description="country:US, operator:<id>, supplier:<id> or owner:<id>; repeatable"),
]
Layers = Annotated[
    list[str] | None, Query(description=f"By which they reach: {', '.join(ALL)}; default all")
]


def routes(sovereignty: Sovereignty, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    @router.get("/sovereignty/evidence")
    def evidence(
        asking: Reading, scope: Scope = None, period: Word = "now", language: Language = "fr"
    ) -> SovereigntyEvidence:
        """What speaks to each objective of the EU framework: evidence, not an assessment."""
        asked = Question(
            asked_scope(asking, scope), language, period, within=asking.scope,
            finance=FINANCE in asking.roles,
        )  # fmt: skip
        return sovereignty.evidence(asked, now())

    @router.get("/whatif")
    def whatif(
        asking: Reading, without: Without = None, layers: Layers = None, language: Language = "fr"
    ) -> WhatIf:
        """What is left once a country, an operator or a supplier has vanished.

        Objects are told to those who may see the whole network.
        """
        supposed = Supposed(tuple(without or ()), tuple(layers or ()), asking.scope, language)
        return sovereignty.whatif(supposed, now())

    @router.get("/whatif/parties")
    def parties(asking: Reading) -> Parties:
        """Who reaches any container of your scope, and so could be thought away."""
        return sovereignty.parties(asking.scope, now())

    return router
