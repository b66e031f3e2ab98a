"""Who may send, and how much, before a byte of the body is read."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

from collector.counters import Counters
from collector.people import SENDERS, Caller
from collector.store.entry import Clock, Envelope
from vigie.errors import FrameError, Refused, Unavailable
from vigie.frame import (
    CLOCK_HEADER,
    CONTENT_TYPE,
    MAX_KEY_BYTES,
    MAX_REQUEST_BYTES,
    SCOPE_HEADER,
)
from vigie.network.places import inside

IN_HAND_BYTES: Final = 96 * 2**20
"""Bodies being read and decoded at one time; the store bounds what waits after that."""
FAULTS: Final[Mapping[int, str]] = {
    401: "credential", 403: "scope", 408: "slow", 413: "too_large", 415: "media_type",
}  # fmt: skip
_CLOCK: Final = CLOCK_HEADER.lower().encode()
_SCOPE: Final = SCOPE_HEADER.lower().encode()

Headers = Mapping[bytes, bytes]
"""Request headers, names in small letters."""


class Door:
    """Lets requests of senders in, one after the other and not too many at once."""

    def __init__(
        self, known: Callable[[str], Caller | None], full: Callable[[], bool], counters: Counters,
        clock: Callable[[], int], *, kind: str = CONTENT_TYPE, name: str = "frames",
    ) -> None:  # fmt: skip
        """`known` tells who holds a token, `full` that the disk takes no more.

        `clock` is nanoseconds UTC, `kind` the media type of what is let in; refusals are counted
        under `name`.
        """
        self._known, self._full = known, full
        self._counters, self._clock = counters, clock
        self._kind, self._name, self._in_hand = kind, name, 0

    def sender(self, headers: Headers) -> Caller:
        """Who sends.

        Raises:
            Refused: 401 without a valid credential, 403 for one that may not send.
        """
        caller = self._known(bearer(headers.get(b"authorization", b"").decode("latin-1")))
        if caller is None:
            raise Refused(401, "a valid credential is wanted: Authorization: Bearer <token>")
        if caller.kind not in SENDERS:
            raise Refused(403, f"a {caller.kind} may not send; enrol an agent")
        return caller

    def enter(self, headers: Headers, caller: Caller) -> Envelope:
        """What to write on the request.

        Raises:
            Unavailable: the disk is full or too much is in hand; nothing was read.
            Refused: 413 or 415, by what the headers say; 403, they say more than it may.
            FrameError: `clock` or `scope`, the header is none.
        """
        if self._full():
            raise Unavailable("the disk is nearly full; keep it and come back", 30)
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != self._kind.encode():
            raise Refused(415, f"Content-Type is to be {self._kind}")
        encoding = headers.get(b"content-encoding", b"").strip().lower()
        if encoding not in {b"", b"identity", b"zstd"}:
            raise Refused(415, "Content-Encoding is to be zstd, or none")
        if length(headers) > MAX_REQUEST_BYTES:
            raise too_large()
        return Envelope(
            caller.principal, caller.scope, caller.simulated, self._clock(),
            encoding == b"zstd", _clocks(headers.get(_CLOCK, b"")),
            _scopes(headers.get(_SCOPE, b""), caller.scope),
        )  # fmt: skip

    def take(self, size: int) -> None:
        """Have `size` more bytes in hand, that came; raises Unavailable when it is too much."""
        if self._in_hand and self._in_hand + size > IN_HAND_BYTES:
            raise Unavailable("too many requests at once; come back soon", 1)
        self._in_hand += size

    def leave(self, size: int) -> None:
        """They are in the store's hands, or gone."""
        self._in_hand -= size

    def count_refused(self, caller: Caller | None, fault: str) -> None:
        """Count a refusal under the name of who sent it."""
        agent = "unknown" if caller is None else caller.name
        self._counters.add(f"{self._name}_refused_total", agent=agent, fault=fault)


def bearer(authorization: str) -> str:
    """The token of an Authorization header; empty where there is none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def length(headers: Headers) -> int:
    """What Content-Length says; the most that may come where it says nothing."""
    text = headers.get(b"content-length", b"")
    return int(text) if text.isdigit() else MAX_REQUEST_BYTES


def too_large() -> Refused:
    """The refusal of a body over the limit."""
    return Refused(413, f"a request is at most {MAX_REQUEST_BYTES} bytes; send less at once")


def _clocks(text: bytes) -> dict[str, Clock]:
    """The sender's clocks by boot; a relay tells one for each agent of the request."""
    told = text.decode("latin-1").split(",") if text else []
    return {clock.boot: clock for clock in map(_clock, told)}


def _clock(text: str) -> Clock:
    parts = text.strip(" ").split(" ")
    if (
        len(parts) != 3
        or not 0 < len(parts[0]) <= MAX_KEY_BYTES
        or not all(part.isdecimal() and len(part) < 20 for part in parts[1:])
    ):
        raise FrameError("clock", f"{CLOCK_HEADER} is to be <boot> <wall ns> <monotonic ns>")
    return Clock(parts[0], int(parts[1]), int(parts[2]))


def _scopes(text: bytes, whole: str) -> dict[str, str]:
    """What the agents behind a relay may speak for, by boot: never more than the relay."""
    scopes = {}
    for told in text.decode("latin-1").split(",") if text else ():
        boot, _, path = told.strip(" ").partition(" ")
        scopes[unquote(boot)] = scope = unquote(path)
        if not boot or not scope:
            raise FrameError("scope", f"{SCOPE_HEADER} is to be <boot> <site/container/host>")
        if not inside(scope, whole):
            raise Refused(403, f"{scope!r:.400} is outside the scope {whole!r} of this credential")
    return scopes
