"""Columns of a model as Arrow wants them in memory: whole arrays at a time, no value alone."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.encode import Packed
from twin.turn import Column
from vigie.frame import column_type
from vigie.shape import Field

_TYPES: Final = {"int32": np.int32, "int64": np.int64, "double": np.float64}


def numbers(times: NDArray[np.int64]) -> Packed:
    """A column of whole numbers of which none is null, as times are."""
    return Packed((None, np.ascontiguousarray(times, np.int64)))


def values(declared: Field, cells: Column) -> Packed:
    """A column of a field that is no key; NaN, and None in a list, become null.

    What the store keeps whole is rounded.
    """
    given, kind = array(cells), column_type(declared)
    nulls, valid = 0, None
    if given.dtype.kind == "f":
        unknown = np.isnan(given)
        nulls = int(np.count_nonzero(unknown))
        valid = _bits(~unknown) if nulls else None
        if kind != "double":
            given = np.rint(np.where(unknown, 0.0, given) if nulls else given)
    if kind == "bool":
        return Packed((valid, _bits(given != 0)), nulls)
    return Packed((valid, np.ascontiguousarray(given, _TYPES[kind])), nulls)


def words(cells: Sequence[str], times: int = 1) -> Packed:
    """A column of texts, none of them null, so many times over."""
    text = "".join(cells)
    data = text.encode()
    if len(data) == len(text):
        lengths = np.fromiter(map(len, cells), np.int32, len(cells))
    else:
        lengths = np.fromiter((len(cell.encode()) for cell in cells), np.int32, len(cells))
    offsets = np.zeros(len(cells) * times + 1, np.int32)
    np.cumsum(np.tile(lengths, times), out=offsets[1:])
    return Packed((None, offsets, data * times))


def size(column: Packed) -> int:
    """Bytes of its buffers."""
    return sum(memoryview(buffer).nbytes for buffer in column.buffers if buffer is not None)


def array(cells: Column) -> NDArray[Any]:
    """The cells as an array: None becomes NaN."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        return cells
    listed: list[Any] = list(cells)
    if any(cell is None for cell in listed):
        return np.array([np.nan if cell is None else cell for cell in listed], np.float64)
    return np.array(listed)


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(flags, bitorder="little")
