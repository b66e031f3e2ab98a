"""Series over time: readings as they are stored, or aggregated in steps over devices."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collector import times
from collector.api import tables
from collector.api.access import Reading, narrowed
from collector.api.asking import Gate
from collector.api.events import moment
from collector.api.latest import (
    Among,
    Ranked,
    Scope,
    Top,
    Where,
    conditions,
    known,
    ranking,
)
from collector.people import People
from collector.store.questions.answer import Questions
from collector.store.questions.budget import Budget
from collector.store.questions.levels import LEVELS, Levels
from collector.store.questions.question import ROWS, Answer, Question
from collector.store.schema import series_columns
from vigie import replies
from vigie.document import duration, suggestion
from vigie.errors import QueryError
from vigie.shape import Inventory, Measurement

DEFAULT_SPAN: Final = timedelta(hours=1)
DEFAULT_ROWS: Final = 10_000
MAX_ROWS: Final = 200_000

Fields = Annotated[str | None, Query(description="Names, with commas; default: all")]
By = Annotated[
    str | None,
    Query(description="Keys and levels of the network (" + " ".join(LEVELS) + "), with commas; "
          "default: every series apart"),
]  # fmt: skip
Agg = Annotated[
    str | None,
    Query(description="mean min max sum last count p50 p95 p99, of counters increase rate, of "
          "gauges integral (W gives J); rows: as stored. One, or one for each field, with commas. "
          "Default: rows without step, by and top, else mean"),
]  # fmt: skip
From = Annotated[str | None, Query(alias="from", description="RFC 3339; default: an hour ago")]
To = Annotated[str | None, Query(alias="to", description="RFC 3339; default: now")]
Step = Annotated[str | None, Query(description="Seconds, or as 5m; default: one step over all")]
Tier = Annotated[
    str | None, Query(description="The coarsest table to read: raw 1m 1h; default: what fits")
]
Rows = Annotated[int, Query(ge=1, le=MAX_ROWS)]
Cursor = Annotated[
    str | None, Query(pattern="^[0-9]{1,15}$", description="As the page before said")
]


def routes(
    questions: Questions, gate: Gate, levels: Callable[[], Levels], people: People,
    clock: Callable[[], float],
) -> APIRouter:  # fmt: skip
    """`levels` are those of the network in force; `clock` tells Unix time."""
    router = APIRouter()

    @router.get("/series/{measurement}", response_model=replies.Table)
    async def series(  # noqa: PLR0917
        request: Request, asking: Reading, measurement: str, fields: Fields = None,
        where: Where = None, by: By = None, agg: Agg = None, start: From = None, end: To = None,
        step: Step = None, limit: Rows = DEFAULT_ROWS, cursor: Cursor = None, scope: Scope = None,
        top: Top = None, rank: Ranked = None, among: Among = None, tier: Tier = None,
    ) -> Response:  # fmt: skip
        """Rows of a span, in order of time; the answer says from which tier, and how complete."""
        now = datetime.fromtimestamp(clock(), UTC)
        declared = measured(measurement)
        keys = [*series_columns(declared), *LEVELS]
        until = moment("to", end) or now
        plain = step is None and by is None and top is None
        question = Question(
            measurement=declared.name,
            fields=names("fields", fields, [f.name for f in declared.values]),
            start=moment("from", start) or until - DEFAULT_SPAN,
            end=until,
            agg=agg or (ROWS if plain else "mean"),
            step=seconds(step),
            by=None if by is None else names("by", by, keys),
            scopes=(narrowed(asking, scope),),
            where=conditions(where, keys),
            limit=limit,
            cursor=cursor,
            tier=tier,
            rank=ranking(top, rank, among, keys),
        )
        network = levels()
        return await answered(
            request, gate, lambda budget: questions.ask(question, network, budget),
            times.written(now), people,
        )  # fmt: skip

    return router


async def answered(
    request: Request, gate: Gate, ask: Callable[[Budget], Answer], as_of: str, people: People
) -> Response:
    """The response to a question, with what one must know to trust it.

    Raises:
        Unavailable: too many are asked at once, or it takes too long.
    """

    def respond(budget: Budget) -> Response:
        found = ask(budget)
        share = tables.share(found.containers, people.simulated())
        quality = found.quality.value if found.quality else None
        trust = tables.Trust(as_of, found.tier, found.coverage, quality, share, found.cursor)
        return tables.answer(request, found.rows, trust)

    return await gate.ask(request, respond)


def measured(name: str) -> type[Measurement]:
    """The measurement of that name.

    Raises:
        QueryError: there is none, or it is an inventory, which has no past.
    """
    found = known(name)
    if issubclass(found, Inventory):
        raise QueryError(f"{name} is an inventory and has no series; ask latest/{name}")
    return found


def names(what: str, given: str | None, allowed: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas; all that are allowed where none is given.

    Raises:
        QueryError: one is unknown; the message suggests another.
    """
    found = tuple(name.strip() for name in (given or "").split(",") if name.strip())
    for name in found:
        if name not in allowed:
            raise QueryError(f"{what}: none is called {name!r:.80}; {suggestion(name, allowed)}")
    return found or (tuple(allowed) if what == "fields" else ())


def seconds(step: str | None, name: str = "step") -> float | None:
    """How long a step is, or another duration of that name.

    Raises:
        QueryError: it is no duration.
    """
    if step is None:
        return None
    try:
        given = float(step) if step.replace(".", "", 1).isdigit() else duration(step)
    except ValueError as error:
        raise QueryError(f"{name}: seconds are wanted, or as 5m, not {step!r:.40}") from error
    if not 1 <= given <= 400 * 86_400:
        raise QueryError(f"{name}: a second at least, and 400 days at most")
    return given
