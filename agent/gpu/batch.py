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

from agent.gpu.fields import ECC_MODE, LINK_COUNT, Quantity, Query, Way
from agent.gpu.library import (
    LOST,
    OVER,
    REFUSALS,
    REFUSED_SECONDS,
    SUCCESS,
    Function,
    Handle,
    Library,
    fine,
    within,
)
from vigie.shape import Field, Kind, Value

_ITEM: Final = "24xIIQ"
"""After ids and times: type of the value, return code, the union."""
_SMALL: Final = "24xQI4x"
_BIG: Final = "24xQQ"
"""The same with type and code as one number, and of the union only what counts."""
_KNOWN: Final = {1: _SMALL, 2: _BIG, 3: _BIG}
_MASKS: Final = {1: 2**32 - 1, 2: 2**64 - 1, 3: 2**64 - 1, 6: 2**16 - 1}
"""Which bits of the union count, by type of value (nvmlValueType_t), for unsigned ones."""
_SIGNED: Final = {0: "<d", 4: "<q", 5: "<i4x"}
ALONE_SECONDS: Final = 600.0
"""How long a call that failed as a whole is replaced by one call a field."""
ROUNDS: Final = 4
"""How often one turn may ask again because a refusal leaves another way to try."""

_NONE: Final = {2**32 - 1, 2**64 - 1}
"""How a driver says "not available" in a value."""

Cell = float | int | None


class Plan:
    """One call for some quantities: a way for each, a buffer, and how to read it.

    GPUs that are asked the same share it.
    """

    def __init__(self, function: Function, chosen: Sequence[tuple[Quantity, Way]]) -> None:
        """`function` is nvmlDeviceGetFieldValues."""
        self._function = function
        self.answered = frozenset(quantity.field for quantity, _ in chosen)
        self.queries = list(dict.fromkeys(query for _, way in chosen for query in way.queries))
        place = {query: at for at, query in enumerate(self.queries)}
        self._items = (c_nvmlFieldValue_t * len(self.queries))()
        for item, query in zip(self._items, self.queries, strict=True):
            item.fieldId, item.scopeId = query.number, query.scope
        self._whole = byref(self._items)
        self._shape = struct.Struct("<" + _ITEM * len(self.queries))
        self._types: tuple[int, ...] = ()
        self._usual: struct.Struct | None = None
        singles = [
            (q, place[way.queries[0]], way.factor) for q, way in chosen if len(way.queries) == 1
        ]
        numbers = [one for one in singles if one[0].field.kind in {Kind.GAUGE, Kind.COUNTER}]
        self._numbers = [(q.field, at, factor) for q, at, factor in numbers if q.zero]
        self._never_zero = [(q.field, at, factor) for q, at, factor in numbers if not q.zero]
        self._words = [
            (q.field, at) for q, at, _ in singles if q.field.kind in {Kind.FLAG, Kind.STATE}
        ]
        self._sums = [
            (q.field, [place[query] for query in way.queries], way.factor)
            for q, way in chosen
            if len(way.queries) > 1
        ]

    def together(self, handle: Handle) -> bool:
        """Have the driver fill the buffer in one call; whether it did. Raises as `fine`."""
        code = self._function(handle, len(self.queries), self._whole)
        return code == SUCCESS or fine(code)

    def each(self, handle: Handle) -> None:
        """The same by one call a field, for a driver that says no to all because of one."""
        size = sizeof(c_nvmlFieldValue_t)
        for at, item in enumerate(self._items):
            code = self._function(handle, 1, byref(self._items, at * size))
            if not fine(code):
                item.nvmlReturn = code

    def usual(self) -> Sequence[Cell] | None:
        """The values in the buffer, if all came and are of the types that came before."""
        if self._usual is None:
            return None
        cells = self._usual.unpack(self._items)
        values = cells[1::2]
        return values if cells[0::2] == self._types and not (_NONE & {*values}) else None

    def decoded(self) -> tuple[Sequence[Cell], Sequence[int]]:
        """Values and return codes in the buffer; learns the types of values for `usual`."""
        cells = self._shape.unpack(self._items)
        types, codes = cells[0::3], cells[1::3]
        if not any(codes) and all(t in _KNOWN for t in types):
            self._types = types
            self._usual = struct.Struct("<" + "".join(_KNOWN[t] for t in types))
        triples = zip(types, codes, cells[2::3], strict=True)
        return [None if code else decoded(t, raw) for t, code, raw in triples], codes

    def row(self, values: Sequence[Cell]) -> dict[Field, Value]:
        """Values in the order of the queries, as fields in base units."""
        row: dict[Field, Value] = {
            field: value * factor
            for field, at, factor in self._numbers
            if (value := values[at]) is not None
        }
        for field, at, factor in self._never_zero:
            if value := values[at]:
                row[field] = value * factor
        for field, places, factor in self._sums:
            parts = [part for at in places if (part := values[at]) is not None]
            if len(parts) == len(places):
                row[field] = sum(parts) * factor
        for field, at in self._words:
            row[field] = word(field, values[at])
        return row


