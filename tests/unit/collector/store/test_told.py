"""What the collector finds out by itself goes through the journal; nobody else can say it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.intake.decode import decode
from collector.store import schema, told
from collector.store.store import Store
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened
from vigie.catalogue import Collector, Commitment, Gpu, Reach
from vigie.errors import FrameError, StoreError, Unavailable
from vigie.shape import Measurement

NUMBERS = count(1)
Readings = Mapping[type[Measurement], Mapping[str, Any]]


def permits(*items: str, left: float = 5.0, time: int = START) -> pa.Table:
    """Rows about the whole network, and about a site."""
    return pa.Table.from_pylist(
        [
            {"time": time, "container": place, "host": "none", "kind": "permit", "item": item,
             "left_seconds": left, "quality": 1, "suspect": 0}
            for item in items for place in ("", "munich")
        ],
        schema.raw(Commitment),
    )  # fmt: skip


def left(run: Opened) -> list[tuple[str, str, float | None]]:
    rows = run.store.live.table(Commitment.name).to_pylist()
    return sorted((r["container"], r["item"], r["left_seconds"]) for r in rows)


def settled(run: Opened) -> None:
    """Everything told is applied: one who waits for a frame waits for all before it."""
    run.send(requests.frame(next(NUMBERS), run.now, {Gpu: {"host": ["h"], "gpu": ["g"]}}))


def test_rows_are_the_newest_are_scanned_and_survive_a_kill_and_a_flush(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        run.store.tell({Commitment: permits("river")})
        settled(run)
        assert left(run) == [("", "river", 5.0), ("munich", "river", 5.0)]
        assert len(run.rows(Commitment.name)) == 2
    with Opened(tmp_path) as run:
        run.now += 60 * SECOND
        assert left(run) == [("", "river", 5.0), ("munich", "river", 5.0)]
        run.store.tell({Commitment: permits("river", "law", left=4.0, time=run.now)})
        settled(run)
        run.flush()
        run.store.tell({Commitment: permits("river", left=3.0, time=run.now + SECOND)})
        settled(run)
        assert len(run.rows(Commitment.name)) == 8
    with Opened(tmp_path) as run:
        assert len(run.rows(Commitment.name)) == 8
        assert ("munich", "river", 3.0) in left(run)


def test_rows_come_back_as_they_were() -> None:
    network = pa.Table.from_pylist(
        [{"time": START, "container": "", "level": 2, "places": 3, "taking": False,
          "silence_seconds": None, "quality": 1, "suspect": 0}],
        schema.raw(Reach),
    )  # fmt: skip
    given = {Commitment: permits("é\n", "b"), Reach: network}
    found = told.batches(told.body(given))
    assert {(b.measurement, b.container, b.count) for b in found} == {
        (Commitment, "", 2), (Commitment, "munich", 2), (Reach, "", 1),
    }  # fmt: skip
    [reach] = [b.rows.to_pylist()[0] for b in found if b.measurement is Reach]
    assert (reach["places"], reach["taking"], reach["silence_seconds"]) == (3, False, None)
    assert reach["time"] == datetime.fromtimestamp(START / 1e6, UTC)


def test_a_record_that_is_none_is_named_and_what_nobody_knows_any_more_is_left_out() -> None:
    assert told.batches(b'{"gpu": [{}], "gone": []}') == ()
    for broken in (b"[1]", b"{", b'{"commitment": [{"time": 1}]}'):
        with pytest.raises(StoreError):
            told.batches(broken)


def test_a_disk_that_is_nearly_full_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Opened(tmp_path) as run:
        monkeypatch.setattr(Store, "full", property(lambda _: True))
        with pytest.raises(Unavailable):
            run.store.tell({Commitment: permits("river")})


def test_no_sender_can_pose_as_the_collector() -> None:
    mine: Readings = {Collector: {"host": ["h"], "messages_dead": [9]}}
    with pytest.raises(FrameError, match="knows none of collector"):
        decode(requests.frame(1, START, mine), requests.envelope())
    both = requests.frame(2, START, {Gpu: {"host": ["h"], "gpu": ["g"]}, **mine})
    decoded = decode(both, requests.envelope())
    assert [b.measurement for f in decoded.frames for b in f.batches] == [Gpu]
    assert "collector" in decoded.dropped
