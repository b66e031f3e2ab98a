"""Turns of a model as the contents of frames: columns packed, within every limit of a frame."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from agent.encode import Block, Contents, Packed
from twin.turn import Column, Turn
from twin.wire import columns
from vigie import catalogue
from vigie.catalogue import NO_HOST, Device
from vigie.frame import MAX_EVENTS, MAX_ROWS, Happening, InventoryPart
from vigie.shape import Field, Kind, Measurement

BLOCK_BYTES: Final = 4 * 2**20
"""About how large a section may become: a request of 8 MiB is never asked how well it packs."""
FRAME_BYTES: Final = 6 * 2**20
DEVICES: Final = 3_000
"""Devices of one frame: a header is at most 1 MiB."""
_CELL_BYTES: Final = 8
_KEY_BYTES: Final = 64
_MICROSECOND: Final = 1_000

Devices = Sequence[Mapping[str, str | None]]
Part = tuple[int, Mapping[Field, Column], int]
"""Rows of one turn: time (µs), columns, how many."""


class Framer:
    """Packs what one container tells; the texts of its keys are encoded once."""

    def __init__(self) -> None:
        self._keys: dict[tuple[Field, int, int], tuple[tuple[Any, ...], Packed]] = {}

    def contents(self, turns: Sequence[Turn]) -> list[Contents]:
        """What these turns told, in as few frames as the limits allow; none where it is nothing."""
        told: dict[type[Measurement], list[Part]] = {}
        for turn in turns:
            for measurement, cells in turn.rows.items():
                count = len(next(iter(cells.values()), ()))
                if count:
                    part = (turn.time // _MICROSECOND, cells, count)
                    told.setdefault(measurement, []).append(part)
        blocks = [b for m, parts in told.items() for b in self._blocks(m, parts)]
        events = [happening for turn in turns for happening in turn.happenings]
        return list(_filled(blocks, events))

    def _blocks(self, measurement: type[Measurement], parts: Sequence[Part]) -> Iterator[Block]:
        """Rows of one measurement, cut where they would be too many for one section."""
        fields = _fields(measurement, parts)
        width = sum(_KEY_BYTES if f.kind is Kind.KEY else _CELL_BYTES for f in fields)
        most = min(MAX_ROWS, max(1, BLOCK_BYTES // width))
        some: list[Part] = []
        rows = 0
        for part in parts:
            for piece, start in _pieces(part, most):
                if some and rows + piece[2] > most:
                    yield self._block(measurement, fields, some)
                    some, rows = [], 0
                some.append(piece)
                rows += piece[2]
                if start:  # the rest of a turn that was cut stands alone
                    yield self._block(measurement, fields, some, start)
                    some, rows = [], 0
        if some:
            yield self._block(measurement, fields, some)

    def _block(
        self, measurement: type[Measurement], fields: Sequence[Field], parts: Sequence[Part],
        start: int = 0,
    ) -> Block:  # fmt: skip
        counts = np.array([count for _, _, count in parts])
        times = np.repeat(np.array([time for time, _, _ in parts], np.int64), counts)
        packed = {
            f: self._key(f, parts, start) if f.kind is Kind.KEY else _values(f, parts)
            for f in fields
        }
        return Block(measurement, len(times), columns.numbers(times), packed)

    def _key(self, declared: Field, parts: Sequence[Part], start: int) -> Packed:
        cells = tuple(_texts(declared, part) for part in parts)
        place = (declared, start, len(parts))
        seen, packed = self._keys.get(place, ((), None))
        if packed is None or not _same(seen, cells):
            first = cells[0]
            if all(_equal(first, other) for other in cells[1:]):
                packed = columns.words(_listed(first), len(cells))
            else:
                packed = columns.words([word for some in cells for word in _listed(some)])
            self._keys[place] = (cells, packed)
        return packed


def devices(rows: Devices) -> list[Contents]:
    """The whole inventory of devices: a snapshot, and what does not fit in its frame."""
    starts = range(0, max(1, len(rows)), DEVICES)
    return [
        Contents(inventories=[
            InventoryPart(Device.name, start == 0, tuple(rows[start : start + DEVICES]))
        ])
        for start in starts
    ]  # fmt: skip


def joined(first: Sequence[Contents], second: Sequence[Contents]) -> list[Contents]:
    """The inventories of the second in the frames of the first, as far as there are any."""
    merged = list(first)
    for number, more in enumerate(second):
        if number < len(merged):
            merged[number].inventories.extend(more.inventories)
        else:
            merged.append(more)
    return merged


def _filled(blocks: Sequence[Block], events: Sequence[Happening]) -> Iterator[Contents]:
    frame, rows, size = Contents(), 0, 0
    for block in blocks:
        more = sum(columns.size(c) for c in (block.times, *block.columns.values()))
        doubled = any(b.measurement is block.measurement for b in frame.blocks)
        if frame.blocks and (
            doubled or rows + block.length > MAX_ROWS or size + more > FRAME_BYTES
        ):
            yield frame
            frame, rows, size = Contents(), 0, 0
        frame.blocks.append(block)
        rows, size = rows + block.length, size + more
    cuts = [*range(0, len(events), MAX_EVENTS), len(events)]
    for start, end in pairwise(cuts):
        frame.events.extend(_placed(event) for event in events[start:end])
        yield frame
        frame = Contents()
    if frame.blocks:
        yield frame


def _placed(event: Happening) -> Happening:
    """The same, of no host where its event is about one and none is given."""
    declared = catalogue.event(event.code)
    if declared is None or "host" not in declared.keys or "host" in event.keys:
        return event
    return Happening(event.code, event.time, {"host": NO_HOST, **event.keys}, event.detail)


def _fields(measurement: type[Measurement], parts: Sequence[Part]) -> list[Field]:
    """Every key, and what any part says, in the order of the catalogue."""
    given = {declared for _, cells, _ in parts for declared in cells}
    return [f for f in measurement.fields if f in given or f.name == "host"]


def _pieces(part: Part, most: int) -> Iterator[tuple[Part, int]]:
    """A part whole, or cut; with where each piece starts."""
    time, cells, count = part
    if count <= most:
        yield part, 0
        return
    for start in range(0, count, most):
        cut = {f: some[start : start + most] for f, some in cells.items()}
        yield (time, cut, min(most, count - start)), start


def _texts(declared: Field, part: Part) -> Column:
    _, cells, count = part
    found = cells.get(declared)
    return [NO_HOST] * count if found is None else found


def _values(declared: Field, parts: Sequence[Part]) -> Packed:
    if len(parts) == 1:
        return columns.values(declared, parts[0][1][declared])
    given = [
        np.full(count, np.nan) if declared not in cells else columns.array(cells[declared])
        for _, cells, count in parts
    ]
    return columns.values(declared, np.concatenate(given))


def _listed(cells: Column) -> Sequence[str]:
    return cells.tolist() if isinstance(cells, np.ndarray) else cells  # type: ignore[return-value]


def _same(seen: Sequence[Column], cells: Sequence[Column]) -> bool:
    return len(seen) == len(cells) and all(map(_equal, seen, cells))


def _equal(one: Column, other: Column) -> bool:
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(np.asarray(one), np.asarray(other))
    return one == other