class Plans:
    """Every plan in use under one driver."""

    def __init__(self, library: Library) -> None:
        self._function = library.function("nvmlDeviceGetFieldValues")
        self._made: dict[tuple[tuple[Quantity, Way], ...], Plan] = {}

    def of(self, chosen: tuple[tuple[Quantity, Way], ...]) -> Plan | None:
        """The plan for those ways; None where there is nothing to ask."""
        if self._function is None or not chosen:
            return None
        if chosen not in self._made:
            self._made[chosen] = Plan(self._function, chosen)
        return self._made[chosen]

    def links(self, handle: Handle) -> int | None:
        """How many NVLinks a GPU has; raises as `fine`."""
        count = self._asked(handle, LINK_COUNT)
        return None if count is None else int(count)

    def ecc(self, handle: Handle) -> bool | None:
        """Whether a GPU corrects its memory: its counters mean nothing where it does not."""
        mode = self._asked(handle, ECC_MODE)
        return None if mode is None else bool(mode)

    def _asked(self, handle: Handle, query: Query) -> Cell:
        """One field, off the hot path."""
        item = c_nvmlFieldValue_t(fieldId=query.number, scopeId=query.scope)
        if self._function is None or not fine(self._function(handle, 1, byref(item))):
            return None
        kind, code, raw = struct.unpack("<" + _ITEM, item)
        return decoded(kind, raw) if fine(code) else None


class Batch:
    """Quantities of one GPU, asked together, by the ways that it does not refuse."""

    def __init__(self, plans: Plans, handle: Handle, quantities: Sequence[Quantity]) -> None:
        self._plans, self._handle, self._quantities = plans, handle, quantities
        self._refusals: set[Query] = set()
        self._refused: int | None = None
        self._plan: Plan | None = None
        self._alone: int | None = None
        self._choose()

    @property
    def answered(self) -> frozenset[Field]:
        """The fields that have a way left."""
        return self._plan.answered if self._plan is not None else frozenset()

    def read(self, now: int) -> dict[Field, Value]:
        """What the driver says, in base units; raises as `fine`."""
        if self._refused is not None and not within(now, self._refused, REFUSED_SECONDS):
            self._refusals.clear()
            self._refused = None
            self._choose()
        for _ in range(ROUNDS):
            plan = self._plan
            if plan is None:
                break
            if within(now, self._alone, ALONE_SECONDS):
                plan.each(self._handle)
            elif not plan.together(self._handle):
                self._alone = now
                plan.each(self._handle)
            values = plan.usual()
            if values is not None:
                return plan.row(values)
            values, codes = plan.decoded()
            if not self._refuse(plan, codes, now):
                return plan.row(values)
        return {}

    def _choose(self) -> None:
        """The first way of each quantity that is not refused."""
        chosen = []
        for quantity in self._quantities:
            left = (way for way in quantity.ways if self._refusals.isdisjoint(way.queries))
            if (way := next(left, None)) is not None:
                chosen.append((quantity, way))
        self._plan, self._alone = self._plans.of(tuple(chosen)), None

    def _refuse(self, plan: Plan, codes: Iterable[int], now: int) -> bool:
        """Remember refusals; whether there are new ones."""
        before = len(self._refusals)
        for query, code in zip(plan.queries, codes, strict=True):
            if code in LOST or code in OVER:
                fine(code)
            if code in REFUSALS:
                self._refusals.add(query)
        if len(self._refusals) == before:
            return False
        self._refused = now if self._refused is None else self._refused
        self._choose()
        return True


def decoded(kind: int, raw: int) -> Cell:
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


def word(field: Field, value: Cell) -> Value:
    """A flag or state from its number; None for a state that a newer driver has added."""
    if value is None:
        return None
    if field.kind is Kind.FLAG:
        return bool(value)
    return int(value) if 0 <= value < len(field.codes) else None
