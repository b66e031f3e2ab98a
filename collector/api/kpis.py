"""`GET kpis`: indicators of a path over a period."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from collector import times
from collector.api.access import Reading, narrowed
from collector.duties.kpis import Indicators, Question
from collector.kpis.scope import PERIMETER
from collector.people import Caller
from vigie.errors import QueryError
from vigie.replies import Kpis

FINANCE = "finance"
"""The role that sees costs."""
SCOPE = "Path prefix, or perimeter:<id>; default: all you may see"
PERIOD = (
    "now; hour, day, month or year so far, or the one that `at` names; last_hour, last_day, "
    "last_month, last_year; of the legal time of the sites, UTC where they have several"
)
AT = "An instant, or a local date: asks for the hour, day, month or year in which it lies"

Scope = Annotated[str | None, Query(description=SCOPE)]
Word = Annotated[str, Query(description=PERIOD)]
At = Annotated[str | None, Query(description=AT)]
Start = Annotated[str | None, Query(alias="from", description="RFC 3339")]
End = Annotated[str | None, Query(alias="to", description="RFC 3339")]
Known = Annotated[
    str | None, Query(alias="vintage", description="RFC 3339: grids as they were known then")
]
Language = Annotated[str, Query(pattern="^(fr|en)$")]


def routes(indicators: Indicators, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    @router.get("/kpis")
    def kpis(
        asking: Reading,
        *,
        scope: Scope = None,
        period: Word = "now",
        at: At = None,
        start: Start = None,
        end: End = None,
        indicator: Annotated[
            list[str] | None, Query(description="Only these; may be given several times")
        ] = None,
        vintage: Known = None,
        explain: Annotated[bool, Query(description="With every term that a value is made of")] = (
            False
        ),
        language: Language = "fr",
    ) -> Kpis:
        """Every indicator over a period: value, or why there is none; method, coverage, quality."""
        asked = Question(
            asked_scope(asking, scope), language, period,
            _moment(start, "from"), _moment(end, "to"),
            at=_at(at), only=tuple(indicator or ()), within=asking.scope,
            finance=FINANCE in asking.roles, explain=explain, known=_moment(vintage, "vintage"),
        )  # fmt: skip
        return indicators.answer(asked, now())

    return router


def asked_scope(asking: Caller, scope: str | None) -> str:
    """What was asked for; of a perimeter only those parts are told that the caller may see.

    Raises:
        Refused: 403, it is outside.
    """
    if scope is not None and scope.startswith(PERIMETER):
        return scope
    return narrowed(asking, scope)


def _at(given: str | None) -> datetime | date | None:
    """An instant or a local date of the query.

    Raises:
        QueryError: it names neither.
    """
    if given is None:
        return None
    try:
        return date.fromisoformat(given) if len(given) == len("2026-03-01") else times.read(given)
    except ValueError as error:
        raise QueryError("at: a date like 2026-03-29 or a time with its zone is wanted") from error


def _moment(given: str | None, name: str) -> datetime | None:
    """An instant of the query.

    Raises:
        QueryError: it names none.
    """
    if given is None:
        return None
    try:
        return times.read(given)
    except ValueError as error:
        raise QueryError(f"{name}: a time like 2026-03-01T12:00:00Z is wanted") from error
