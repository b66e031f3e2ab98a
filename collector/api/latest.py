"""The newest reading of every series, and what agents listed last."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from collector import times
from collector.api import tables
from collector.api.access import Reading, narrowed
from collector.inventory.devices import Inventories
from collector.people import People
from collector.store.live import Live
from collector.store.questions.current import Current
from collector.store.questions.levels import LEVELS, Levels
from collector.store.questions.question import MAX_TOP, Order, Rank
from collector.store.questions.selection import Selection
from collector.store.schema import CONTAINER_COLUMN, TIME_TYPE, raw, series_columns
from vigie import catalogue, replies
from vigie.document import suggestion
from vigie.errors import QueryError
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Inventory, Measurement, Quality

FEW_ROWS: Final = 500

Where = Annotated[list[str] | None, Query(description="key:value; repeatable")]
Scope = Annotated[str | None, Query(description="Path prefix; default: all you may see")]
Top = Annotated[
    int | None, Query(ge=1, le=MAX_TOP, description="Only so many, of which the first field ...")
]
Ranked = Annotated[
    Order | None, Query(description="... is highest, lowest, or has the greatest deviation")
]
Among = Annotated[
    str | None, Query(description="Deviation: from the median of those with the same key or level")
]
Fields = Annotated[str | None, Query(description="Names, with commas; default: all")]


def routes(
    live: Live, inventories: Inventories, levels: Callable[[], Levels], people: People,
    clock: Callable[[], float],
) -> APIRouter:  # fmt: skip
    """`levels` are those of the network in force; `clock` tells Unix time."""
    router = APIRouter()
    current = Current(live)

    @router.get("/latest/{measurement}", response_model=replies.Table)
    async def latest(  # noqa: PLR0917
        request: Request, asking: Reading, measurement: str, fields: Fields = None,
        where: Where = None, scope: Scope = None, top: Top = None, rank: Ranked = None,
        among: Among = None,
    ) -> Response:  # fmt: skip
        """The newest row of every series of a measurement, or the rows of an inventory.

        With `top`, those that stand out now, those most first.
        """
        within = narrowed(asking, scope)
        wanted = known(measurement)
        if issubclass(wanted, Inventory):
            if top is not None:
                raise QueryError("top: an inventory has none")
            rows = inventory_rows(inventories, wanted, within)
            found = chosen(chosen(rows, None, where), fields, None)
            tier, quality = "inventory", None
        else:
            keys = [*series_columns(wanted), *LEVELS]
            ranked = ranking(top, rank, among, keys)
            selection = Selection(
                series_columns(wanted), (within,), conditions(where, keys), levels()
            )
            names = columns(wanted, fields, needed=ranked is not None)
            some = selection.only is not None and ranked is None
            ask = partial(current.rows, wanted, selection, [*names, QUALITY_COLUMN], ranked)
            # A few rows are found sooner than a thread is; all of them must not keep others.
            found = ask() if some else await run_in_threadpool(ask)
            quality = worst(found)
            if fields or ranked:
                found = found.drop_columns([QUALITY_COLUMN])
            tier = "live"
        share = tables.simulated_share(found, people.simulated())
        trust = tables.Trust(times.text(clock()), tier, quality=quality, simulated_share=share)
        if len(found) <= FEW_ROWS:
            return tables.answer(request, found, trust)
        return await run_in_threadpool(tables.answer, request, found, trust)

    return router


def columns(measurement: type[Measurement], fields: str | None, *, needed: bool) -> list[str]:
    """Time, keys, and the fields asked for or all there are, quality apart.

    Raises:
        QueryError: a name is unknown, or `needed` and none is given.
    """
    schema = raw(measurement)
    asked = [name.strip() for name in (fields or "").split(",") if name.strip()]
    if needed and not asked:
        raise QueryError("top: name in fields what they stand out by")
    for name in asked:
        if name not in schema.names:
            raise QueryError(
                f"fields: none is called {name!r:.80}; {suggestion(name, schema.names)}"
            )
    first = [TIME_COLUMN, *series_columns(measurement)]
    rest = asked or [name for name in schema.names if name != QUALITY_COLUMN]
    return list(dict.fromkeys([*first, *(n for n in rest if n != QUALITY_COLUMN)]))


def conditions(where: Sequence[str] | None, keys: Sequence[str]) -> dict[str, list[str]]:
    """Words wanted by key or level.

    Raises:
        QueryError: a key is unknown.
    """
    found: dict[str, list[str]] = {}
    for key, value in map(parted, where or ()):
        if key not in keys:
            raise QueryError(f"where: no key is called {key!r:.80}; {suggestion(key, keys)}")
        found.setdefault(key, []).append(value)
    return found


def ranking(
    top: int | None, order: Order | None, among: str | None, keys: Sequence[str]
) -> Rank | None:
    """Which rows stand out, where that is asked.

    Raises:
        QueryError: `rank` or `among` say nothing without the rest, or name no key.
    """
    if top is None:
        if order is not None or among is not None:
            raise QueryError("rank and among: name how many with top")
        return None
    if among is not None and among not in keys:
        raise QueryError(f"among: no key or level {among!r:.80}; {suggestion(among, keys)}")
    if among is not None and order != "deviation":
        raise QueryError("among: only a deviation is from the median of peers; rank=deviation")
    return Rank(top, order or "highest", among)


def known(name: str) -> type[Measurement] | type[Inventory]:
    """The measurement or inventory of that name.

    Raises:
        QueryError: there is none; the message suggests one.
    """
    found = catalogue.measurement(name) or catalogue.inventory(name)
    if found is None:
        every = (*catalogue.MEASUREMENTS, *catalogue.OWN, *catalogue.INVENTORIES)
        names = [d.name for d in every]
        raise QueryError(f"no measurement is called {name!r:.80}; {suggestion(name, names)}")
    return found


def measured(live: Live, measurement: type[Measurement]) -> pa.Table:
    """The newest rows, with all columns even when there is none."""
    rows = live.table(measurement.name)
    return rows if rows.num_columns else raw(measurement).empty_table()


def inventory_rows(inventories: Inventories, declared: type[Inventory], scope: str) -> pa.Table:
    """An inventory's rows as a table: when each was listed, where, and its columns."""
    found = inventories.rows(declared.name, scope)
    listed = pa.array([row.time // 1000 for row in found], pa.int64()).cast(TIME_TYPE)
    columns = {
        TIME_COLUMN: listed,
        CONTAINER_COLUMN: pa.array([row.container for row in found], pa.string()),
    }
    for field in declared.fields:
        columns[field.name] = pa.array([row.content.get(field.name) for row in found], pa.string())
    return pa.table(columns)


def chosen(rows: pa.Table, fields: str | None, where: Sequence[str] | None) -> pa.Table:
    """The rows with those keys, and of them time, container, keys and the fields asked for.

    Raises:
        QueryError: a name is unknown.
    """
    for key, value in (parted(text) for text in where or ()):
        if key not in rows.column_names or rows.schema.field(key).type != pa.string():
            words = [f.name for f in rows.schema if f.type == pa.string()]
            raise QueryError(f"where: no key is called {key!r:.80}; {suggestion(key, words)}")
        rows = rows.filter(pc.equal(rows.column(key), value))
    if not fields:
        return rows
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    for name in wanted:
        if name not in rows.column_names:
            raise QueryError(
                f"fields: none is called {name!r:.80}; {suggestion(name, rows.column_names)}"
            )
    kept = {TIME_COLUMN, *wanted, *(f.name for f in rows.schema if f.type == pa.string())}
    return rows.select([name for name in rows.column_names if name in kept])


def parted(text: str) -> tuple[str, str]:
    """Key and value of a `where`.

    Raises:
        QueryError: there is no colon.
    """
    key, colon, value = text.partition(":")
    if not colon:
        raise QueryError(f"where: key:value is wanted, got {text!r:.80}")
    return key, value.encode(errors="replace").decode()


def worst(rows: pa.Table) -> str | None:
    """The least of the rows' qualities."""
    if QUALITY_COLUMN not in rows.column_names or not rows.num_rows:
        return None
    code: int = pc.max(rows.column(QUALITY_COLUMN)).as_py()
    return list(Quality)[code].value
