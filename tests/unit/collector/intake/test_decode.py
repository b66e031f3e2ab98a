import json
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from collector.intake.decode import decode
from collector.store import schema
from collector.store.chunk import gathered
from collector.store.entry import Clock, Decoded, Envelope
from collector.store.series import Series
from tests.build.world import START, Agent, compressed, gpus
from vigie import frame
from vigie.catalogue import AGENT_STARTED, CLOCK_WRONG, Filesystem, Gpu, Host, Source
from vigie.errors import FrameError, Refused
from vigie.frame import Gap, Happening, Header, InventoryPart, Section
from vigie.shape import Measurement

TIME = pa.timestamp("us", tz="UTC")
NOW_US = START // 1000


def envelope(scope: str = "site/c", **more: Any) -> Envelope:
    made = Envelope("p", scope, simulated=False, received=START, compressed=False)
    return replace(made, **more)


def section(columns: Mapping[str, Any], **options: Any) -> bytes:
    """An Arrow stream of one batch."""
    batch = pa.record_batch(dict(columns))
    return streamed(batch.schema, [batch], **options)


def streamed(sent: pa.Schema, batches: list[pa.RecordBatch], **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, sent, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue())


def body(
    *sections: tuple[str, bytes, int], sequence: int = 1, container: str = "site/c", **more: Any
) -> bytes:
    header = Header(
        "agent-1", "b1", sequence, container, START, 100, 1,
        tuple(Section(name, len(data), rows) for name, data, rows in sections), **more,
    )  # fmt: skip
    return frame.pack(header, b"".join(data for _, data, _ in sections))


def load1(values: Any, kind: pa.DataType | None = None, **more: Any) -> bytes:
    """A frame of `host` rows with one field."""
    rows = len(values)
    columns = {
        "time": pa.array([NOW_US] * rows, TIME),
        "host": pa.array([f"h{n}" for n in range(rows)]),
        "load1": pa.array(values, kind or pa.float64()),
    }
    columns.update(more)
    return body(("host", section(columns), rows))


def rows_of(decoded: Decoded, measurement: type[Measurement]) -> pa.Table:
    (batch,) = (b for f in decoded.frames for b in f.batches if b.measurement is measurement)
    assert schema.fits(batch.rows.schema, measurement)
    rows = gathered(Series(measurement), [batch], 1, 1).table(schema.raw(measurement))
    rows.validate(full=True)
    return rows


def fault_of(text: bytes, **more: Any) -> str:
    with pytest.raises(FrameError) as refused:
        decode(text, envelope(**more))
    return refused.value.fault


def test_every_measurement_comes_out_as_it_is_stored() -> None:
    for agent in (Agent("site/c"), Agent("site/c", read=gpus(104))):
        sent = compressed(agent.frame(3), agent.frame(4))
        decoded = decode(sent, envelope(compressed=True))
        assert [f.header.sequence for f in decoded.frames] == [3, 4]
        for each in decoded.frames:
            for batch in each.batches:
                assert schema.fits(batch.rows.schema, batch.measurement)
                batch.rows.validate(full=True)
        assert decoded.dropped == {}


def test_values_are_kept_and_what_was_not_sent_is_null() -> None:
    rows = rows_of(decode(load1([1.5, None]), envelope()), Host)
    assert rows.select(["container", "host", "load1", "cpu_count"]).to_pylist() == [
        {"container": "site/c", "host": "h0", "load1": 1.5, "cpu_count": None},
        {"container": "site/c", "host": "h1", "load1": None, "cpu_count": None},
    ]  # fmt: skip


def test_the_same_envelope_and_body_give_the_same_result() -> None:
    sent = compressed(Agent("site/c").frame(7))
    first, second = (decode(sent, envelope(compressed=True)).frames[0] for _ in range(2))
    assert first.digest == second.digest
    assert first.header == second.header
    assert all(a.rows.equals(b.rows) for a, b in zip(first.batches, second.batches, strict=True))


@pytest.mark.parametrize(
    ("kind", "values"),
    [(pa.float32(), [0.5]), (pa.int64(), [7]), (pa.int8(), [7]), (pa.uint32(), [7])],
)
def test_a_narrower_type_is_widened(kind: pa.DataType, values: list[float]) -> None:
    assert rows_of(decode(load1(values, kind), envelope()), Host)["load1"].to_pylist() == values


