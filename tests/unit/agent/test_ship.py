"""Shipping over a real connection: what each answer means for the frames."""

import errno
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import zstandard

from agent.credential import Credential
from agent.encode import Contents, Encoder
from agent.ship import Line, Shipper, Verdict, pause, receipt, verdict
from agent.source import Found
from agent.spool import Spool
from tests.build.upstream import HELD, Reply, Request, Upstream
from vigie.catalogue import Host
from vigie.errors import Unavailable, VigieError
from vigie.frame import CLOCK_HEADER, CONTENT_TYPE, Gap, unpack

HOST = "h1"
SECOND = 1_000_000_000


class Bench:
    """A spool and a shipper for each of some upstreams."""

    def __init__(self, directory: Path, upstreams: Sequence[Upstream], token: str = "t0k") -> None:
        urls = [u.url for u in upstreams]
        self.directory = directory
        self.encoder: Encoder | None = None
        self.spool = Spool(
            directory / "spool", urls, self._gap_frame, limit_bytes=10**7, limit_seconds=1e9
        )
        self.encoder = Encoder(HOST, self.spool.boot, "s/c")
        self.spool.open(0.0)
        self.asked: list[str] = []
        self.shippers: list[Shipper] = []
        self.lines = [Line(url, timeout=5) for url in urls]
        for url, line in zip(urls, self.lines, strict=True):
            credential = Credential(directory / "credential", url, token, "s/c")
            self.shippers.append(
                Shipper(
                    url,
                    HOST,
                    credential,
                    self.spool,
                    line,
                    wanted=self.asked.extend,
                    chance=lambda: 0.5,
                )
            )

    def _gap_frame(self, boot: str, sequence: int, gaps: Sequence[Gap]) -> bytes:
        assert self.encoder
        return self.encoder.gap_frame(boot, sequence, 0, 0, gaps)

    def tick(self, count: int = 1) -> None:
        """Take some frames."""
        assert self.encoder
        for _ in range(count):
            n = self.spool.next
            contents = Contents()
            contents.add(n * SECOND, Found({Host.load1: [float(n)]}), HOST)
            frame = self.encoder.frame(n, n * SECOND, n * SECOND, contents)
            self.spool.append(frame, n * 1_000_000, float(n))

    def drain(self, which: int = 0) -> float | None:
        """Step until there is nothing to send or it has to wait; the wait."""
        for _ in range(1000):
            delay = self.shippers[which].step()
            if delay is None or delay > 0:
                return delay
        raise AssertionError("never done")


Benches = Callable[..., Bench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Benches]:
    """Makes benches, and closes their connections."""
    made: list[Bench] = []

    def one(*upstreams: Upstream, token: str = "t0k") -> Bench:
        made.append(Bench(tmp_path, upstreams, token))
        return made[-1]

    yield one
    for bench in made:
        for line in bench.lines:
            line.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as listening:
        yield listening


def at_least(count: int) -> Callable[[Upstream], bool]:
    return lambda upstream: len(upstream.frames) >= count


def scripted(upstream: Upstream, *replies: Reply) -> None:
    """Answer the next requests so; the following ones are held."""
    left = list(replies)
    upstream.script = lambda _: left.pop(0) if left else HELD


def test_the_newest_frame_goes_first_and_the_backlog_follows_in_one_request(
    make: Benches, upstream: Upstream
) -> None:
    bench = make(upstream)
    bench.tick(5)
    assert bench.drain() is None
    assert [r.sequences for r in upstream.requests] == [[4], [0, 1, 2, 3]]
    assert bench.spool.waiting[0] == 0


def test_a_stream_of_live_frames_does_not_starve_the_backlog(
    make: Benches, upstream: Upstream
) -> None:
    bench = make(upstream)
    bench.tick(4)
    for _ in range(4):
        bench.shippers[0].step()
        bench.tick()  # there is always a newer one
    assert [r.sequences[-1:] for r in upstream.requests][::2] == [[3], [5]]
    assert upstream.requests[1].sequences[:3] == [0, 1, 2]


