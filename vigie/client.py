"""The one client of the collector's API, used by the dashboard and the commands.

Blocking, standard library only, one connection per thread, kept alive. Answers are the dataclasses
of `replies`.
"""

import contextlib
import functools
import http.client
import json
import threading
import typing
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from vigie import replies
from vigie.errors import Refused, Unavailable, VigieError

T = TypeVar("T")


class Client:
    """Asks one collector with one credential."""

    def __init__(self, url: str, token: str, *, timeout: float = 10.0) -> None:
        """`url` is the API's root, as `http://127.0.0.1:8051`; `token` is the bearer token."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise VigieError(f"{url!r} is no http(s) URL of a collector")
        self.url, self._token, self._timeout = url.rstrip("/"), token, timeout
        self._secure, self._netloc = parts.scheme == "https", parts.netloc
        self._root = parts.path.rstrip("/") + "/api/v1/"
        self._local = threading.local()

    def get(self, reply: type[T], path: str, **query: object) -> T:
        """`GET /api/v1/<path>` as a `reply`; a list in `query` repeats its name.

        Raises:
            Refused: a 4xx, with the problem document's detail.
            Unavailable: no answer, a 5xx, or an answer that no collector gives.
        """
        asked = {k: v for k, v in query.items() if v is not None}
        suffix = "?" + urlencode(asked, doseq=True) if asked else ""
        return self._built(reply, self._json("GET", path + suffix, None))

    def post(self, reply: type[T], path: str, body: Mapping[str, object] | None = None) -> T:
        """`POST /api/v1/<path>` with a JSON body; raises as `get`."""
        return self._built(reply, self._json("POST", path, dict(body or {})))

    def pieces(self, path: str, body: Mapping[str, object], kind: str) -> Iterator[bytes]:
        """`POST /api/v1/<path>`, and the answer in that media type as it comes; raises as `get`.

        Also `Unavailable` where it breaks off: what came is not the whole then.
        """
        connection = self._connect()
        headers = {**self._headers(), "Accept": kind, "Content-Type": "application/json"}
        try:
            connection.request("POST", self._root + path, json.dumps(dict(body)), headers)
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                after = answer.headers.get("Retry-After", "")
                self._check(answer.status, float(after) if after.isdigit() else None, answer.read())
            while piece := answer.read1(2**16):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self.url}: the answer broke off: {error}") from error
        finally:
            connection.close()

    def download(self, path: str, **query: object) -> Iterator[bytes]:
        """`GET /api/v1/<path>`, whatever it is, as it comes; raises as `get`.

        Also `Unavailable` where it breaks off: what came is not the whole then.
        """
        asked = {name: value for name, value in query.items() if value is not None}
        connection = self._connect()
        try:
            target = f"{self._root}{path}?{urlencode(asked, doseq=True)}"
            connection.request("GET", target, headers={**self._headers(), "Accept": "*/*"})
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                self._check(answer.status, None, answer.read())
            while piece := answer.read1(2**16):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self.url}: the answer broke off: {error}") from error
        finally:
            connection.close()

    def delete(self, path: str) -> None:
        """`DELETE /api/v1/<path>`; raises as `get`."""
        self._json("DELETE", path, None)

    def stream(self, *, language: str = "fr") -> Iterator[tuple[str, Any]]:
        """(event, data) pairs of `GET stream`, until the collector ends it or goes away.

        A comment, by which the collector says that it is alive, comes as ("alive", None): whoever
        passes the stream on can then notice that nobody listens any more.
        """
        connection = self._connect()
        try:
            connection.request(
                "GET", f"{self._root}stream?language={quote(language)}", headers=self._headers()
            )
            answer = connection.getresponse()
            self._check(
                answer.status, None, b"" if answer.status == http.HTTPStatus.OK else answer.read()
            )
            event = "message"
            for line in answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    yield event, json.loads(value)
                elif line.startswith(b":"):
                    yield "alive", None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"{self.url}: stream ended: {error}") from error
        finally:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the calling thread's connection; the next question opens another."""
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None:
            kept.close()
            self._local.connection = None

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._netloc, timeout=self._timeout)

    def _json(self, method: str, path: str, body: dict[str, object] | None) -> Any:
        headers = self._headers()
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
            headers["Idempotency-Key"] = str(uuid.uuid4())
        status, retry_after, text = self._exchange(method, self._root + path, data, headers)
        self._check(status, retry_after, text)
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise Unavailable(f"{self.url}: answers something else: is it a collector?") from error

    def _check(self, status: int, retry_after: float | None, text: bytes) -> None:
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"{self.url}: {status} {_detail(text)}", retry_after)
        if status >= http.HTTPStatus.MULTIPLE_CHOICES:
            raise Refused(status, _detail(text))

    def _built(self, reply: type[T], data: Any) -> T:
        try:
            built: T = build(reply, data)
        except (TypeError, AttributeError, ValueError) as error:
            wanted = f"answers no {reply.__name__}: is it a collector of this version?"
            raise Unavailable(f"{self.url}: {wanted} ({error})") from error
        return built

    def _exchange(
        self, method: str, target: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, float | None, bytes]:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None:
            # A kept connection may have been closed by the other side meanwhile: once more on a
            # fresh one. Acts carry an idempotency key, so that twice is once.
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self._once(kept, method, target, data, headers)
        try:
            return self._once(self._connect(), method, target, data, headers)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self.url}: no answer: {error}") from error

    def _once(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        data: bytes | None,
        headers: dict[str, str],
    ) -> tuple[int, float | None, bytes]:
        self._local.connection = None
        try:
            connection.request(method, target, data, headers)
            answer = connection.getresponse()
            text = answer.read()
        except BaseException:
            connection.close()
            raise
        self._local.connection = connection
        after = answer.headers.get("Retry-After")
        return answer.status, float(after) if after and after.isdigit() else None, text


def _detail(text: bytes) -> str:
    try:
        problem = json.loads(text)
        return str(problem.get("detail") or problem.get("title") or problem)
    except (ValueError, AttributeError):
        return text.decode(errors="replace")[:200]


def build(kind: Any, data: Any) -> Any:
    """The dataclass, list, tuple, dict or plain value of type `kind` that `data` (JSON) spells.

    Unknown members are left out, so that an older client reads a newer collector.
    """
    make = _maker(kind)
    return data if make is None or data is None else make(data)


Make = Callable[[Any], Any]


@functools.cache
def _maker(kind: Any) -> Make | None:
    """What makes values of a type, or None: they are as JSON has them.

    Found once for each: an answer has thousands of the same.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, UnionType}:
        known = [a for a in arguments if a is not type(None)]
        return _maker(known[0]) if len(known) == 1 else None
    if origin is list:
        make = _maker(arguments[0])
        return list if make is None else lambda data: [build(arguments[0], item) for item in data]
    if origin is tuple:
        return lambda data: tuple(build(a, i) for a, i in zip(arguments, data, strict=False))
    if origin is dict:
        return lambda data: {k: build(arguments[1], v) for k, v in data.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return functools.partial(_made, kind)
    return None


def _made(kind: Any, data: Any) -> Any:
    made = {
        name: data[name] if make is None or data[name] is None else make(data[name])
        for name, make in _members(kind)
        if name in data
    }
    return kind(**made)


@functools.cache
def _members(kind: Any) -> list[tuple[str, Make | None]]:
    """The fields of a dataclass; apart from `_maker`, since one may hold its own kind."""
    hints = typing.get_type_hints(kind, vars(replies))
    return [(field.name, _maker(hints[field.name])) for field in fields(kind)]