def test_words_may_come_as_a_dictionary() -> None:
    hosts = pa.array(["h1", "h2", "h1"]).dictionary_encode()
    text = load1([1.0, 2.0, 3.0], host=hosts)
    assert rows_of(decode(text, envelope()), Host)["host"].to_pylist() == ["h1", "h2", "h1"]


def test_a_long_word_in_a_dictionary_does_not_multiply() -> None:
    hosts = pa.DictionaryArray.from_arrays(pa.array([0] * 50_000, pa.int32()), ["x" * 100_000])
    assert fault_of(load1([1.0] * 50_000, host=hosts)) == "key"


@pytest.mark.parametrize(
    ("kind", "values"),
    [(pa.string(), ["7"]), (pa.bool_(), [True]), (pa.uint64(), [7]), (pa.list_(pa.int8()), [[1]])],
)
def test_a_wrong_type_refuses_the_frame_and_names_the_column(
    kind: pa.DataType, values: list[Any]
) -> None:
    with pytest.raises(FrameError, match=r"frame 1 of agent-1: host\.load1") as refused:
        decode(load1(values, kind), envelope())
    assert refused.value.fault == "type"


def test_unknown_columns_and_fields_of_the_centre_are_dropped_and_named() -> None:
    columns = {
        "time": pa.array([NOW_US], TIME), "host": ["h"], "source": ["agent"], "novelty": [1.0],
        "clock_offset_seconds": [99.0], "age_seconds": [1.0],
    }  # fmt: skip
    decoded = decode(body(("source", section(columns), 1)), envelope())
    assert decoded.dropped == {"source": ("clock_offset_seconds", "novelty")}
    assert rows_of(decoded, Source)["clock_offset_seconds"].to_pylist() == [None]
    assert rows_of(decoded, Source)["age_seconds"].to_pylist() == [1.0]


def test_an_unknown_measurement_beside_a_known_one_is_dropped_and_named() -> None:
    columns = {"time": pa.array([NOW_US], TIME), "host": ["h"]}
    both = body(("novelty", section(columns), 1), ("host", section(columns), 1))
    decoded = decode(both, envelope())
    assert decoded.dropped == {"novelty": ("*",)}
    assert len(decoded.frames[0].batches) == 1
    assert fault_of(body(("novelty", section(columns), 1))) == "no_known_measurement"


@pytest.mark.parametrize("word", [None, "", "x" * 129, "a\nb", "\u202eabc", "é" * 65])
def test_a_key_that_names_nothing_refuses_the_frame(word: str | None) -> None:
    text = load1([1.0, 2.0], host=pa.array(["good", word]))
    assert fault_of(text) == "key"


def test_words_of_every_language_are_keys() -> None:
    text = load1([1.0, 2.0], host=pa.array(["hôte-é", "服务器"]))
    assert rows_of(decode(text, envelope()), Host)["host"].to_pylist() == ["hôte-é", "服务器"]


def test_a_frame_without_its_key_or_time_is_refused() -> None:
    time = pa.array([NOW_US], TIME)
    assert fault_of(body(("host", section({"time": time, "load1": [1.0]}), 1))) == "key"
    assert fault_of(body(("host", section({"host": ["h"], "load1": [1.0]}), 1))) == "time"
    assert fault_of(load1([1.0], time=pa.array([None], TIME))) == "time"


def test_quality_is_kept_and_checked() -> None:
    good = load1([1.0, 2.0], quality=pa.array([0, 3], pa.int8()))
    assert rows_of(decode(good, envelope()), Host)["quality"].to_pylist() == [0, 3]
    assert rows_of(decode(load1([1.0]), envelope()), Host)["quality"].to_pylist() == [0]
    for wrong in ([0, 4], [-1, 0], [0, None]):
        assert fault_of(load1([1.0, 2.0], quality=pa.array(wrong, pa.int32()))) == "quality"


def test_several_batches_in_one_stream_are_one() -> None:
    batch = pa.record_batch({"time": pa.array([NOW_US], TIME), "host": ["h"], "load1": [1.0]})
    text = body(("host", streamed(batch.schema, [batch] * 3), 3))
    assert rows_of(decode(text, envelope()), Host).num_rows == 3
    assert fault_of(body(("host", streamed(batch.schema, [batch] * 100), 100))) == "arrow"


