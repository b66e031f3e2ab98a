"""Errors as RFC 9457 documents: one shape, a machine word, and what to do."""

import dataclasses
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from vigie.errors import FrameError, QueryError, Refused, StoreError, Unavailable, VigieError
from vigie.replies import Problem

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
FAULTS: Final[Mapping[int, str]] = {
    400: "request", 401: "credential", 403: "forbidden", 404: "not_found", 405: "method",
    408: "slow", 409: "conflict", 413: "too_large", 415: "media_type", 422: "request",
    503: "unavailable",
}  # fmt: skip


def document(status: int, detail: str, fault: str = "") -> bytes:
    """A problem document as JSON."""
    title = HTTPStatus(status).phrase
    problem = Problem("about:blank", title, status, detail, fault or FAULTS.get(status, "error"))
    # ASCII only: a detail may quote what was sent, lone surrogates included.
    return json.dumps(dataclasses.asdict(problem)).encode()


def of(error: Exception) -> tuple[int, str, str, dict[str, str]]:
    """Status, detail, fault and headers that an error is answered with."""
    match error:
        case Refused():
            headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
            return error.status, str(error), FAULTS.get(error.status, "refused"), headers
        case FrameError():
            return 400, str(error), error.fault, {}
        case QueryError():
            return 400, str(error), "query", {}
        case Unavailable():
            after = max(1, round(error.retry_after or 5))
            return 503, str(error), "unavailable", {"Retry-After": str(after)}
        case StoreError():
            return 500, str(error), "store", {}
        case RequestValidationError():
            return 400, _first(error), "request", {}
        case HTTPException():
            return error.status_code, str(error.detail), "", dict(error.headers or {})
        case _:
            return 500, "the collector failed on this request; its log says more", "internal", {}


def answer(error: Exception) -> Response:
    """The response to an error."""
    status, detail, fault, headers = of(error)
    if status >= 500 and not isinstance(error, Unavailable):
        log.error("a request failed", exc_info=error)
    return Response(document(status, detail, fault), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have every error of an application answered so."""

    async def handle(_: Request, error: Exception) -> Response:
        return answer(error)

    for kind in (VigieError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)


def _first(error: RequestValidationError) -> str:
    found = error.errors()
    if not found:
        return "the request makes no sense"
    place = ".".join(str(part) for part in found[0].get("loc", ())[1:])
    return f"{place}: {found[0].get('msg', 'is wrong')}"[:500]
