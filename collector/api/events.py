"""What happened: events of the agents and of the collector."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import pyarrow.compute as pc
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collector import times
from collector.api import tables
from collector.api.access import Reading, narrowed
from collector.api.latest import Scope, Where, parted
from collector.people import People
from collector.store.store import Store
from vigie import replies
from vigie.errors import QueryError
from vigie.frame import TIME_COLUMN

DEFAULT_SPAN: Final = timedelta(hours=24)
DEFAULT_ROWS: Final = 1_000
MAX_ROWS: Final = 10_000
AHEAD: Final = timedelta(minutes=10)
"""How far in the future a sender's clock may be; intake bounds it."""

From = Annotated[str | None, Query(alias="from", description="RFC 3339; default: a day ago")]
To = Annotated[str | None, Query(alias="to", description="RFC 3339; default: now")]
Rows = Annotated[int, Query(ge=1, le=MAX_ROWS)]
Cursor = Annotated[str | None, Query(description="As the page before said")]


def routes(store: Store, people: People, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/events", response_model=replies.Table)
    def events(  # noqa: PLR0917
        request: Request, asking: Reading,
        start: From = None, end: To = None,
        where: Where = None, scope: Scope = None,
        limit: Rows = DEFAULT_ROWS, cursor: Cursor = None,
    ) -> Response:  # fmt: skip
        """Events of a span, newest first; `where` takes code, severity, agent and container."""
        now = datetime.fromtimestamp(clock(), UTC)
        offset, until = page(cursor)
        until = until or moment("to", end) or now + AHEAD
        since = moment("from", start) or now - DEFAULT_SPAN
        within = narrowed(asking, scope)
        asked: dict[str, list[str]] = {}
        for key, value in map(parted, where or ()):
            asked.setdefault(key, []).append(value)
        rows = store.scan("events", None, since, until, [within], asked)
        order = pc.sort_indices(rows, [(TIME_COLUMN, "descending"), ("learned", "descending")])
        rows = rows.take(order)
        more = f"{offset + limit}.{int(until.timestamp() * 1e6)}"
        cut = rows.slice(offset, limit)
        trust = tables.Trust(
            times.written(now), "events",
            simulated_share=tables.simulated_share(cut, people.simulated()),
            cursor=more if rows.num_rows > offset + limit else None,
        )  # fmt: skip
        return tables.answer(request, cut, trust)

    return router


def page(cursor: str | None) -> tuple[int, datetime | None]:
    """Where a page begins: the rows before it, and the end of the span of its first page.

    Raises:
        QueryError: it is no cursor.
    """
    if cursor is None:
        return 0, None
    offset, _, until = cursor.partition(".")
    if not (offset.isascii() and offset.isdigit() and until.isascii() and until.isdigit()):
        raise QueryError("cursor: give it as the last answer spelled it")
    try:
        return int(offset[:18]), times.EPOCH + timedelta(microseconds=int(until[:18]))
    except OverflowError as error:
        raise QueryError("cursor: give it as the last answer spelled it") from error


def moment(name: str, given: str | None) -> datetime | None:
    """An instant of the query.

    Raises:
        QueryError: it names none.
    """
    if given is None:
        return None
    try:
        return times.read(given)
    except (ValueError, OverflowError) as error:
        raise QueryError(f"{name}: a time like 2026-03-01T12:00:00Z is wanted") from error
