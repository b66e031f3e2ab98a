"""`GET kpis`: indicators of a path over a period."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from collector import times
from collector.api.access import Reading, narrowed
from collector.duties.kpis import Indicators, Question
from vigie.errors import QueryError
from vigie.replies import Kpis


def routes(indicators: Indicators, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/kpis")
    def kpis(
        asking: Reading,
        *,
        scope: Annotated[
            str | None, Query(description="Path prefix; default: all you may see")
        ] = None,
        period: Annotated[
            str, Query(description="now; hour or day so far; last_hour or last_day; legal time")
        ] = "now",
        start: Annotated[str | None, Query(alias="from", description="RFC 3339")] = None,
        end: Annotated[str | None, Query(alias="to", description="RFC 3339")] = None,
        language: Annotated[str, Query(pattern="^(fr|en)$")] = "fr",
    ) -> Kpis:
        """Power now, energy and carbon over the period; null has a reason, and all a method."""
        asked = Question(
            narrowed(asking, scope), language, period, _moment(start, "from"), _moment(end, "to")
        )
        return indicators.answer(asked, datetime.fromtimestamp(clock(), UTC))

    return router


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
