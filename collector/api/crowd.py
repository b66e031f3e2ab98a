"""How many requests may be answered at once, and how many were: senders' posts are not among them.

Frames are taken in the same process: who asks comes after who sends, so those who ask are bounded.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.routing import Route

from collector.api import problems
from collector.counters import Counters
from vigie.errors import Unavailable

AT_ONCE: Final = 200
"""Requests that are being answered; who comes beyond is told to come back."""
RETRY_SECONDS: Final = 1.0
STREAM: Final = "stream"
"""What stays open for hours, and has a bound of its own."""
NOUN: Final = 3
"""Where the noun stands in /api/v1/<noun>/..."""
OTHER: Final = "other"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Crowd:
    """ASGI around an application: bounds and counts what it answers, by noun."""

    def __init__(self, app: App, nouns: frozenset[str], counters: Counters) -> None:
        """`nouns` are those that routes begin with; whatever else is asked for is `other`."""
        self._app, self._nouns, self._counters = app, nouns, counters
        self._open: Counter[str] = Counter()
        counters.watch("requests_open", self._open.total)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, of one request."""
        noun = self._noun(scope["path"])
        self._counters.add("requests_total", noun=noun)
        if noun != STREAM and self._open.total() - self._open[STREAM] >= AT_ONCE:
            self._counters.add("requests_refused_total")
            error = Unavailable("too many ask at once; ask again", RETRY_SECONDS)
            await problems.answer(error)(scope, receive, send)
            return
        self._open[noun] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[noun] -= 1

    def _noun(self, path: str) -> str:
        parts = path.split("/", NOUN + 1)
        noun = parts[NOUN] if len(parts) > NOUN else parts[-1]
        return noun if noun in self._nouns else OTHER


def nouns(routers: Iterable[APIRouter]) -> frozenset[str]:
    """The nouns that the routes of these begin with."""
    routes = [route for router in routers for route in router.routes]
    return frozenset(r.path.split("/")[1] for r in routes if isinstance(r, Route))
