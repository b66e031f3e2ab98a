"""A section like one before is not read anew: what comes out is the same, and no fault gets by."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from collector.intake import layout
from collector.intake.decode import decode
from collector.store import schema
from collector.store.chunk import gathered
from collector.store.entry import Batch, Clock, Envelope
from collector.store.laid import Laid
from collector.store.series import Series
from tests.build.world import START, Agent, gpus
from vigie import frame
from vigie.catalogue import Gpu, Host
from vigie.errors import FrameError, Refused
from vigie.frame import Header, Section

TIME = pa.timestamp("us", tz="UTC")
NOW = START // 1000


def body(columns: dict[str, Any], *, name: str = "host", rows: int | None = None) -> bytes:
    batch = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data = bytes(sink.getvalue())
    count = batch.num_rows if rows is None else rows
    header = Header("agent-1", "b1", 1, "site/c", START, 100, 1, (Section(name, len(data), count),))
    return frame.pack(header, data)


def hosts(load1: Any, words: tuple[str, ...] = ("h0", "h1"), time: int = NOW) -> dict[str, Any]:
    times = pa.array([time] * len(words), TIME)
    return {"time": times, "host": list(words), "load1": pa.array(load1, pa.float64())}


def only(text: bytes, scope: str = "site/c", **more: Any) -> Batch:
    envelope = Envelope("p", scope, simulated=False, received=START, compressed=False, **more)
    ((batch,),) = (each.batches for each in decode(text, envelope).frames)
    return batch


def test_what_is_like_one_before_stays_where_it_lies_and_reads_the_same() -> None:
    only(body(hosts([0.5, 0.75])))
    again = only(body(hosts([1.5, -2.0])))
    assert isinstance(again.sent, Laid)
    assert again.schema == again.rows.schema
    assert schema.fits(again.schema, Host)
    again.rows.validate(full=True)
    assert again.rows.to_pydict() == pa.record_batch(hosts([1.5, -2.0])).to_pydict()
    assert again.count == len(again.rows)


def test_frames_of_many_machines_are_gathered_as_if_each_had_been_read() -> None:
    agents = [Agent(f"site/c{n}", read=gpus(rows, n)) for n in range(3) for rows in (8, 104, 13)]
    frames = [agent.frame(tick) for tick in range(3) for agent in agents]
    envelope = Envelope("p", "site", simulated=False, received=START, compressed=False)
    decoded = [f for text in frames for f in decode(text, envelope).frames]
    batches = [b for f in decoded for b in f.batches if b.measurement is Gpu]
    assert sum(isinstance(b.sent, Laid) for b in batches) >= 2 * len(agents)
    plain = [replace(b, sent=b.rows) for b in batches]
    tables = [
        gathered(Series(Gpu), some, 1, 1).table(schema.raw(Gpu)).sort_by(
            [("container", "ascending"), ("gpu", "ascending"), ("time", "ascending")]
        )
        for some in (batches, plain)
    ]  # fmt: skip
    assert len(tables[0]) == 3 * 3 * (8 + 104 + 13)
    assert tables[0].equals(tables[1])


def test_one_copy_of_the_keys_is_known_whichever_way_they_came() -> None:
    first, second = only(body(hosts([1.0, 2.0]))), only(body(hosts([3.0, 4.0])))
    assert first.keys is second.keys


def test_nulls_and_other_words_are_read_as_ever() -> None:
    only(body(hosts([1.0, 2.0])))
    assert only(body(hosts([None, 2.0]))).rows["load1"].to_pylist() == [None, 2.0]
    assert only(body(hosts([1.0, 2.0], ("h0", "x1")))).rows["host"].to_pylist() == ["h0", "x1"]


def test_rows_from_when_nobody_can_have_sent_are_moved_as_ever() -> None:
    only(body(hosts([1.0, 2.0])))
    future = only(body(hosts([1.0, 2.0], time=NOW + 10**10)))
    assert future.rows["time"].cast(pa.int64()).to_pylist() == [NOW, NOW]
    mixed = hosts([1.0, 2.0]) | {"time": pa.array([NOW, 0], TIME)}
    assert only(body(mixed)).rows["time"].cast(pa.int64()).to_pylist() == [NOW, NOW]
    clocks = {"b1": Clock("b1", START, 100 + 60 * 10**9)}
    late = only(body(hosts([1.0, 2.0])), clocks=clocks)
    assert late.rows["time"].cast(pa.int64()).to_pylist() == [NOW - 60_000_000] * 2


def test_who_speaks_for_one_host_speaks_for_no_other_however_often_that_was_read() -> None:
    for _ in range(2):
        only(body(hosts([1.0, 2.0], ("h0", "h0"))), "site/c/h0")
        only(body(hosts([1.0, 2.0])))
        with pytest.raises(Refused, match="speaks for h0, not h1"):
            only(body(hosts([1.0, 2.0])), "site/c/h0")


def unprintable(text: bytes) -> bytes:
    return text.replace(b"h0h1", b"h0h\n")


def no_text(text: bytes) -> bytes:
    return text.replace(b"h0h1", b"h0h\xff")


def backwards(text: bytes) -> bytes:
    before, after = (np.array(ends, "<i4").tobytes() for ends in ([0, 2, 4], [0, 9, 4]))
    return text.replace(before, after)


@pytest.mark.parametrize(
    ("spoil", "fault"), [(unprintable, "key"), (no_text, "arrow"), (backwards, "arrow")]
)
def test_spoiled_words_are_refused_behind_a_known_beginning(
    spoil: Callable[[bytes], bytes], fault: str
) -> None:
    sound = body(hosts([1.0, 2.0]))
    only(sound)
    assert spoil(sound) != sound
    with pytest.raises(FrameError) as refused:
        only(spoil(sound))
    assert refused.value.fault == fault


def test_a_header_that_says_other_rows_or_another_measurement_is_refused_as_ever() -> None:
    only(body(hosts([1.0, 2.0])))
    with pytest.raises(FrameError, match="the header says 3 rows, not 2"):
        only(body(hosts([1.0, 2.0]), rows=3))
    with pytest.raises(FrameError, match="gpu"):
        only(body(hosts([1.0, 2.0]), name="gpu"))


def test_a_section_that_is_cut_or_goes_on_is_not_taken_for_one_like_it() -> None:
    batch = pa.record_batch(hosts([1.0, 2.0]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
        writer.write_batch(batch)
    data = bytes(sink.getvalue())
    header = Header("agent-1", "b1", 1, "site/c", START, 100, 1, (Section("host", len(data), 4),))
    only(body(hosts([1.0, 2.0])))
    assert only(frame.pack(header, data)).count == 4
    header = replace(header, sections=(Section("host", 600, 2),))
    with pytest.raises(FrameError, match="cut"):
        only(frame.pack(header, data[:600]))


def answer(text: bytes) -> object:
    """What comes of a body: its rows bit by bit, or the fault."""
    try:
        batch = only(text)
    except (FrameError, Refused) as error:
        return str(error)
    return batch.keys, batch.schema, batch.rows.serialize().to_pybytes()


def test_damage_is_answered_the_same_whether_the_beginning_is_known_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = body(hosts([0.5, 1.5]))
    chance = random.Random(5)
    kept = 0
    for _ in range(1_500):
        damaged = bytearray(sound)
        damaged[chance.randrange(len(sound))] ^= 1 << chance.randrange(8)
        monkeypatch.setattr(layout, "_KNOWN", {})
        unknown = answer(bytes(damaged))
        monkeypatch.setattr(layout, "_KNOWN", {})
        only(sound)
        assert answer(bytes(damaged)) == unknown
        kept += isinstance(unknown, tuple)
    assert 0 < kept < 1_500
