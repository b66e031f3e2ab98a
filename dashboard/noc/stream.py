"""The API's stream of news, passed on under our own origin to the pages of one person.

Each open page holds one thread here and one at the collector, so pages are bounded: beyond, a
page is told to come back later, and lives on its polling meanwhile.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Final

import flask

from vigie.client import Client
from vigie.errors import Refused, Unavailable

MAX_STREAMS: Final = 24
RETRY_MILLISECONDS: Final = 3_000
TIMEOUT_SECONDS: Final = 25.0
"""The API says something every ten seconds."""
ALERT: Final = "alert"
CHANGED: Final = "event: changed\ndata: {}\n\n"

_log = logging.getLogger(__name__)


def stand(server: flask.Flask, connect: Callable[[str], Client]) -> None:
    """Route `/stream`: an event `changed` for every alert that the API tells.

    `connect` gives a client that speaks with a token, and waits longer than the API is silent.
    """
    free = threading.BoundedSemaphore(MAX_STREAMS)

    @server.get("/stream")
    def stream() -> flask.typing.ResponseReturnValue:
        if not free.acquire(blocking=False):
            return flask.Response("503: too many open pages\n", 503, headers={"Retry-After": "15"})
        response = flask.Response(
            told(connect(flask.g.visit.token)), content_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )  # fmt: skip
        # Called however the answer ends, also when it never began.
        response.call_on_close(free.release)
        return response


def told(client: Client) -> Iterator[str]:
    """The stream's text. What happened is not passed on: the page asks its board for it.

    Every other news becomes a comment, so that a page that is gone is noticed.
    """
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    try:
        for event, _ in client.stream():
            yield CHANGED if event == ALERT else ": alive\n\n"
    except (Refused, Unavailable) as error:
        _log.info("stream ended", extra={"why": str(error)})
