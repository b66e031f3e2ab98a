import threading
from typing import Any

import pyarrow as pa

from collector.store import schema
from collector.store.chunk import gathered
from collector.store.live import Live
from collector.store.plausible import suspects
from tests.build import requests
from tests.build.requests import SECOND, START
from vigie.catalogue import Gpu
from vigie.shape import Measurement

RATE = Gpu.energy_joules_total.high or 0


def take(live: Live, *frames: tuple[int, dict[str, list[Any]]]) -> pa.Table:
    """Apply frames as one group; the rows as the tail gets them."""
    batches = []
    for time, columns in frames:
        body = requests.frame(1, time, {Gpu: columns})
        (frame,) = requests.decode(body, requests.envelope()).frames
        batches.append(frame.batches[0])
    newest = live.newest(Gpu)
    chunk = gathered(newest.series, batches, 1, 1)
    (kept,) = live.update([(newest, chunk)])
    return kept.table(schema.raw(Gpu))


def gpus(*names: str, **columns: list[Any]) -> dict[str, list[Any]]:
    return {"host": ["h"] * len(names), "gpu": list(names), **columns}


def powers(live: Live) -> dict[str, float]:
    rows = live.table("gpu")
    return dict(zip(rows["gpu"].to_pylist(), rows["power_watts"].to_pylist(), strict=True))


def test_the_newest_row_of_each_series_wins_whatever_the_order() -> None:
    live = Live()
    take(live, (START + 2, gpus("a", "b", power_watts=[2, 20])))
    take(live, (START + 1, gpus("a", power_watts=[1])), (START + 3, gpus("b", power_watts=[30])))
    assert powers(live) == {"a": 2, "b": 30}
    take(live, (START + 5, gpus("a", power_watts=[5])), (START + 4, gpus("a", power_watts=[4])))
    assert powers(live) == {"a": 5, "b": 30}


def test_rows_have_the_columns_of_the_table() -> None:
    live = Live()
    take(live, (START, gpus("a", power_watts=[None])))
    (row,) = live.table("gpu").to_pylist()
    assert row["container"] == requests.CONTAINER
    assert row["power_watts"] is None
    assert live.table("host").num_rows == 0


def test_reading_between_groups_changes_nothing() -> None:
    live, other = Live(), Live()
    for tick in range(50):
        frame = (START + tick * 7 % 11, gpus("a", f"b{tick % 5}", power_watts=[tick, tick]))
        take(live, frame)
        take(other, frame)
        other.table("gpu")
    assert powers(live) == powers(other)


def test_a_counter_that_grows_faster_than_it_can_is_suspect() -> None:
    live = Live()

    def bits(*frames: tuple[int, float | None]) -> list[int]:
        rows = take(live, *((START + s * SECOND, gpus("a", energy_joules_total=[v]))
                            for s, v in frames))  # fmt: skip
        return [int(b) for b in rows["suspect"].to_pylist()]

    bit = 1 << Gpu.energy_joules_total.number
    assert bits((0, 1e9)) == [0]  # the first reading of all has nothing to be compared with
    assert bits((1, 1e9 + RATE)) == [0]
    assert bits((2, 1e9 + 2 * RATE + 1)) == [bit]
    assert bits((3, 5), (4, 10 + RATE)) == [0, bit]  # a reset, then too fast again
    assert bits((1, 0)) == [0]  # late: compared with nothing
    assert bits((6, None), (5, 10 + 2 * RATE)) == [0, 0]


def test_values_out_of_bounds_are_marked_and_kept() -> None:
    live = Live()
    rows = take(live, (START, gpus("a", "b", power_watts=[-1, 5], utilization_ratio=[0.5, 1.5])))
    found, kept = suspects(Gpu, rows)
    assert found is not None
    assert kept is rows
    power, utilization = 1 << Gpu.power_watts.number, 1 << Gpu.utilization_ratio.number
    assert found.tolist() == [power, utilization]
    assert suspects(Gpu, rows.slice(1).drop_columns("utilization_ratio").append_column(
        "utilization_ratio", pa.array([None], pa.float64())))[0] is None  # fmt: skip


def test_what_is_no_number_becomes_unknown_and_is_marked() -> None:
    live = Live()
    watts = [5.0, float("nan"), float("inf"), -float("inf"), None]
    rows = take(live, (START, gpus(*"abcde", power_watts=watts)))
    found, kept = suspects(Gpu, rows)
    assert found is not None
    assert found.tolist() == [0, *[1 << Gpu.power_watts.number] * 3, 0]
    assert kept["power_watts"].to_pylist() == [5.0, None, None, None, None]


def test_who_waits_is_woken_by_the_next_commit() -> None:
    live = Live()
    assert live.wait(after=0, timeout=0) == 0
    thread = threading.Thread(target=live.advance, args=(3,))
    thread.start()
    assert live.wait(after=0, timeout=60) == 3
    thread.join()


def test_series_are_told_apart_by_all_their_keys() -> None:
    live = Live()
    columns: dict[type[Measurement], Any] = {Gpu: gpus("a", power_watts=[1])}
    for container in ("x/1", "x/2"):
        body = requests.frame(1, START, columns, container=container)
        (frame,) = requests.decode(body, requests.envelope()).frames
        newest = live.newest(Gpu)
        chunk = gathered(newest.series, [frame.batches[0]], 1, 1)
        live.update([(newest, chunk)])
    assert live.table("gpu")["container"].to_pylist() == ["x/1", "x/2"]


def test_rows_that_come_while_a_table_is_made_are_neither_lost_nor_in_it() -> None:
    live = Live()
    take(live, (START, gpus("a", "b", power_watts=[1, 10])))
    newest = live.newest(Gpu)
    noted = newest.noted()
    take(live, (START + 1, gpus("b", "c", power_watts=[20, 200])))
    base = noted.taken()
    assert base["power_watts"].to_pylist() == [1, 10]
    newest.settle(noted, base, base)
    assert powers(live) == {"a": 1, "b": 20, "c": 200}
    take(live, (START + 2, gpus("a", power_watts=[3])))
    assert powers(live) == {"a": 3, "b": 20, "c": 200}


def test_of_two_who_make_a_table_the_first_settles() -> None:
    live = Live()
    take(live, (START, gpus("a", power_watts=[1])))
    newest = live.newest(Gpu)
    first, second = newest.noted(), newest.noted()
    newest.settle(first, first.taken(), first.taken())
    take(live, (START + 1, gpus("a", power_watts=[2])))
    newest.settle(second, second.taken(), second.taken())
    assert powers(live) == {"a": 2}
