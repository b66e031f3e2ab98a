"""The process that answers one question: it reads what it may, gives up the rest, asks and ends.

It speaks by its standard input and output, as `wire` says, and lives for one question of one
principal. A spare one waits here, having read nothing yet.
"""

import json
import os
import select
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.acero
import pyarrow.dataset

from collector.sql import confine, written
from collector.sql.planned import BATCH_ROWS, Plan, Planned, Want
from collector.sql.views import views
from collector.sql.wire import ASK, BEGUN, DONE, FAILED, HEAD, NO_MORE, OUTPUT, WANT, message
from vigie.errors import QueryError

MEMORY: Final = "memory"
FILE: Final = "file"
"""Kinds of failure, beside that of the query."""
SPARE_SECONDS: Final = 300.0
"""A spare process that nobody asks by then ends."""
ENGINE_MEMORY: Final = "384MB"
PROCESS_MEMORY: Final = 1_200_000_000
"""Bytes of address space beside what Python and its libraries take at the start."""
TOO_MUCH: Final = (
    f"more memory than a query may have ({ENGINE_MEMORY}): aggregate, name fewer columns, or ask "
    "for a shorter time"
)
MAX_BYTES: Final = 256 * 2**20
PIECE_BYTES: Final = 256 * 1024
QUERIES: Final = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
ENGINE_FILES: Final = (Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
"""The engine looks there for how much memory there is, and aborts where it may not read them."""

_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "memory_limit": ENGINE_MEMORY,
    "threads": 1,
    "temp_directory": "",
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
_LOCKS: Final = (
    "SET TimeZone = 'UTC'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
"""Last: what is said above could not be said after them."""


def main() -> None:
    """Wait for a question, answer it, end."""
    into, out = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what a library prints is no part of the answer
        os.dup2(nowhere, number)
    known = views()
    written.cells(pa.array([0], pa.timestamp("us", tz="UTC")))  # loads what is loaded late
    pa.array([0], pa.timestamp("us", tz="UTC")).to_pylist()
    ready = select.select([into], [], [], SPARE_SECONDS)[0]
    if not ready:
        return
    pipe = Pipe(into, out)
    kind, body = pipe.read()
    if kind != ASK:
        return
    told = json.loads(body)
    confine.limit(PROCESS_MEMORY, told["seconds"])
    pa.set_cpu_count(1)
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208
    held = confine.enclose([*map(Path, _paths(told["views"])), *ENGINE_FILES])
    pipe.say(BEGUN, {"held": held, "threads": threads})
    began = time.monotonic()
    answer = Answer(pipe)
    try:
        rows = _answered(told, {name: view.schema for name, view in known.items()}, answer)
        answer.flush()
    except Exception as error:  # noqa: BLE001 - whatever becomes of a question, it is told
        why = _kind(error, _paths(told["views"]))
        pipe.say(FAILED, {"kind": why, "detail": TOO_MUCH if why == MEMORY else str(error)})
        return
    pipe.say(DONE, {"rows": rows, "bytes": answer.bytes, "seconds": time.monotonic() - began})


class Pipe:
    """The two ends of this process."""

    def __init__(self, into: int, out: int) -> None:
        self._into, self._out = into, out

    def say(self, kind: bytes, told: Mapping[str, Any]) -> None:
        """A message in JSON."""
        self.put(message(kind, json.dumps(told).encode(errors="replace")))

    def put(self, data: bytes) -> None:
        """All of it."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view) :]

    def read(self) -> tuple[bytes, bytes]:
        """The next message; the end of the process where nobody is there any more."""
        kind, length = HEAD.unpack(self._exactly(HEAD.size))
        return kind, self._exactly(length)

    def want(
        self, view: str, columns: Sequence[str], pick: Callable[[pa.RecordBatch], pa.Table]
    ) -> list[pa.Table]:
        """Rows of a view that are in no file; `pick` chooses of each batch as it comes."""
        self.say(WANT, {"view": view, "columns": list(columns)})
        known = views()[view].schema
        schema = pa.schema([known.field(name).with_nullable(True) for name in columns])
        found: list[pa.Table] = []
        while True:
            kind, body = self.read()
            if kind == NO_MORE:
                return found
            picked = pick(pa.ipc.read_record_batch(pa.py_buffer(body), schema))
            if picked.num_rows:
                found.append(picked)

    def _exactly(self, count: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < count:
            piece = os.read(self._into, min(count - len(pieces), 2**20))
            if not piece:
                os._exit(1)
            pieces += piece
        return bytes(pieces)


class Answer:
    """Collects what is written into pieces, and says when it is too much."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe, self._waiting, self.bytes = pipe, bytearray(), 0

    def put(self, data: bytes) -> None:
        """More of the answer.

        Raises:
            QueryError: it grew larger than any may be.
        """
        self.bytes += len(data)
        if self.bytes > MAX_BYTES:
            raise QueryError(f"the answer is larger than {MAX_BYTES >> 20} MiB: ask for less")
        self._waiting += data
        if len(self._waiting) >= PIECE_BYTES:
            self.flush()

    @property
    def want(self) -> Want:
        """What gives rows that are in no file."""
        return self._pipe.want

    def flush(self) -> None:
        """Send what waits."""
        for at in range(0, len(self._waiting), 2**20):
            self._pipe.put(message(OUTPUT, bytes(self._waiting[at : at + 2**20])))
        self._waiting.clear()


def _answered(told: Mapping[str, Any], known: Mapping[str, pa.Schema], answer: Answer) -> int:
    with engine() as connection:
        for name, schema in known.items():
            plan = Plan.of(told["views"][name]) if name in told["views"] else None
            connection.register(name, Planned(name, schema, plan, told["scopes"], answer.want))
        rows = asked(connection, told["query"])
        return written.write(told["form"], rows, told["told"], answer.put)


def engine() -> duckdb.DuckDBPyConnection:
    """The engine, with nothing in it and everything outside shut off."""
    connection = duckdb.connect(":memory:", config=_CONFIG)
    for lock in _LOCKS:
        connection.execute(lock)
    return connection


def asked(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """A reader of what one statement gives that only asks.

    Raises:
        QueryError: it is none, several, or one that does something.
        duckdb.Error: it is wrong; says where.
    """
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise QueryError(f"{len(statements)} statements; exactly one is wanted")
    if statements[0].type not in QUERIES:
        raise QueryError(
            f"{statements[0].type.name}: only queries are answered, which begin with SELECT, FROM, "
            "WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN; PIVOT wants its values named "
            "with IN"
        )
    try:
        return connection.sql(query).to_arrow_reader(BATCH_ROWS)
    except duckdb.Error:
        # Put the other way, which answers whole and not bit by bit, it says where in the query.
        connection.execute(query)
        raise


def _kind(error: Exception, files: Sequence[str]) -> str:
    kinds = MemoryError | duckdb.OutOfMemoryException | pa.ArrowMemoryError
    if isinstance(error, kinds) or "Out of Memory" in str(error):
        return MEMORY
    return FILE if any(file in str(error) for file in files) else "query"


def _paths(planned: Mapping[str, Any]) -> list[str]:
    return [path for plan in planned.values() for path, _, _ in plan["files"]]
