"""How the columns an agent sends become those that are stored: worked out once per schema.

An agent sends the same schema in every frame, so that the plan of a schema is made once, and a
frame costs a look-up and Arrow's own checks.
"""

from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pyarrow as pa

from collector.store import schema
from vigie import catalogue
from vigie.errors import FrameError
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Measurement

MEASUREMENTS: Final = {m.name: m for m in catalogue.MEASUREMENTS}
MAX_COLUMNS: Final = 512
MAX_NAME: Final = 128

# What a column may be sent as, when that loses nothing a reading has.
_WHOLE: Final = (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16())
_WIDER: Final[dict[pa.DataType, tuple[pa.DataType, ...]]] = {
    pa.float64(): (pa.float32(), pa.float16(), pa.int64(), pa.uint32(), *_WHOLE),
    pa.int64(): (pa.uint32(), *_WHOLE),
    pa.int32(): (pa.int8(), pa.int16(), pa.uint8(), pa.uint16()),
    pa.string(): (
        *(pa.dictionary(index, pa.string()) for index in (*_WHOLE, pa.int64(), pa.uint32())),
    ),
    pa.bool_(): (),
}
_FLAT: Final = frozenset(
    {*_WIDER, *(narrow for some in _WIDER.values() for narrow in some), pa.uint64(), pa.null()}
)
"""Column types that may be sent at all, even under a name that nobody knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All that is known of a schema beforehand.

    `read` is the schema to read with: the sender's, under the store's types where the bytes are
    the same. `fitted` are those of the stored columns that were sent, `picks` where each comes
    from, and `casts` which of those come in a narrower type.
    """

    measurement: type[Measurement]
    read: pa.Schema
    fitted: pa.Schema
    picks: list[int]
    casts: frozenset[int]
    keys: tuple[int, ...]
    quality: int
    host: int
    dictionaries: tuple[int, ...]
    dropped: tuple[str, ...]


@lru_cache(maxsize=512)
def plan(name: str, message: bytes) -> Plan:
    """The plan for a schema message of a measurement of the catalogue.

    Raises:
        FrameError: `schema`, `type`, `key` or `time`, naming measurement and column.
        ValueError: the message is no schema (Arrow's error), or a name in it no UTF-8.
    """
    measurement, sent = MEASUREMENTS[name], pa.ipc.read_schema(pa.py_buffer(message))
    _check_columns(measurement, sent)
    names = sent.names
    places = {name: n for n, name in enumerate(names)}
    known = {f.name for f in measurement.fields if f.origin == "agent"}
    _check_named(measurement, places)
    read = [pa.field(f"dropped_{n}", f.type) for n, f in enumerate(sent)]
    picks: list[int] = []
    casts: set[int] = set()
    for target in stored(name):
        if target.name not in places or target.name not in {TIME_COLUMN, *known}:
            continue
        source = places[target.name]
        picks.append(source)
        read[source] = target
        if _fits(measurement, sent.field(source), target):
            casts.add(source)
            read[source] = pa.field(target.name, sent.field(source).type)
    quality = places.get(QUALITY_COLUMN, -1)
    if quality >= 0:
        target = pa.field(QUALITY_COLUMN, pa.int32())
        _fits(measurement, sent.field(quality), target)
        read[quality] = sent.field(quality).with_nullable(True)
    target = stored(name)
    return Plan(
        measurement,
        pa.schema(read),
        pa.schema([target.field(sent.field(n).name) for n in picks]),
        picks,
        frozenset(casts),
        keys=tuple(range(1, 1 + len(measurement.keys))),
        quality=quality,
        host=next((n for n, k in enumerate(measurement.keys, 1) if k.name == "host"), -1),
        dictionaries=tuple(n for n, f in enumerate(read) if pa.types.is_dictionary(f.type)),
        dropped=tuple(
            name[:MAX_NAME]
            for name in names
            if name not in known and name not in {TIME_COLUMN, QUALITY_COLUMN}
        ),
    )


def _check_columns(measurement: type[Measurement], sent: pa.Schema) -> None:
    """Raise FrameError where there are too many columns, or of types that are not read."""
    if len(sent) > MAX_COLUMNS or len(set(sent.names)) < len(sent):
        raise FrameError(
            "schema", f"{measurement.name}: at most {MAX_COLUMNS} columns, each of its own name"
        )
    for field in sent:
        if field.type not in _FLAT and not pa.types.is_timestamp(field.type):
            raise _wrong_type(measurement, field, "a plain column")


def _check_named(measurement: type[Measurement], places: Container[str]) -> None:
    """Raise FrameError where a row could not say what it is of, or when."""
    for key in measurement.keys:
        if key.name not in places:
            raise FrameError("key", f"{measurement.name}.{key.name}: the key is missing")
    if TIME_COLUMN not in places:
        raise FrameError("time", f"{measurement.name}: the column {TIME_COLUMN} is missing")


@lru_cache(maxsize=256)
def stored(name: str) -> pa.Schema:
    """Time, keys and values of a measurement as stored; what intake adds is left out."""
    added = {schema.CONTAINER_COLUMN, QUALITY_COLUMN, schema.SUSPECT_COLUMN}
    return pa.schema([f for f in schema.raw(MEASUREMENTS[name]) if f.name not in added])


def _fits(measurement: type[Measurement], sent: pa.Field, target: pa.Field) -> bool:
    """Whether the column must be cast; FrameError where it cannot be."""
    if sent.type == target.type:
        return False
    if target.name == TIME_COLUMN and sent.type == pa.timestamp("us"):
        return False  # the same bytes; only the zone's name was left out
    if sent.type in _WIDER.get(target.type, ()):
        return True
    raise _wrong_type(measurement, sent, str(target.type))


def _wrong_type(measurement: type[Measurement], sent: pa.Field, wanted: str) -> FrameError:
    return FrameError(
        "type", f"{measurement.name}.{sent.name:.128}: {wanted} is wanted, not {sent.type!s:.80}"
    )