def test_a_frame_that_the_disk_refused_still_leaves_live(
    make: Benches, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make(upstream)
    bench.tick()
    bench.drain()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("agent.files.append", refuse)
    for _ in range(3):
        bench.tick()
        assert bench.drain() is None
    assert upstream.held == {(HOST, bench.spool.boot): {0, 1, 2, 3}}


def test_with_nothing_left_to_send_it_sleeps_until_there_is_a_newer_frame(
    make: Benches, upstream: Upstream
) -> None:
    bench = make(upstream)
    for _ in range(3):
        bench.tick(2)
        assert bench.drain() is None
        assert bench.shippers[0]._seen == bench.spool.newest


def test_a_request_says_who_sends_what_and_when(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream)
    bench.tick()
    bench.drain()
    request = upstream.requests[0]
    assert request.path == "/api/v1/frames"
    assert request.headers["Authorization"] == "Bearer t0k"
    assert request.headers["Content-Type"] == CONTENT_TYPE
    assert request.headers["Content-Encoding"] == "zstd"
    boot, wall, monotonic = request.headers[CLOCK_HEADER].split(" ")
    assert boot == bench.spool.boot
    assert int(wall) > 0 < int(monotonic)


def test_a_backlog_goes_in_bodies_of_bounded_size(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream)
    bench.tick(1300)
    assert bench.drain() is None
    assert sorted(f.sequence for f in upstream.frames) == list(range(1300))
    assert max(r.size for r in upstream.requests) <= 2**20
    assert max(len(r.body) for r in upstream.requests) <= 2 * 2**20
    assert max(len(r.frames) for r in upstream.requests) <= 1000


def test_two_upstreams_have_each_their_own_position(make: Benches) -> None:
    with Upstream() as good, Upstream(lambda _: Reply(503)) as down:
        bench = make(good, down)
        bench.tick(3)
        assert bench.drain(0) is None
        assert bench.drain(1)
        assert bench.spool.waiting[0] == 3
        down.script = lambda _: HELD
        assert bench.drain(1) is None
        assert {f.sequence for f in good.frames} == {0, 1, 2}
        assert down.held == good.held


def test_an_answer_lost_after_the_commit_only_makes_the_frame_come_again(
    make: Benches, upstream: Upstream
) -> None:
    bench = make(upstream)
    bench.tick()
    bench.drain()
    bench.tick()
    scripted(upstream, Reply(None), Reply(None))  # taken, and no answer; so is the new connection
    assert bench.drain()
    assert bench.spool.waiting[0] == 1
    assert bench.drain() is None
    sent = [f for f in upstream.frames if f.sequence == 1]
    assert len(sent) == 3
    bodies = {r.body for r in upstream.requests if r.sequences == [1]}
    assert len(bodies) == 1  # byte for byte the same: no identity with two contents


def test_a_kept_connection_that_died_costs_no_waiting(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream)
    bench.tick()
    bench.drain()
    bench.tick()
    scripted(upstream, Reply(None))
    assert bench.drain() is None


def test_only_what_the_answer_holds_is_done(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream)
    bench.tick(4)

    def some(_: Request) -> Reply:
        held = [{"agent": HOST, "boot": bench.spool.boot, "held": [[0, 1], [3, 3]]}]
        return Reply(200, body={"held": held})

    upstream.script = some
    bench.drain()
    assert [r.sequence for r in bench.spool.backlog(upstream.url)] == [2]


def test_a_200_that_holds_nothing_is_not_asked_in_a_loop(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream)
    bench.tick()
    upstream.script = lambda _: Reply(200, body={"held": []})
    assert bench.drain()
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("body", [{}, {"held": 3}, {"held": [{"agent": "x"}]}])
def test_a_200_of_some_other_server_holds_nothing(
    make: Benches, upstream: Upstream, body: dict[str, object]
) -> None:
    bench = make(upstream)
    bench.tick()
    upstream.script = lambda _: Reply(200, body=body or {"hello": "world"})
    assert bench.drain()
    assert bench.spool.waiting[0] == 1


def test_a_refused_frame_is_put_aside_and_the_next_one_goes(
    make: Benches, tmp_path: Path, upstream: Upstream
) -> None:
    bench = make(upstream)
    bench.tick()
    scripted(upstream, Reply(422, body={"detail": "no such thing"}, holds=False))
    assert bench.drain() is None
    bench.tick()
    assert bench.drain() is None
    assert bench.shippers[0].refused == 1
    assert upstream.held == {(HOST, bench.spool.boot): {1}}
    dead = sorted((tmp_path / "spool" / "dead").iterdir())
    assert [p.suffix for p in dead] == [".frame", ".json"]
    plain = zstandard.ZstdDecompressor().decompress(dead[0].read_bytes())
    assert next(unpack(plain)).header.sequence == 0
    assert "no such thing" in json.loads(dead[1].read_text())["reason"]


def test_a_refused_request_is_tried_frame_by_frame(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream)
    bench.tick(5)
    upstream.script = lambda r: Reply(400, holds=False) if 2 in r.sequences else HELD
    assert bench.drain() is None
    assert bench.shippers[0].refused == 1
    assert upstream.held == {(HOST, bench.spool.boot): {0, 1, 3, 4}}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_keeps_the_frames(
    make: Benches, upstream: Upstream, status: int
) -> None:
    bench = make(upstream)
    bench.tick(3)
    scripted(upstream, Reply(status, body={"detail": "who are you"}))
    assert bench.drain()
    assert bench.spool.waiting[0] == 3
    assert bench.shippers[0].refused == 0
    assert "credential" in (bench.shippers[0].trouble or "")
    assert bench.drain() is None
    assert bench.shippers[0].trouble is None


def test_a_new_credential_file_is_taken_up(
    make: Benches, tmp_path: Path, upstream: Upstream
) -> None:
    bench = make(upstream, token="old")
    bench.tick()
    told = {"url": upstream.url, "token": "new", "container": "s/c"}
    (tmp_path / "credential").write_text(json.dumps(told))
    upstream.script = lambda r: HELD if r.headers["Authorization"] == "Bearer new" else Reply(401)
    assert bench.drain()
    assert bench.drain() is None


def test_without_a_credential_nothing_is_sent(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream, token="")
    bench.tick()
    assert bench.drain()
    assert upstream.requests == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_upstream_is_asked_again_not_before_it_said(
    make: Benches, upstream: Upstream, status: int
) -> None:
    bench = make(upstream)
    bench.tick()
    scripted(upstream, Reply(status, {"Retry-After": "7"}))
    delay = bench.drain()
    assert delay is not None
    assert 7 <= delay <= 9
    assert bench.spool.waiting[0] == 1
    assert bench.drain() is None


def test_silence_is_no_loss(make: Benches) -> None:
    with Upstream() as upstream:
        bench = make(upstream)
    bench.tick()
    assert bench.drain()
    assert "no answer" in (bench.shippers[0].trouble or "")


def test_the_log_says_whose_frames_are_not_taken(
    make: Benches, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make(upstream)
    scripted(upstream, Reply(503))
    bench.tick()
    with caplog.at_level("INFO", "agent.ship"):
        assert bench.drain()
        assert bench.drain() is None
    assert [r.message for r in caplog.records] == [
        "upstream does not take frames", "upstream answers again",
    ]  # fmt: skip
    assert {vars(r)["container"] for r in caplog.records} == {"s/c"}


def test_a_failing_upstream_gets_the_newest_frame_first_when_it_is_back(
    make: Benches, upstream: Upstream
) -> None:
    bench = make(upstream)
    scripted(upstream, Reply(503), Reply(503))
    for _ in range(2):
        bench.tick()
        assert bench.drain()
    bench.tick()
    assert bench.drain() is None
    assert [r.sequences for r in upstream.requests] == [[0], [1], [2], [0, 1]]


def test_inventories_asked_for_are_handed_on(make: Benches) -> None:
    with Upstream(wants=["device"]) as upstream:
        bench = make(upstream)
        bench.tick()
        bench.drain()
        assert bench.asked == ["device"]


def test_waiting_doubles_to_a_limit_and_is_random_below_it() -> None:
    assert [pause(n, None, 1.0) for n in (0, 1, 2, 6, 60)] == [1, 2, 4, 60, 60]
    assert pause(3, None, 0.25) == 2
    assert pause(0, 30.0, 0.5) == 30.5


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, Verdict.HELD), (400, Verdict.REFUSED), (413, Verdict.REFUSED),
        (401, Verdict.STRANGER), (403, Verdict.STRANGER), (408, Verdict.LATER),
        (429, Verdict.LATER), (500, Verdict.LATER), (302, Verdict.LATER), (204, Verdict.LATER),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, meaning: Verdict) -> None:
    assert verdict(status) is meaning


def test_a_reply_that_is_none_is_no_receipt() -> None:
    with pytest.raises(Unavailable, match="FramesReply"):
        receipt(b"<html>")


def test_an_upstream_must_be_a_url() -> None:
    with pytest.raises(VigieError, match="URL"):
        Line("localhost:8051")


def test_the_thread_sends_as_frames_come(make: Benches, upstream: Upstream) -> None:
    bench = make(upstream)
    bench.shippers[0].start()
    for n in range(3):
        bench.tick()
        assert upstream.wait(at_least(n + 1))
    bench.shippers[0].close(5)
    assert [r.sequences for r in upstream.requests] == [[0], [1], [2]]
