"""Rows over devices of windows that no table has yet, made of readings.

Every device is brought down to a row a window by its number, as for other questions, and devices
to a row a container. A whole window is made once, for all who ask before it is rolled up.
"""

from collections.abc import Hashable, Mapping
from datetime import datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa

from collector.rollups import over, window
from collector.rollups.columns import TIME_TYPE
from collector.store.questions.cells import Cells
from collector.store.questions.kept import Made, sources
from collector.store.questions.levels import LEVELS
from collector.store.questions.partial import Learned, Wanted
from collector.store.questions.reading import Reading, microseconds
from collector.store.questions.units import Units
from collector.store.scan import View
from collector.store.schema import CONTAINER_COLUMN
from collector.store.tiers import Part
from vigie.frame import TIME_COLUMN
from vigie.shape import Field

Columns = Mapping[Field, tuple[str, ...]]
"""The columns over devices that are wanted of each field, by suffix."""


def rows(reading: Reading, part: Part, width: int, columns: Columns) -> pa.Table:
    """Rows over devices of a part of the readings, in windows of `width` seconds.

    Raises:
        Changed: a file went; begin again.
        QueryError: there is too much to read.
    """
    found = []
    for piece in pieces(part, width):
        view = reading.view(piece)
        of, key = sources(view), _key(reading, piece, width, columns)
        made = None if key is None else reading.kept.get(key, of)
        if made is None:
            learned = Learned()
            made = Made(of, _rows(reading, piece, (view, width), columns, learned), learned)
            if key is not None:
                reading.kept.put(key, made)
        reading.learned.add(made.learned)
        found.append(made.rows)
    return pa.concat_tables(found)


def pieces(part: Part, width: int) -> list[Part]:
    """A part cut where windows begin."""
    start, end = part.start.timestamp(), part.end.timestamp()
    inner = range(int(start // width) + 1, -int(-end // width))
    cuts = [part.start, *(_at(n * width, part.start) for n in inner), part.end]
    return [Part(part.suffix, a, b) for a, b in pairwise(cuts)]


def _key(reading: Reading, piece: Part, width: int, columns: Columns) -> Hashable | None:
    """What tells apart what was made; None for what nobody may ask for again."""
    question = reading.question
    whole = (piece.end - piece.start).total_seconds() == width
    if not whole or any(name in LEVELS for name in question.where):  # a network may change
        return None
    where = frozenset((name, tuple(words)) for name, words in question.where.items())
    wanted = tuple((f.name, some) for f, some in columns.items())
    return reading.measurement.name, piece.start, width, question.scopes, where, wanted


def _rows(
    reading: Reading, piece: Part, of: tuple[View, int], columns: Columns, learned: Learned
) -> pa.Table:
    view, width = of
    fields = list(columns)
    needs = [_needs(columns[f]) for f in fields]
    cells = Cells(Units(reading.series), 1, needs)
    start, end = microseconds(piece.start), microseconds(piece.end)
    wanted = Wanted(
        fields, reading.series, needs, reading.selection, start, end, start, 0, rolled=False
    )
    for partial in reading.partials(piece, wanted, view):
        cells.add(partial)
        learned.add(partial.learned)
    schema = over.schema(reading.measurement, fields)
    paths = cells.units.words(CONTAINER_COLUMN).dictionary_encode()
    container, count = paths.indices.to_numpy().astype(np.int64), len(paths.dictionary)
    window_start = start // (width * 1_000_000) * width * 1_000_000
    made = {
        TIME_COLUMN: pa.array(np.full(count, window_start)).view(TIME_TYPE),
        CONTAINER_COLUMN: paths.dictionary,
        over.DEVICES_COLUMN: pa.array(np.bincount(container, minlength=count)),
    }
    for number, declared in enumerate(fields):
        devices = {name: cells.of(number, name)[:, 0] for name in needs[number]}
        types = {s: schema.field(f"{declared.name}_{s}").type for s in columns[declared]}
        told = window.gauge(devices, container, count, types)
        made |= {f"{declared.name}_{suffix}": column for suffix, column in told.items()}
    return pa.table(made, schema=pa.schema([schema.field(name) for name in made]))


def _needs(suffixes: tuple[str, ...]) -> list[str]:
    """What must be known of a device, to make these columns."""
    needs = {"min": ["low"], "max": ["high"], "count": [], "devices": []}
    found = [need for suffix in suffixes for need in needs.get(suffix, ["total"])]
    return list(dict.fromkeys(["count", *found]))


def _at(seconds: float, like: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, like.tzinfo)
