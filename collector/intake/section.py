"""One measurement's stream in a frame as rows that can be stored, every value checked."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.intake import ipc, layout
from collector.intake.clock import Stamp
from collector.intake.plan import Plan, plan, stored
from collector.store import schema
from collector.store.entry import Batch
from collector.store.laid import Laid
from vigie.catalogue import Source
from vigie.errors import FrameError, Refused
from vigie.frame import MAX_KEY_BYTES, Section
from vigie.shape import Quality

MAX_BATCHES: Final = 64
"""Record batches in one section; an agent sends one."""
AGENT_ROW: Final = "agent"
_SOUND_BYTES: Final = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Checked:
    """A section's rows as stored, the names left out, and whether times had to be moved."""

    batch: Batch
    dropped: tuple[str, ...]
    moved: bool


def check(
    section: Section, stream: memoryview, container: str, host: str | None, when: Stamp
) -> Checked:
    """The rows of a known measurement; `host` is the only one that may be spoken for.

    Raises:
        FrameError: what is wrong, with the measurement and the column.
        Refused: 403, rows of another host.
    """
    end = ipc.schema_end(stream)
    known = layout.find(section, stream, end)
    again = None if known is None else _again(known, stream, container, host, when)
    return again or _anew(section, stream, end, container, host, when)


def _again(
    known: layout.Known, stream: memoryview, container: str, host: str | None, when: Stamp
) -> Checked | None:
    """The rows of a section like others before; None where it has to be looked at closely."""
    keys = _SOUND.get(known.keys(stream))
    if keys is None or (host is not None and keys.hosts != {host}):
        return None
    if not known.timely(stream, when):
        return None
    rows = Laid(known.layout, stream)
    batch = Batch(known.how.measurement, container, keys.text, rows)
    return Checked(batch, known.how.dropped, moved=False)


def _anew(  # noqa: PLR0917
    section: Section, stream: memoryview, end: int, container: str, host: str | None, when: Stamp
) -> Checked:
    """The rows of a section, every part of it looked at."""
    try:
        how = plan(section.measurement, bytes(stream[:end]))
        sent = _read(section, stream, end, how)
        sent.validate(full=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise FrameError("arrow", f"{section.measurement}: {error!s:.300}") from error
    rows = _fitted(sent, how) if how.casts else sent.select(how.picks)
    keys = _check_keys(rows, how, host)
    if sent.num_rows:
        layout.learn(stream, end, how, sent, _described(rows, how))
    rows, moved = _timed(rows, section.measurement, when)
    if how.measurement is Source and when.offset is not None:
        rows = _with_offset(rows, when.offset)
    if how.quality >= 0:
        rows = rows.append_column(schema.QUALITY, _quality(sent, how))
    return Checked(Batch(how.measurement, container, keys.text, rows), how.dropped, moved)


def _read(section: Section, stream: memoryview, end: int, how: Plan) -> pa.RecordBatch:
    """The columns as sent, in one batch that is not yet validated."""
    found = list(ipc.messages(stream, end))
    if len(found) > MAX_BATCHES:
        raise FrameError("arrow", f"{section.measurement}: more than {MAX_BATCHES} batches")
    lengths = [m.length for m in found if m.kind == ipc.BATCH]
    if sum(lengths) != section.rows or any(length < 0 for length in lengths):
        raise FrameError(
            "rows",
            f"{section.measurement}: the header says {section.rows} rows, not {sum(lengths)}",
        )
    if how.dictionaries:
        batches = pa.ipc.open_stream(stream).read_all().to_batches()
    elif len(lengths) < len(found):
        raise FrameError("arrow", f"{section.measurement}: a dictionary of no column")
    else:
        batches = [
            pa.ipc.read_record_batch(pa.ipc.read_message(stream[m.start : m.end]), how.read)
            for m in found
        ]
    if len(batches) == 1:
        return batches[0]
    return pa.concat_batches(batches) if batches else _empty(how.read)


def _empty(read: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, f.type) for f in read], schema=read)


def _fitted(sent: pa.RecordBatch, how: Plan) -> pa.RecordBatch:
    """The columns as they are stored, where some come in a narrower type."""
    columns = []
    for at, field in zip(how.picks, how.fitted, strict=True):
        values = sent.column(at)
        if at in how.dictionaries:
            _check_dictionary(values, how.measurement.name, field.name)
        columns.append(values.cast(field.type, safe=False) if at in how.casts else values)
    return pa.RecordBatch.from_arrays(columns, schema=how.fitted)


def _check_dictionary(values: pa.DictionaryArray, measurement: str, name: str) -> None:
    """A long word that many rows share would become long many times."""
    longest = pc.max(pc.binary_length(values.dictionary)).as_py() or 0
    if longest > MAX_KEY_BYTES:
        raise FrameError("key", f"{measurement}.{name}: longer than {MAX_KEY_BYTES} bytes")


