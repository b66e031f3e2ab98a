"""The last readings as Prometheus text, on a port of its own; asking never triggers a reading.

Written from label strings that are made once for each row: with a metrics library the same page
costs thirty times more.
"""

import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent.encode import Rows
from vigie import catalogue
from vigie.shape import Field, Kind, Measurement, Value

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STALE_PERIODS: Final = 3
MAX_LABELS: Final = 20_000
MAX_REQUEST_BYTES: Final = 8_192
REQUEST_SECONDS: Final = 2.0
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Turn:
    """The rows `first` to `last` of one measurement; stale after `until` (monotonic seconds)."""

    columns: Mapping[Field, Sequence[Value]]
    first: int
    last: int
    until: float


class Exposition:
    """The newest rows of every measurement, of each source that gives some, and their text."""

    def __init__(self, container: str) -> None:
        self._container = container
        self._turns: dict[tuple[str, str], list[_Turn]] = {}
        self._labels: dict[tuple[Value, ...], str] = {}

    def update(self, source: str, rows: Rows, period: float, now: float) -> None:
        """Take the newest turn of these rows; it is shown for three periods.

        A source with a shorter period than its measurement gives some rows a turn: the others
        stay. One with the same gives all, and a row that it leaves out is gone.
        """
        measurement = rows.measurement
        lasts = STALE_PERIODS * max(period, measurement.period_seconds)
        turn = _Turn(dict(rows.columns), rows.newest, len(rows.times), now + lasts)
        at = (measurement.name, source)
        before = self._turns.get(at, []) if period < measurement.period_seconds else []
        kept = [turn, *(t for t in before if now <= t.until)]
        self._turns = {**self._turns, at: kept}  # as a whole: another thread reads it

    def text(self, now: float) -> str:
        """The page, at a monotonic time in seconds."""
        lines: list[str] = []
        of: dict[str, list[_Turn]] = {}
        for (name, _), turns in self._turns.items():
            of.setdefault(name, []).extend(t for t in turns if now <= t.until)
        for measurement in catalogue.MEASUREMENTS:
            self._lines(measurement, of.get(measurement.name, []), lines)
        return "\n".join(lines) + "\n" if lines else ""

    def _lines(
        self, measurement: type[Measurement], turns: Sequence[_Turn], lines: list[str]
    ) -> None:
        rows = self._rows(measurement, turns)
        for field in measurement.values:
            shown = [
                f"{field.full_name}{label} {_number(cell)}"
                for label, (turn, at) in rows.items()
                if field in turn.columns and (cell := turn.columns[field][at]) is not None
            ]
            if shown:
                kind = "counter" if field.kind is Kind.COUNTER else "gauge"
                lines.append(f"# HELP {field.full_name} {_help(field)}")
                lines.append(f"# TYPE {field.full_name} {kind}")
                lines.extend(shown)

    def _rows(
        self, measurement: type[Measurement], turns: Sequence[_Turn]
    ) -> dict[str, tuple[_Turn, int]]:
        """Where each row is, by its labels: of several with the same, the newest of a source."""
        rows: dict[str, tuple[_Turn, int]] = {}
        for turn in turns:
            keys = [turn.columns[k][turn.first : turn.last] for k in measurement.keys]
            for at, values in enumerate(zip(*keys, strict=True), turn.first):
                rows.setdefault(self._row(measurement, values), (turn, at))
        return rows

    def _row(self, measurement: type[Measurement], values: tuple[Value, ...]) -> str:
        known = self._labels.get((measurement.name, *values))
        if known is None:
            pairs = [("container", self._container)]
            pairs += zip((k.name for k in measurement.keys), map(str, values), strict=True)
            known = "{" + ",".join(f'{n}="{v.translate(_ESCAPES)}"' for n, v in pairs) + "}"
            if len(self._labels) >= MAX_LABELS:
                self._labels.clear()  # mounts come and go for years
            self._labels[(measurement.name, *values)] = known
        return known


def _number(cell: Value) -> str:
    return str(int(cell)) if isinstance(cell, bool) else repr(cell)


def _help(field: Field) -> str:
    words = field.doc.replace("\\", r"\\").replace("\n", r"\n")
    if field.kind is Kind.STATE:
        words += " " + ", ".join(f"{code} = {word}" for code, word in enumerate(field.codes))
    return words


class Server:
    """Answers `GET /metrics` and `GET /healthz`, one request after the other, and nothing else."""

    def __init__(
        self, address: tuple[str, int], page: Exposition, clock: Callable[[], float]
    ) -> None:
        """Listen at once; raises OSError when the address is taken."""
        self._page, self._clock = page, clock
        self._socket = socket.create_server(address, backlog=8)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        # Closing alone does not wake a thread in accept().
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            log.debug("metrics socket was down already")
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed
            with connection:
                try:
                    connection.settimeout(REQUEST_SECONDS)
                    connection.sendall(self._answer(_request(connection)))
                except OSError as error:
                    log.debug("metrics request failed", extra={"error": error})

    def _answer(self, request: bytes) -> bytes:
        words = request.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3:
            return _response("400 Bad Request", "bad request\n")
        path = words[1].split(b"?")[0]
        if words[0] != b"GET":
            return _response("405 Method Not Allowed", "only GET\n")
        if path == b"/metrics":
            return _response("200 OK", self._page.text(self._clock()), CONTENT_TYPE)
        if path == b"/healthz":
            return _response("200 OK", "ok\n")
        return _response("404 Not Found", "see /metrics\n")


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received and len(received) < MAX_REQUEST_BYTES:
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received


def _response(status: str, text: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
