"""Live and recent events on disk, so that a restart loses nothing slow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from collector.store import disk, schema
from collector.store.apply import Memory
from collector.store.chunk import known
from collector.store.happenings import POSITION_COLUMN, RECENT
from collector.store.quarantine import Quarantine
from vigie import catalogue
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN

SUFFIX: Final = ".arrow"
EVENTS: Final = "recent-events"


def save(
    directory: Path, memory: Memory, position: int, written: Mapping[str, int]
) -> Mapping[str, int]:
    """Write what is newest; rows after `position` may be among it, events may not.

    What comes back goes into the next call as `written`: a measurement of which nothing came
    meanwhile is not written again.

    Raises:
        OSError: the disk is full, or failed.
    """
    disk.make_directory(directory)
    came = memory.live.came()
    for name, groups in came.items():
        if groups != written.get(name):
            _write(directory / f"{name}{SUFFIX}", memory.live.table(name))
    recent = memory.recent.since(0)
    held = recent.filter(pa.compute.less_equal(recent.column(POSITION_COLUMN), position))
    _write(directory / f"{EVENTS}{SUFFIX}", held)
    return came


def load(directory: Path, memory: Memory, quarantine: Quarantine, oldest: int) -> list[str]:
    """Know again what was newest, but for series silent since `oldest` (microseconds).

    The measurements whose rows were damaged come back: they are put away, and unknown.
    """
    lost = []
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            rows = _read(path)
            if path.stem == EVENTS:
                if len(rows):
                    memory.recent.load(rows.cast(RECENT))
            else:
                _take(memory, path.stem, rows, oldest)
        except (StoreError, OSError, ValueError, KeyError) as error:
            quarantine.file(path, f"newest values: {error}")
            lost.append(path.stem)
    return lost


def _take(memory: Memory, name: str, rows: pa.Table, oldest: int) -> None:
    measurement = catalogue.measurement(name)
    if measurement is None:
        return
    wanted = schema.raw(measurement)
    columns = [
        rows.column(f.name).cast(f.type)
        if f.name in rows.column_names
        else pa.nulls(len(rows), f.type)
        for f in wanted
    ]
    written = pa.table(columns, schema=wanted)
    times = written.column(TIME_COLUMN).cast(pa.int64())
    recent = written.filter(pa.compute.greater_equal(times, oldest))
    newest = memory.live.newest(measurement)
    if len(recent):
        memory.live.update([(newest, known(newest.series, recent))])


def _write(path: Path, rows: pa.Table) -> None:
    """Rows without the columns that nobody sends: `_take` gives them back."""
    told = [n for n in rows.column_names if rows.column(n).null_count < max(len(rows), 1)]
    sent = rows.select(told)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, sent.schema) as writer:
        writer.write_table(sent)
    disk.put_summed(path, memoryview(sink.getvalue()))


def _read(path: Path) -> pa.Table:
    with pa.ipc.open_stream(pa.py_buffer(disk.unsummed(path))) as reader:
        return reader.read_all()