def test_no_batch_and_no_row_are_fine_and_give_nothing() -> None:
    batch = pa.record_batch({"time": pa.array([], TIME), "host": pa.array([], pa.string())})
    for batches in ([], [batch]):
        decoded = decode(body(("host", streamed(batch.schema, batches), 0)), envelope())
        assert decoded.frames[0].batches == ()


def test_the_header_must_say_how_many_rows_there_are() -> None:
    columns = {"time": pa.array([NOW_US], TIME), "host": ["h"]}
    assert fault_of(body(("host", section(columns), 2))) == "rows"


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_a_stream_compressed_inside_is_refused_before_it_is_opened(codec: str) -> None:
    columns = {
        "time": pa.array([NOW_US] * 9_000, TIME), "host": ["h"] * 9_000, "load1": [0.0] * 9_000,
    }  # fmt: skip
    assert fault_of(body(("host", section(columns, compression=codec), 9_000))) == "compressed"


def test_rows_outside_the_scope_are_refused() -> None:
    for scope in ("", "site", "site/c"):
        decode(load1([1.0]), envelope(scope))
    for scope in ("other", "site/c2", "sit", "site/c/h9"):
        with pytest.raises(Refused) as refused:
            decode(load1([1.0]), envelope(scope))
        assert refused.value.status == 403


@pytest.mark.parametrize("container", ["site", "site/", "/c", "site/..", "site/c/h", "site/../c"])
def test_a_container_that_is_no_path_of_one_is_refused(container: str) -> None:
    assert fault_of(body(container=container), scope="") == "container"


def test_a_host_speaks_for_itself_only() -> None:
    decode(load1([1.0]), envelope("site/c/h0"))
    with pytest.raises(Refused, match="h1"):
        decode(load1([1.0, 2.0]), envelope("site/c/h0"))
    other = Happening("source_changed", NOW_US, {"host": "h9"})
    with pytest.raises(Refused):
        decode(body(events=(other,)), envelope("site/c/h0"))
    devices = InventoryPart("device", snapshot=True, rows=({"host": "h9", "device": "d"},))
    with pytest.raises(Refused):
        decode(body(inventories=(devices,)), envelope("site/c/h0"))


def test_a_wrong_clock_moves_the_rows_and_is_told_once() -> None:
    agent = Agent("site/c", boot="b1", skew=3600.0)
    sent = compressed(agent.frame(0), agent.frame(1))
    clock = Clock("b1", agent.wall(1), agent.monotonic(1))
    decoded = decode(sent, envelope(received=START + 10**9, clocks={"b1": clock}, compressed=True))
    first, second = decoded.frames
    assert [f.offset for f in decoded.frames] == [3600.0, 3600.0]
    times = [f.batches[0].rows["time"].cast(pa.int64())[0].as_py() for f in decoded.frames]
    assert times == [NOW_US, NOW_US + 1_000_000]
    assert first.events["code"].to_pylist() == [CLOCK_WRONG.code]
    assert second.events.num_rows == 0
    source = first.batches[2].rows
    assert source.select(["source", "clock_offset_seconds"]).to_pylist() == [
        {"source": "agent", "clock_offset_seconds": 3600.0},
        {"source": "host", "clock_offset_seconds": None},
    ]


def test_each_agent_behind_a_relay_has_its_own_clock_and_scope() -> None:
    agents = [
        Agent("site/c", boot="b1", skew=3600.0),
        Agent("site/c", "agent-2", "b2", skew=-60.0),
    ]
    clocks = {a.boot: Clock(a.boot, a.wall(0), a.monotonic(0)) for a in agents}
    sent = compressed(*(a.frame(0) for a in agents))
    behind = envelope("site", received=START, clocks=clocks, compressed=True)
    decoded = decode(sent, behind)
    assert [f.offset for f in decoded.frames] == [3600.0, -60.0]
    assert [f.events["code"].to_pylist() for f in decoded.frames] == [[CLOCK_WRONG.code]] * 2
    with pytest.raises(Refused):
        decode(sent, replace(behind, scopes={"b2": "site/another"}))


