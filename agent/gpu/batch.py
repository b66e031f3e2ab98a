"""Field values: many numbers of one GPU in one call, into a buffer that is made once.

The driver answers for the whole call and for each field. It writes 32-bit values over half of an
8-byte union, whose other half is whatever was there. A refusal is remembered for a day.
"""

import math
import struct
from collections.abc import Iterable, Sequence
from ctypes import byref, sizeof
from typing import Final

from pynvml import c_nvmlFieldValue_t

from agent.gpu.fields import Quantity, Query, Way
from agent.gpu.library import LOST, OVER, REFUSALS, REFUSED_SECONDS, Function, Handle, fine, within
from vigie.shape import Field, Kind, Value

_ITEM: Final = "24xIIQ"
"""After ids and times: type of the value, return code, the union."""
_MASKS: Final = {1: 2**32 - 1, 2: 2**64 - 1, 3: 2**64 - 1, 6: 2**16 - 1}
"""Which bits of the union count, by type of value (nvmlValueType_t), for unsigned ones."""
_SIGNED: Final = {0: "<d", 4: "<q", 5: "<i4x"}
ROUNDS: Final = 4
"""How often one turn may ask again because a refusal leaves another way to try."""

_Cell = float | int | None


class Batch:
    """Quantities of one GPU, asked together."""

    def __init__(
        self, function: Function | None, handle: Handle, quantities: Sequence[Quantity]
    ) -> None:
        """`function` is nvmlDeviceGetFieldValues, None where the driver has none."""
        self._function, self._handle, self._quantities = function, handle, quantities
        self._refusals: dict[Query, int] = {}
        self._plan()

    def read(self, now: int) -> dict[Field, Value]:
        """What the driver says, in base units; raises as `fine`."""
        if self._function is None:
            return {}
        if self._refusals and not within(now, min(self._refusals.values()), REFUSED_SECONDS):
            self._refusals.clear()
            self._plan()
        for _ in range(ROUNDS):
            if not self._items:
                break
            values, codes = self._ask(self._function)
            if not any(codes):
                return self._row(values)
            for at, code in enumerate(codes):
                if code:
                    values[at] = None
            if not self._refuse(codes, now):
                return self._row(values)
        return {}

    def _plan(self) -> None:
        """Choose the ways that are left, and make the buffer for them."""
        ways = [(q, way) for q in self._quantities if (way := self._way(q))]
        self.answered = frozenset(q.field for q, _ in ways)
        queries = list(dict.fromkeys(query for _, way in ways for query in way.queries))
        self._queries, place = queries, {query: at for at, query in enumerate(queries)}
        self._items = (c_nvmlFieldValue_t * len(queries))()
        for item, query in zip(self._items, queries, strict=True):
            item.fieldId, item.scopeId = query.number, query.scope
        self._whole = byref(self._items)
        self._shape = struct.Struct("<" + _ITEM * len(queries))
        self._alone = False
        self._types: tuple[int, ...] = ()
        self._masks: list[int] | None = None
        self._singles = [
            (q.field, place[way.queries[0]], way.factor, q.zero)
            for q, way in ways
            if len(way.queries) == 1 and q.field.kind in {Kind.GAUGE, Kind.COUNTER}
        ]
        self._sums = [
            (q.field, [place[query] for query in way.queries], way.factor)
            for q, way in ways
            if len(way.queries) > 1
        ]
        self._words = [
            (q.field, place[way.queries[0]])
            for q, way in ways
            if q.field.kind in {Kind.FLAG, Kind.STATE}
        ]

    def _way(self, quantity: Quantity) -> Way | None:
        left = (w for w in quantity.ways if self._refusals.keys().isdisjoint(w.queries))
        return next(left, None)

    def _ask(self, function: Function) -> tuple[list[_Cell], Sequence[int]]:
        """Values and return codes, in the order of the queries."""
        if not self._alone:
            self._alone = not fine(function(self._handle, len(self._queries), self._whole))
        if self._alone:  # one of them spoils the call: the driver says no to that one only
            size = sizeof(c_nvmlFieldValue_t)
            for at, item in enumerate(self._items):
                code = function(self._handle, 1, byref(self._items, at * size))
                if not fine(code):
                    item.nvmlReturn = code
        cells = self._shape.unpack(self._items)
        types, codes, raws = cells[0::3], cells[1::3], cells[2::3]
        if types != self._types:
            unsigned = all(t in _MASKS for t in types)
            self._types, self._masks = types, [_MASKS[t] for t in types] if unsigned else None
        if self._masks is not None:
            pairs = zip(raws, self._masks, strict=True)
            return [None if (v := raw & mask) == mask else v for raw, mask in pairs], codes
        return [decoded(t, raw) for t, raw in zip(types, raws, strict=True)], codes

    def _refuse(self, codes: Iterable[int], now: int) -> bool:
        """Remember refusals; whether there are new ones."""
        news = False
        for query, code in zip(self._queries, codes, strict=True):
            if code in LOST or code in OVER:
                fine(code)
            if code in REFUSALS:
                self._refusals[query] = now
                news = True
        if news:
            self._plan()
        return news

    def _row(self, values: Sequence[_Cell]) -> dict[Field, Value]:
        row: dict[Field, Value] = {}
        for field, at, factor, zero in self._singles:
            value = values[at]
            if value is not None and (value or zero):
                row[field] = value * factor
        for field, places, factor in self._sums:
            parts = [part for at in places if (part := values[at]) is not None]
            if len(parts) == len(places):
                row[field] = sum(parts) * factor
        for field, at in self._words:
            row[field] = word(field, values[at])
        return row


def decoded(kind: int, raw: int) -> _Cell:
    """The value of a union, by its type; None where it says "not available", or for a new type."""
    if kind in _MASKS:
        value = raw & _MASKS[kind]
        return None if value == _MASKS[kind] else value
    if kind not in _SIGNED:
        return None
    found: float | int = struct.unpack(_SIGNED[kind], raw.to_bytes(8, "little"))[0]
    if isinstance(found, float):
        whole = math.isfinite(found) and found.is_integer()
        return int(found) if whole else found if math.isfinite(found) else None
    return found


def word(field: Field, value: _Cell) -> Value:
    """A flag or state from its number; None for a state that a newer driver has added."""
    if value is None:
        return None
    if field.kind is Kind.FLAG:
        return bool(value)
    return int(value) if 0 <= value < len(field.codes) else None


def asked(
    function: Function | None, handle: Handle, queries: Sequence[Query]
) -> dict[Query, float | int]:
    """Single fields, off the hot path: those that the driver gives. Raises as `fine`."""
    found: dict[Query, float | int] = {}
    if function is None:
        return {}
    for query in queries:
        item = c_nvmlFieldValue_t(fieldId=query.number, scopeId=query.scope)
        if fine(function(handle, 1, byref(item))) and fine(item.nvmlReturn):
            value = decoded(*struct.unpack("<24xI4xQ", item))
            if value is not None:
                found[query] = value
    return found
