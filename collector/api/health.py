"""Is the collector alive, can it acknowledge and answer, what does it count: for anybody."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from collector.api import metrics
from collector.counters import Counters

RETRY_SECONDS: Final = 5


def routes(
    hindrance: Callable[[], str], behind: Callable[[], str], counters: Counters
) -> APIRouter:
    """`hindrance` says in a few words why frames cannot be acknowledged, or nothing.

    `behind` says why not everything that is held can be asked for yet.
    """
    router = APIRouter()

    @router.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """200 while the process answers at all."""
        return "alive\n"

    @router.get("/readyz", response_class=PlainTextResponse)
    async def readyz() -> Response:
        """200 when frames can be acknowledged; else 503 and why."""
        return _ready(hindrance())

    @router.get("/readyz/questions", response_class=PlainTextResponse)
    async def readyz_questions() -> Response:
        """200 when answers hold all that was acknowledged; else 503 and how far a start is."""
        return _ready(behind())

    @router.get("/metrics", response_class=PlainTextResponse)
    def self_telemetry() -> Response:
        """What the collector counts of itself, as Prometheus text."""
        return Response(metrics.exposition(counters), media_type=metrics.CONTENT_TYPE)

    return router


def _ready(why: str) -> Response:
    if not why:
        return PlainTextResponse("ready\n")
    return PlainTextResponse(f"{why}\n", 503, {"Retry-After": str(RETRY_SECONDS)})