def test_times_at_the_ends_of_what_a_number_holds_are_from_now() -> None:
    edges = pa.array([-(2**63), 2**63 - 1, NOW_US], pa.int64()).cast(TIME)
    decoded = decode(load1([1.0, 2.0, 3.0], time=edges), envelope())
    assert rows_of(decoded, Host)["time"].cast(pa.int64()).to_pylist() == [NOW_US] * 3
    assert decoded.frames[0].events["code"].to_pylist() == [CLOCK_WRONG.code]


def test_events_are_told_with_what_the_catalogue_says_of_them() -> None:
    happened = (
        Happening(AGENT_STARTED.code, NOW_US - 5),
        Happening("source_changed", NOW_US, {"host": "é", "source": "s", "x": "y"}, "ok → stuck"),
        Happening(CLOCK_WRONG.code, NOW_US),
        Happening("novelty", NOW_US),
    )
    decoded = decode(body(events=happened), envelope())
    events = decoded.frames[0].events
    assert events.schema.equals(schema.EVENTS)
    assert events["code"].to_pylist() == ["agent_started", "source_changed"]
    assert events["severity"].to_pylist() == ["info", "info"]
    assert json.loads(events["keys"][1].as_py()) == {"host": "é", "source": "s"}
    assert events["detail"].to_pylist() == ["", "ok → stuck"]
    assert decoded.dropped == {"events": ("clock_wrong", "novelty")}


def test_gaps_stay_in_the_header_at_times_that_can_be() -> None:
    decoded = decode(body(gaps=(Gap(1, 5, 0, 2**63 - 1, "spool full"),)), envelope())
    (gap,) = decoded.frames[0].header.gaps
    assert (gap.first, gap.last, gap.from_time, gap.to_time) == (1, 5, NOW_US, NOW_US)


def test_a_request_tells_so_much_and_no_more_but_one_frame_may() -> None:
    many = body(gaps=tuple(Gap(n, n, NOW_US, NOW_US, "r") for n in range(6_000)))
    assert len(decode(many, envelope()).frames) == 1
    with pytest.raises(Refused) as refused:
        decode(many * 2, envelope())
    assert refused.value.status == 413


def test_an_unknown_inventory_is_dropped_and_named() -> None:
    parts = (InventoryPart("novelty", snapshot=True, rows=({"a": "b"},)),)
    assert decode(body(inventories=parts), envelope()).dropped == {"novelty": ("*",)}


def test_an_empty_body_is_no_request() -> None:
    assert fault_of(b"") == "truncated"


def test_two_columns_of_one_name_refuse_the_frame() -> None:
    time, host = pa.array([NOW_US], TIME), pa.array(["h"])
    batch = pa.RecordBatch.from_arrays([time, host, host], names=["time", "host", "host"])
    assert fault_of(body(("host", streamed(batch.schema, [batch]), 1))) == "schema"


def test_damaged_frames_are_refused_or_read_and_never_break_the_collector() -> None:
    chance = random.Random(20261122)
    sound = Agent("site/c").frame(1) + Agent("site/c", read=gpus(3)).frame(2)
    for _ in range(2_000):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 4)):
            match chance.randrange(3):
                case 0:
                    damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
                case 1:
                    del damaged[chance.randrange(len(damaged)) :]
                    damaged += b"\xff" * chance.randrange(64)
                case _:
                    at = chance.randrange(len(damaged))
                    damaged[at : at + 4] = chance.randbytes(4)
        try:
            decoded = decode(bytes(damaged), envelope())
        except (FrameError, Refused):
            continue
        for each in decoded.frames:
            for batch in each.batches:
                batch.rows.validate(full=True)
                assert schema.fits(batch.rows.schema, batch.measurement)


def test_fields_of_every_kind_come_through() -> None:
    time = pa.array([NOW_US], TIME)
    filesystem = section({"time": time, "host": ["h"], "mount": ["/"], "read_only": [True]})
    gpu = section({
        "time": time, "host": ["h"], "gpu": ["g"], "throttle_reasons": pa.array([5], pa.int32()),
        "ecc_corrected_total": pa.array([3], pa.int64()),
    })  # fmt: skip
    decoded = decode(body(("filesystem", filesystem, 1), ("gpu", gpu, 1)), envelope())
    assert rows_of(decoded, Filesystem)["read_only"].to_pylist() == [True]
    assert rows_of(decoded, Gpu)["throttle_reasons"].to_pylist() == [5]
