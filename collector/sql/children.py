"""The processes that answer questions: one for each, few at once, and none outlives its question.

The collector hands on what a child says and does not look into it; it decides alone which files a
child may read, and gives the rows that are in none.
"""

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from collector.counters import Counters
from collector.sql import wire
from collector.sql.start import CODE, ENVIRONMENT
from collector.sql.wire import HEAD, message
from vigie.errors import QueryError, StoreError, Unavailable

log = logging.getLogger(__name__)

MOST: Final = 2
"""Questions at once; who comes then is asked to come back."""
SECONDS: Final = 30.0
"""That a child may take, less the time that its answer waits to be taken."""
WAIT_SECONDS: Final = 0.25
"""For a place to become free, before somebody is asked to come back; likewise in how long."""
RETRY_SECONDS: Final = 2.0
MAX_WANTS: Final = 200
"""How often a question may ask for the rows that are in no file: once for each time it names."""

Batches = Callable[[Sequence[str]], Iterator[pa.RecordBatch]]


class Unreadable(StoreError):
    """A file of a table could not be read."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one view is made of: files with their spans in microseconds, and what is in none.

    `memory` is the span of those rows, None where they have no times; `batches` gives them with
    some columns, `columns` are all it has.
    """

    files: Sequence[tuple[str, int, int]]
    memory: tuple[int, int] | None
    rows: bool
    columns: Sequence[str]
    batches: Batches


@dataclass(frozen=True, slots=True)
class Question:
    """A query, the form of its answer, and what each view that it names is made of.

    `told` goes into the answer as it is.
    """

    query: str
    form: str
    scopes: tuple[str, ...]
    told: Mapping[str, Any]
    parts: Mapping[str, Part]


