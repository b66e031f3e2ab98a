"""What agents ask that only a collector knows: passed on to the first upstream, and its answer."""

import http.client
from typing import Final
from urllib.parse import urlsplit

from agent.relay.wire import JSON, Request, Response
from vigie.errors import Unavailable, VigieError

PATHS: Final = (
    ("POST", "/api/v1/credentials"),
    ("POST", "/api/v1/fragments"),
    ("GET", "/api/v1/fragments/key"),
    ("GET", "/api/v1/sessions/current"),
)
"""What an agent asks; a relay is no way round to the rest of the API."""
TIMEOUT_SECONDS: Final = 15.0
MAX_ANSWER_BYTES: Final = 8 * 2**20
_PASSED: Final = (
    "authorization", "content-type", "content-encoding", "idempotency-key", "vigie-clock",
)  # fmt: skip


class Through:
    """The way to the first upstream for requests that are not frames."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise VigieError(f"{url!r} is no http(s) URL of a collector")
        self._kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._netloc, self._root = parts.netloc, parts.path.rstrip("/")

    def knows(self, method: str, path: str) -> bool:
        """Whether this is passed on."""
        return (method, path) in PATHS

    def ask(self, request: Request) -> Response:
        """What the upstream answers.

        Raises:
            Unavailable: it does not.
        """
        connection = self._kind(self._netloc, timeout=TIMEOUT_SECONDS)
        headers = {name: request.headers[name] for name in _PASSED if name in request.headers}
        try:
            connection.request(
                request.method, self._root + request.path, request.body or None, headers
            )
            answer = connection.getresponse()
            text = answer.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"the upstream does not answer: {error}", 10) from error
        finally:
            connection.close()
        after = answer.headers.get("Retry-After", "")
        return Response(
            answer.status, text, answer.headers.get("Content-Type", JSON),
            int(after) if after.isdigit() else None,
        )  # fmt: skip
