"""`store`: how full it is, work on the whole of it, and its rows as files."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from collector import times
from collector.api import tables
from collector.api.access import Reading, narrowed, require
from collector.api.events import moment
from collector.api.latest import Scope
from collector.keeping import words
from collector.keeping.export import Export, Wanted, microseconds
from collector.keeping.formats import MEDIA, Format
from collector.keeping.keeper import Keeper
from collector.people import Caller, People
from collector.store.parts import Parts
from vigie.errors import Refused, Unavailable
from vigie.replies import ExportAbout, StoreStatus, StoreTask

EXPORTS: Final = 2
"""Exports at once: each has a thread for as long as it lasts."""
RETRY_SECONDS: Final = 30

Caretaker = Annotated[
    Caller, Depends(require("registrar", "operator", "shift lead", "auditor"))
]  # fmt: skip
From = Annotated[str | None, Query(alias="from", description="RFC 3339; default: the first row")]
To = Annotated[str | None, Query(alias="to", description="RFC 3339; default: the last row")]
Kind = Annotated[Format, Query(alias="format", description="parquet, csv or arrow")]


@dataclass(frozen=True, slots=True)
class Order:
    """What to do: verify, or backup to a directory of the collector's machine."""

    kind: Literal["verify", "backup"]
    directory: str = ""


def routes(
    keeper: Keeper, parts: Parts, people: People, clock: Callable[[], float]
) -> APIRouter:  # fmt: skip
    """`clock` tells Unix time."""
    router = APIRouter()
    _whole(router, keeper)
    _exports(router, parts, people, clock)
    return router


def _whole(router: APIRouter, keeper: Keeper) -> None:
    @router.get("/store")
    def status(asking: Reading) -> StoreStatus:
        """What is in the tables, how long it stays, and until when the disk will do."""
        _of_all(asking)
        return keeper.status()

    @router.post("/store/tasks")
    def begin(order: Order, asking: Caretaker) -> StoreTask:
        """Begin to verify the store, or to back it up: one at a time.

        A backup holds digests of every credential: that needs the role registrar.
        """
        _of_all(asking)
        if order.kind == "verify":
            return keeper.verify()
        if "registrar" not in asking.roles:
            raise Refused(403, "a backup needs the role registrar")
        return keeper.back_up(Path(order.directory))

    @router.get("/store/tasks/{task}")
    def task(task: str, asking: Reading) -> StoreTask:
        """How far it is, and what came of it."""
        _of_all(asking)
        return keeper.task(task)


def _of_all(asking: Caller) -> None:
    if asking.scope:
        raise Refused(403, f"the store holds more than your scope, {asking.scope!r}")


class _Turns:
    """Few at once."""

    def __init__(self, most: int) -> None:
        self._lock, self._left = threading.Lock(), most

    def taken(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces, counted from the first to the last, or until nobody wants more.

        Raises:
            Unavailable: too many are under way.
        """
        with self._lock:
            if not self._left:
                raise Unavailable("other exports are under way; wait for them", RETRY_SECONDS)
            self._left -= 1
        try:
            yield from pieces
        finally:
            with self._lock:
                self._left += 1


def _exports(
    router: APIRouter, parts: Parts, people: People, clock: Callable[[], float]
) -> None:  # fmt: skip
    turns = _Turns(EXPORTS)

    @router.get("/store/export/{table}/about")
    def about(
        asking: Reading, table: str, start: From = None, end: To = None, scope: Scope = None
    ) -> ExportAbout:
        """What an export of a table would hold: rows, units, and how much of it is simulated."""
        wanted = _wanted(asking, table, start, end, scope)
        found = Export(parts, wanted).containers()
        simulated = people.simulated()
        return ExportAbout(
            as_of=times.text(clock()), table=table, from_time=start, to_time=end,
            scope=wanted.scope, rows=sum(found.values()),
            simulated_share=tables.share(found, simulated),
            simulated_containers=[
                path for path in sorted(found) if any(tables.touch(path, s) for s in simulated)
            ],
            columns=words.described(table),
        )  # fmt: skip

    @router.get("/store/export/{table}", response_class=Response)
    def export(  # noqa: PLR0917
        asking: Reading, table: str, start: From = None, end: To = None,
        scope: Scope = None, kind: Kind = "parquet",
    ) -> Response:  # fmt: skip
        """Rows of a table as a file, as it is made; it ends early where it breaks off."""
        pieces = Export(parts, _wanted(asking, table, start, end, scope, kind)).pieces()
        counted = turns.taken(pieces)
        first = next(counted, b"")  # what is refused is refused before the answer begins
        return StreamingResponse(_with(first, counted), media_type=MEDIA[kind])


def _with(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _wanted(  # noqa: PLR0917
    asking: Caller, table: str, start: str | None, end: str | None, scope: str | None,
    kind: Format = "parquet",
) -> Wanted:  # fmt: skip
    first, last = microseconds(moment("from", start)), microseconds(moment("to", end))
    return Wanted(table, first, last, narrowed(asking, scope), kind)