class Children:
    """Starts them, counts them, keeps one that waits."""

    def __init__(self, counters: Counters, *, most: int = MOST, seconds: float = SECONDS) -> None:
        """Nothing is started before the first question."""
        self._counters, self._seconds = counters, seconds
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._spare: subprocess.Popen[bytes] | None = None
        self._running: set[Running] = set()
        self._closed = False
        self._warned = False
        counters.watch("sql_children", lambda: len(self._running))

    def begin(self, question: Question) -> "Running":
        """Put a question; who begins must close.

        Raises:
            Unavailable: as many as may be are being answered.
        """
        if self._closed or not self._free.acquire(timeout=WAIT_SECONDS):
            self._counters.add("sql_questions_total", outcome="busy")
            raise Unavailable("other queries are being answered", RETRY_SECONDS)
        try:
            running = Running(self._taken(), question, self._seconds, self._over)
        except BaseException:
            self._free.release()
            raise
        with self._lock:
            self._running.add(running)
        return running

    def close(self) -> None:
        """End every one of them."""
        self._closed = True
        for running in list(self._running):
            running.close()
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            _end(spare)

    def _taken(self) -> "subprocess.Popen[bytes]":
        """A process that waits for a question."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            if spare.poll() is None:
                return spare
            _end(spare)
        return started()

    def _over(self, running: "Running") -> None:
        """Its process is gone; the next question finds one that is warm."""
        with self._lock:
            self._running.discard(running)
        self._free.release()
        self._counters.add("sql_questions_total", outcome=running.outcome)
        self._tell(running.held)
        if self._closed:
            return
        fresh = started() if self._spare is None else None
        with self._lock:
            if self._spare is None and not self._closed:
                self._spare, fresh = fresh, None
        if fresh is not None:
            _end(fresh)

    def _tell(self, held: Sequence[str] | None) -> None:
        """Say once where the kernel does not confine a child as we wish."""
        if held is None:
            return
        self._counters.set("sql_confined", float(len(held) == wire.CONFINEMENTS))
        if len(held) < wire.CONFINEMENTS and not self._warned:
            self._warned = True
            log.warning(
                "queries are confined by their engine alone in part: this kernel lacks the rest",
                extra={"held": list(held)},
            )


class Running:
    """One question being answered by one process."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", question: Question, seconds: float,
        over: Callable[["Running"], None],
    ) -> None:  # fmt: skip
        """`over` is called once, when the process is gone."""
        self._process, self._question, self._over = process, question, over
        self._left = self._seconds = seconds
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._said = self._pieces()
        self.held: list[str] | None = None
        self.outcome = "cancelled"
        self.closed = self._gone = False

    def piece(self) -> bytes | None:
        """The next piece of the answer, None when that was all; waits for it.

        Raises:
            QueryError: the query is wrong, asks too much, or took too long.
            Unreadable: a file of a table is damaged, or gone.
            Unavailable: it was cancelled.
        """
        found = None
        try:
            with self._reading:
                found = next(self._said, None)
        finally:
            if found is None:  # all is said: the place is free before whoever asked knows
                self.close()
        return found

    def cancel(self) -> None:
        """End the process, from any thread: who waits for a piece waits no more."""
        self.closed = True
        self._process.kill()

    def close(self) -> None:
        """End the process and let go of it, from any thread; once is enough."""
        with self._lock:
            if self._gone:
                return
            self._gone = True
        self.cancel()
        with self._reading:
            _end(self._process)
        self._over(self)

    def _pieces(self) -> Iterator[bytes]:
        self._send(message(wire.ASK, self._asked()))
        wants = 0
        while True:
            kind, body = self._message()
            match kind:
                case wire.OUTPUT:
                    yield body
                case wire.WANT if wants < MAX_WANTS:
                    wants += 1
                    self._give(json.loads(body))
                case wire.BEGUN:
                    self.held = [str(one) for one in json.loads(body)["held"]]
                case wire.DONE:
                    self.outcome = "answered"
                    return
                case wire.FAILED:
                    raise self._failure(json.loads(body))
                case _:
                    raise self._broken()

    def _asked(self) -> bytes:
        asked = self._question
        views = {
            name: {"files": list(part.files), "memory": part.memory, "rows": part.rows}
            for name, part in asked.parts.items()
        }
        told = {
            "query": asked.query, "form": asked.form, "scopes": asked.scopes, "told": asked.told,
            "views": views, "seconds": round(self._seconds) + 1,
        }  # fmt: skip
        return json.dumps(told).encode()

    def _give(self, wanted: Any) -> None:
        """The rows of a view that are in no file: only of those that it was given."""
        part = self._question.parts.get(wanted["view"])
        columns = [str(name) for name in wanted["columns"]]
        if part is None or not set(columns) <= set(part.columns):
            raise self._broken()
        for batch in part.batches(columns):
            self._send(message(wire.ROWS, batch.serialize()))
        self._send(message(wire.NO_MORE))

    def _failure(self, told: Mapping[str, Any]) -> Exception:
        self.outcome = str(told["kind"])
        if told["kind"] == "file":
            return Unreadable("a file of a table cannot be read; it is looked at, ask again")
        return QueryError(str(told["detail"]))

    def _broken(self) -> Exception:
        """The process is no more, or says what no child says."""
        if self.closed:
            return Unavailable("the query was cancelled")
        self.outcome = "died"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        log.warning("a query's process ended", extra={"status": self._process.poll()})
        return QueryError(
            "the query's process ended before its answer: most likely it needed more memory or "
            "time than it may have; ask for less"
        )

    def _message(self) -> tuple[bytes, bytes]:
        kind, length = HEAD.unpack(self._exactly(HEAD.size))
        if length > wire.MAX_BYTES:
            raise self._broken()
        return kind, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        out = self._process.stdout
        assert out is not None  # noqa: S101 - as it was started
        pieces = bytearray()
        while len(pieces) < count:
            self._wait(out, select.POLLIN)
            try:
                piece = os.read(out.fileno(), min(count - len(pieces), 2**20))
            except OSError:
                piece = b""
            if not piece:
                raise self._broken()
            pieces += piece
        return bytes(pieces)

    def _send(self, data: bytes) -> None:
        into = self._process.stdin
        assert into is not None  # noqa: S101 - as it was started
        view = memoryview(data)
        while view:
            self._wait(into, select.POLLOUT)
            try:
                view = view[os.write(into.fileno(), view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._broken() from error

    def _wait(self, pipe: Any, event: int) -> None:
        """Until the child is ready; what it may take in all grows less by that."""
        poll = select.poll()
        poll.register(pipe.fileno(), event)
        began = time.monotonic()
        ready = poll.poll(max(0.0, self._left) * 1e3)
        self._left -= time.monotonic() - began
        if not ready:
            self.outcome = "slow"
            raise QueryError(
                f"the query took longer than {self._seconds:g} s: ask for a shorter time, for one "
                "container, or of the windows of 1 min or 1 h"
            )


def started() -> "subprocess.Popen[bytes]":
    """A process that waits for a question: nothing of ours is open in it, nothing told to it."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100 - "" is here
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", CODE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        cwd="/", env={**ENVIRONMENT, "PYTHONPATH": path}, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None  # noqa: S101 - as it was started
    os.set_blocking(process.stdin.fileno(), False)
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
