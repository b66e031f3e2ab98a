"""Acts that are sent twice happen once: the first answer is kept for a day, and given again.

A `POST` with an `Idempotency-Key` is known by its key and its credential. An answer that holds a
secret is kept in memory only.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from weakref import WeakValueDictionary

from collector.api import problems
from vigie.database import Database, Table
from vigie.frame import MAX_REQUEST_BYTES

KEPT_SECONDS: Final = 86_400.0
MAX_KEY_BYTES: Final = 200
MAX_BODY_BYTES: Final = min(MAX_REQUEST_BYTES, 2**20)
MAX_SECRETS: Final = 10_000
SECRET_PATHS: Final = ("/api/v1/credentials", "/api/v1/sessions", "/api/v1/principals")
ASKING: Final = frozenset({"/api/v1/sql", "/api/v1/sessions/checks"})
"""Posts that change nothing; their answers may be large, and are never kept."""

TABLES: Final = (
    Table(
        "idempotency",
        "identity BLOB PRIMARY KEY, request BLOB NOT NULL, time REAL NOT NULL, "
        "status INTEGER NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL",
        indexes=("time",),
    ),
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and a digest of the request that it answered."""

    request: bytes
    time: float
    status: int
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it under which key, and a digest of what is asked."""

    identity: bytes
    request: bytes


class Idempotency:
    """ASGI around an application."""

    def __init__(self, app: App, database: Database, clock: Callable[[], float]) -> None:
        """`clock` tells Unix time."""
        self._app, self._database, self._clock = app, database, clock
        self._secrets: dict[bytes, Kept] = {}
        self._busy: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        body = await _body(receive)
        if body is None:
            await _answer(send, 413, problems.MEDIA_TYPE, problems.document(413, "too large"))
            return
        key = headers.get(b"idempotency-key", b"")
        if not key or scope["path"] in ASKING:
            await self._app(scope, _again(body, receive), send)
            return
        if len(key) > MAX_KEY_BYTES:
            detail = f"Idempotency-Key: at most {MAX_KEY_BYTES} bytes"
            await _answer(send, 400, problems.MEDIA_TYPE, problems.document(400, detail))
            return
        act = Act(
            _digest(key, headers.get(b"authorization", b"")),
            _digest(scope["path"].encode(errors="replace"), body),
        )
        async with self._busy.setdefault(act.identity, asyncio.Lock()):
            await self._once(act, scope, _again(body, receive), send)

    async def _once(self, act: Act, scope: Scope, receive: Receive, send: Send) -> None:
        identity = act.identity
        kept = self._secrets.get(identity) or await asyncio.to_thread(self._find, identity)
        if kept is not None and kept.time > self._clock() - KEPT_SECONDS:
            if kept.request == act.request:
                await _answer(send, kept.status, kept.kind, kept.body)
            else:
                detail = "this Idempotency-Key was used for another request; take a new one"
                text = problems.document(422, detail, "idempotency_key_reused")
                await _answer(send, 422, problems.MEDIA_TYPE, text)
            return
        answer = _Answer(send)
        await self._app(scope, receive, answer.send)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            done = Kept(act.request, self._clock(), answer.status, answer.kind, bytes(answer.body))
            if scope["path"].startswith(SECRET_PATHS):
                self._remember(identity, done)
            else:
                await asyncio.to_thread(self._write, identity, done)
        await answer.pass_on()

    def _remember(self, identity: bytes, kept: Kept) -> None:
        self._secrets[identity] = kept
        while len(self._secrets) > MAX_SECRETS:
            del self._secrets[next(iter(self._secrets))]

    def _find(self, identity: bytes) -> Kept | None:
        row = self._database.row("SELECT * FROM idempotency WHERE identity = ?", identity)
        if row is None:
            return None
        return Kept(row["request"], row["time"], row["status"], row["kind"], row["body"])

    def _write(self, identity: bytes, kept: Kept) -> None:
        with self._database.write() as write:
            write.execute("DELETE FROM idempotency WHERE time < ?", (kept.time - KEPT_SECONDS,))
            write.execute(
                "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
                (identity, kept.request, kept.time, kept.status, kept.kind, kept.body),
            )


class _Answer:
    """Holds an answer back until it is kept."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        self.status, self.kind, self.body = 0, "", bytearray()

    async def send(self, message: Message) -> None:
        self._messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.kind = dict(message["headers"]).get(b"content-type", b"").decode("latin-1")
        else:
            self.body += message.get("body", b"")

    async def pass_on(self) -> None:
        for message in self._messages:
            await self._send(message)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is too large for an act."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, then what else comes."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [
        (b"content-type", kind.encode("latin-1")), (b"content-length", str(len(body)).encode()),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
