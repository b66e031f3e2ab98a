"""What was true at a past instant."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from collector import times
from collector.api.access import Reading, narrowed
from collector.api.asking import Gate
from collector.api.events import moment
from collector.api.latest import Fields, Scope, Where, conditions
from collector.api.series import Cursor, Rows, answered, measured, names, seconds
from collector.people import People
from collector.rollups.columns import gap_seconds
from collector.store.questions.answer import Questions
from collector.store.questions.levels import LEVELS, Levels
from collector.store.questions.question import ROWS, Question
from collector.store.schema import series_columns
from vigie import replies
from vigie.errors import QueryError
from vigie.shape import Measurement

LEAST_AGE: Final = timedelta(minutes=10)
MAX_AGE: Final = timedelta(days=1)
DEFAULT_ROWS: Final = 200_000

At = Annotated[str | None, Query(description="RFC 3339; default: now")]
Age = Annotated[
    str | None, Query(description="How old a reading may be by then, as 15m; default: 10m at least")
]


def routes(
    questions: Questions, gate: Gate, levels: Callable[[], Levels], people: People,
    clock: Callable[[], float],
) -> APIRouter:  # fmt: skip
    """`levels` are those of the network in force; `clock` tells Unix time."""
    router = APIRouter()

    @router.get("/state/{measurement}", response_model=replies.Table)
    async def state(  # noqa: PLR0917
        request: Request, asking: Reading, measurement: str, at: At = None, age: Age = None,
        fields: Fields = None, where: Where = None, scope: Scope = None,
        limit: Rows = DEFAULT_ROWS, cursor: Cursor = None,
    ) -> Response:  # fmt: skip
        """The last reading of every series up to an instant; each row says when it was."""
        now = datetime.fromtimestamp(clock(), UTC)
        declared = measured(measurement)
        instant = moment("at", at) or now
        back = oldest(declared, age)
        question = Question(
            declared.name,
            names("fields", fields, [f.name for f in declared.values]),
            instant - back,
            instant,
            ROWS,
            scopes=(narrowed(asking, scope),),
            where=conditions(where, [*series_columns(declared), *LEVELS]),
            limit=limit,
            cursor=cursor,
        )
        network = levels()
        return await answered(
            request, gate, lambda budget: questions.at(question, back, network, budget),
            times.written(instant), people,
        )  # fmt: skip

    return router


def oldest(measurement: type[Measurement], age: str | None) -> timedelta:
    """How old a reading may be.

    Raises:
        QueryError: it is no duration, or too long a one.
    """
    given = seconds(age, "age")
    if given is None:
        return max(LEAST_AGE, timedelta(seconds=gap_seconds(measurement)))
    if timedelta(seconds=given) > MAX_AGE:
        raise QueryError("age: a day at most")
    return timedelta(seconds=given)