def _check_keys(rows: pa.RecordBatch, how: Plan, host: str | None) -> "_Keys":
    """What the keys are.

    Raises:
        FrameError: `key` or `time`, rows name nothing.
        Refused: 403, they name too much.
    """
    if rows.column(0).null_count:
        raise FrameError("time", f"{how.measurement.name}.time: null in a row")
    keys = _SOUND.get(_joined(rows, how))
    if keys is None:
        columns = [rows.column(n) for n in how.keys]
        for column, key in zip(columns, how.measurement.keys, strict=True):
            if not _sound(column):
                raise FrameError(
                    "key",
                    f"{how.measurement.name}.{key.name}: "
                    f"1 to {MAX_KEY_BYTES} printable bytes are wanted in every row",
                )
        names = pc.unique(rows.column(how.host)).to_pylist() if how.host >= 0 else [None]
        keys = _SOUND.keep(_Keys(_joined(rows, how), frozenset(names)))
    if host is not None and rows.num_rows and keys.hosts != {host}:
        others = ", ".join(sorted(str(name) for name in keys.hosts if name != host))
        raise Refused(
            403, f"{how.measurement.name}: this credential speaks for {host}, not {others:.200}"
        )
    return keys


def _joined(rows: pa.RecordBatch, how: Plan) -> bytes:
    """All that makes keys what they are: equal only where they are, row by row."""
    buffers = (b for n in how.keys for b in rows.column(n).buffers() if b is not None)
    return b"".join((_described(rows, how), *buffers))


def _described(rows: pa.RecordBatch, how: Plan) -> bytes:
    """Which key is the host, and of each how long it and its buffers are: so these tell it."""
    parts = [f"{how.host};"]
    for n in how.keys:
        column = rows.column(n)
        sizes = ",".join("-" if b is None else str(b.size) for b in column.buffers())
        parts.append(f"{column.offset},{len(column)},{column.null_count},{sizes};")
    return "".join(parts).encode()


def _sound(column: Any) -> bool:
    """Whether every value is 1 to MAX_KEY_BYTES printable bytes."""
    if not len(column):
        return True
    lengths = pc.min_max(pc.binary_length(column)).as_py()
    return (
        not column.null_count
        and lengths["min"] >= 1
        and lengths["max"] <= MAX_KEY_BYTES
        and bool(pc.all(pc.utf8_is_printable(column)).as_py())
    )


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys found sound: as `Batch.keys`, and the hosts among them; None stands for no host."""

    text: bytes
    hosts: frozenset[str | None]


class _Known:
    """Keys that were found sound, within bounds; an agent sends the same every time."""

    def __init__(self) -> None:
        self._seen: dict[bytes, _Keys] = {}
        self._bytes = 0

    def get(self, text: bytes) -> _Keys | None:
        """The same keys as they were first seen, so that there is one copy; or None."""
        return self._seen.get(text)

    def keep(self, keys: _Keys) -> _Keys:
        """From now on they are known."""
        self._bytes += len(keys.text)
        if self._bytes > _SOUND_BYTES:
            self._seen = {}
            self._bytes = len(keys.text)
        return self._seen.setdefault(keys.text, keys)


_SOUND: Final = _Known()


def _timed(rows: pa.RecordBatch, measurement: str, when: Stamp) -> tuple[pa.RecordBatch, bool]:
    """The rows at the times they are taken to be from, and whether any of them was moved."""
    if not rows.num_rows:
        return rows, False
    column = rows.column(0)
    times = column.view(pa.int64()).to_numpy()
    if not when.shift and times.min() >= when.first and times.max() <= when.last:
        return rows, False
    # In floating point first: a time at the end of int64 must not wrap.
    moved = times.astype(np.float64) + when.shift
    kept = (moved >= when.first) & (moved <= when.last)
    true = np.where(kept, np.where(kept, times, 0) + when.shift, when.received)
    return rows.set_column(0, stored(measurement).field(0), pa.array(true).view(column.type)), True


def _with_offset(rows: pa.RecordBatch, offset: float) -> pa.RecordBatch:
    """The agent's own row with what its clock is off."""
    names = rows.schema.names
    mine = pc.equal(rows.column(names.index(Source.source.name)), AGENT_ROW)
    target = stored(Source.name)
    place = target.get_field_index(Source.clock_offset_seconds.name)
    at = sum(target.get_field_index(name) < place for name in names)
    value = pc.if_else(mine, pa.scalar(offset, pa.float64()), pa.scalar(None, pa.float64()))
    return rows.add_column(at, target.field(place), value)


def _quality(sent: pa.RecordBatch, how: Plan) -> Any:
    column = sent.column(how.quality).cast(pa.int32())
    if sent.num_rows:
        bounds = pc.min_max(column).as_py()
        if column.null_count or bounds["min"] < 0 or bounds["max"] >= len(Quality):
            raise FrameError(
                "quality",
                f"{how.measurement.name}: quality is 0 to {len(Quality) - 1} in every row",
            )
    return column
