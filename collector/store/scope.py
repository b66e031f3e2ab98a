"""Which rows a path prefix allows: "" all, a site, a container, or one host of it."""

import functools
import json
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.store.schema import CONTAINER_COLUMN
from vigie.errors import QueryError
from vigie.frame import TIME_COLUMN

HOST_COLUMN = "host"
KEYS_COLUMN = "keys"


def condition(
    schema: pa.Schema, start: int | None, end: int | None, scopes: Sequence[str],
    where: Mapping[str, Sequence[str]],
) -> Any:  # fmt: skip
    """Rows from `start` until before `end` (microseconds UTC), in scope, with those keys.

    Raises:
        QueryError: `where` names a column that the table lacks.
    """
    kind = schema.field(TIME_COLUMN).type
    parts = [pc.scalar(True)]
    if start is not None:
        parts.append(pc.field(TIME_COLUMN) >= pa.scalar(start, pa.int64()).cast(kind))
    if end is not None:
        parts.append(pc.field(TIME_COLUMN) < pa.scalar(end, pa.int64()).cast(kind))
    if "" not in scopes:
        allowed = [_within(schema, scope) for scope in scopes]
        parts.append(functools.reduce(operator.or_, allowed, pc.scalar(False)))
    for name, words in where.items():
        at = schema.get_field_index(name)
        if at < 0 or schema.field(at).type != pa.string():
            raise QueryError(f"no key {name!r} to ask for; there are {', '.join(_words(schema))}")
        parts.append(pc.field(name).isin(pa.array(list(words), pa.string())))
    return functools.reduce(operator.and_, parts)


def _words(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if field.type == pa.string()]


def _within(schema: pa.Schema, scope: str) -> Any:
    container = pc.field(CONTAINER_COLUMN)
    inside = (container == scope) | pc.starts_with(container, scope + "/")
    above, _, host = scope.rpartition("/")
    if HOST_COLUMN in schema.names:
        inside |= (container == above) & (pc.field(HOST_COLUMN) == host)
    elif KEYS_COLUMN in schema.names:
        said = json.dumps({HOST_COLUMN: host}, separators=(",", ":"), ensure_ascii=False)[1:-1]
        inside |= (container == above) & pc.match_substring(pc.field(KEYS_COLUMN), said)
    return inside
