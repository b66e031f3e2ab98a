"""A long run: every frame is its container's own and of its own time, and the figures add up."""

import pyarrow as pa
import pytest
from zstandard import ZstdDecompressor

from bench.peers import frames
from bench.peers.cli import pace, parser
from bench.peers.long import Long, Moment, share
from bench.peers.paced import Pace
from bench.peers.pattern import PATTERNS, Site, period_ticks
from bench.peers.telemetry import GPUS
from vigie import frame
from vigie.catalogue import Gpu

NOW = 1_790_000_123_456_789_000


def test_a_body_is_of_its_containers_at_its_time() -> None:
    body = Site(PATTERNS + 3, 2).body(PATTERNS, 10, 5, NOW)
    made = list(frame.unpack(ZstdDecompressor().decompress(body)))
    numbers = range(PATTERNS, PATTERNS + 3)
    assert [f.header.container for f in made] == [frames.container(n) for n in numbers]
    assert {f.header.sequence for f in made} == {6}
    assert {f.header.time for f in made} == {NOW}
    for one, number in zip(made, numbers, strict=True):
        ((_, data),) = one.section_bytes()
        rows = pa.ipc.open_stream(data).read_all()
        assert rows[Gpu.gpu.name].to_pylist() == frames.boards(number)[1]
        assert {t.value for t in rows["time"]} == {NOW // 1000}


def test_a_site_sends_evenly() -> None:
    made = Pace(containers=100, each=10, period=10.0, seconds=60, connections=4)
    assert [made.due(n) for n in (0, 1, 10, 15)] == [0.0, 1.0, 10.0, 15.0]


def test_an_offered_rate_becomes_a_period() -> None:
    options = parser().parse_args(["--sustained", "10", "--rate", "9", "--gpus", "500000"])
    made = pace(options)
    assert made.containers == round(500_000 / GPUS)
    assert made.period == pytest.approx(made.containers * GPUS * 18 / 9e6)
    assert made.seconds == 600
    assert pace(parser().parse_args(["--sustained", "1"])).period == 0


def test_a_campus_is_sent_by_agents_every_ten_seconds() -> None:
    made = pace(parser().parse_args(["--campus", "--minutes", "5"]))
    assert (made.containers, made.each, made.period, made.seconds) == (4808, 1, 10.0, 300.0)


def test_an_hour_of_patterns_is_enough_for_any_run() -> None:
    assert period_ticks(30, 10) == 181
    assert period_ticks(600, 1) == 360


def moment(at: float, rate: float, cores: float, lag: float | None) -> Moment:
    return Moment(at, rate, cores, 0.1, 10**6, 1, 0.0, 0.05, lag, 10**6, 10**6, {"flush": at / 100})


def test_the_start_counts_for_no_mean_but_for_refusals() -> None:
    found = Long(Pace(1, 1, 10.0, 60, 1))
    found.moments = [
        moment(10, 1.0, 2.0, None), moment(40, 5.0, 1.0, 70.0), moment(50, 7.0, 0.5, 60.0)
    ]  # fmt: skip
    found.ages = [0.1] * 99 + [3.0]
    summary = found.summary()
    assert summary["million values/s"] == 6.0
    assert summary["least of 10 s"] == 5.0
    assert summary["collector cores"] == 0.75
    assert summary["refused"] == 3
    assert summary["rollups behind s, most"] == 70.0
    assert summary["flush s, longest"] == 0.5
    assert summary["live age p99 s"] == 3.0


def test_a_quantile_is_one_that_was_seen() -> None:
    assert share([3.0, 1.0, 2.0], 0.5) == 2.0
    assert share([1.0], 0.99) == 1.0
