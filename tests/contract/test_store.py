"""What the store promises, whatever is inside: each acknowledged row once, always.

Run on the store, and on liars that must not pass.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.store.entry import Decoded, Envelope
from collector.store.groups import Appended, Done
from collector.store.store import Store
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened, moment
from vigie.catalogue import Gpu, Host
from vigie.frame import Gap, Happening

HOUR = 3_600 * SECOND
SENDER = f"{requests.CONTAINER}\tagent-1"


def body(sequence: int, time: int | None = None, agent: str = "agent-1") -> bytes:
    """A frame of one GPU whose power is the frame's number."""
    time = START + sequence * SECOND if time is None else time
    readings: dict[str, list[Any]] = {
        "host": [agent],
        "gpu": ["g"],
        "power_watts": [float(sequence)],
    }
    return requests.frame(sequence, time, {Gpu: readings}, agent=agent)


class Forgetful(Store):
    """Acknowledges before it keeps, and keeps every other."""

    def append(self, envelope: Envelope, body: bytes, decoded: Decoded, done: Done) -> None:
        if decoded.frames[0].header.sequence % 2:
            done(Appended({}))
        else:
            super().append(envelope, body, decoded, done)


class Stuttering(Store):
    """Keeps what it is sent again."""

    def append(self, *given: Any) -> None:
        self._memory.ledger._boots.clear()
        super().append(*given)


class Careless(Store):
    """Lets the journal go before the tables have its rows."""

    def open(self, *arguments: Any) -> Any:
        for segment in self._journal.segments():
            segment.path.unlink()
        return super().open(*arguments)


def check_everything(directory: Path, kind: Callable[..., Store]) -> None:
    """Send, repeat, flush, merge, expire and restart at random; every row is there once."""
    noise = random.Random(7)
    sent: set[int] = set()
    for _ in range(3):
        with Opened(directory, kind=kind) as run:
            for _ in range(8):
                fresh = [len(sent) + n + 1 for n in range(noise.randrange(1, 5))]
                again = noise.sample(sorted(sent), min(len(sent), 3))
                order = [*fresh, *again]
                noise.shuffle(order)
                run.send(*(body(n, START + n * 600 * SECOND) for n in order))
                sent.update(fresh)
                step = noise.choice(("flush", "merge", "expire", "none"))
                if step == "flush":
                    run.flush()
                elif step == "merge":
                    run.store.merge((START + 90 * 86_400 * SECOND) * 1_000)
                elif step == "expire":
                    run.store.expire(run.now * 1_000, grace=0)
                assert run.rows("gpu", "power_watts") == sorted(sent)
                held = run.store.held(SENDER)["boot-1"]
                assert {n for a, b in held for n in range(a, b + 1)} == sent


@pytest.mark.slow
def test_each_acknowledged_row_is_there_once(tmp_path: Path) -> None:
    check_everything(tmp_path, Store)


@pytest.mark.parametrize("liar", [Forgetful, Stuttering, Careless])
def test_a_liar_does_not_pass(tmp_path: Path, liar: Callable[..., Store]) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check_everything(tmp_path, liar)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Opened]:
    with Opened(tmp_path) as opened:
        yield opened


def test_the_answer_says_what_is_held(run: Opened) -> None:
    (answer,) = run.send(body(1))
    assert answer.held == {(SENDER, "boot-1"): [(1, 1)]}
    (answer,) = run.send(body(1) + body(2) + body(4))
    assert answer.held == {(SENDER, "boot-1"): [(1, 2), (4, 4)]}


def test_a_reused_identity_is_an_event_and_is_not_stored(run: Opened) -> None:
    run.send(body(1))
    run.send(body(1, START + 7 * SECOND))
    assert run.rows("gpu", "power_watts") == [1]
    assert run.codes() == ["identity_reused"]


def test_what_is_acknowledged_is_live_and_can_be_waited_for(run: Opened) -> None:
    before = run.store.live.commit
    run.send(body(1), body(2))
    assert run.store.live.wait(before, timeout=0) > before
    assert run.store.live.table("gpu")["power_watts"].to_pylist() == [2]


def test_a_restart_loses_nothing_slow_and_commits_go_on(tmp_path: Path) -> None:
    with Opened(tmp_path) as run:
        run.send(body(1))
        run.flush()
        run.send(requests.frame(2, START, {Host: {"host": ["h"], "load1": [0.5]}}))
        commit = run.store.live.commit
    with Opened(tmp_path) as run:
        assert run.store.live.table("gpu")["power_watts"].to_pylist() == [1]
        assert run.store.live.table("host")["load1"].to_pylist() == [0.5]
        assert run.store.live.commit >= commit
        run.send(body(3))
        assert run.store.live.commit > commit


def test_a_scan_is_cut_by_time_scope_and_keys(run: Opened) -> None:
    for container, host in (("a/1", "x"), ("a/1", "y"), ("a/10", "x"), ("b/1", "x")):
        readings: dict[str, list[Any]] = {
            "host": [host] * 2,
            "gpu": ["g"] * 2,
            "time": [START, START + HOUR],
        }
        run.send(requests.frame(1, START, {Gpu: readings}, agent=container + host,
                                container=container))  # fmt: skip
        if host == "y":
            run.flush()

    def count(*scopes: str, end: Any = None, **where: list[str]) -> int:
        return int(run.store.scan("gpu", ["time"], None, end, scopes, where).num_rows)

    assert count("") == 8
    assert count("a") == 6
    assert count("a/1") == 4
    assert count("a/1/x") == 2
    assert count("a/1/x", "b") == 4
    assert count() == 0
    assert count("", host=["y"]) == 2
    rows = run.store.scan("gpu", ["time"], None, moment(START + HOUR), [""], {})
    assert rows.num_rows == 4


def test_agents_of_one_name_in_two_containers_are_two(run: Opened) -> None:
    row = {"host": ["h"], "gpu": ["g"], "power_watts": [1.0]}
    for container in ("a/1", "a/2"):
        run.send(requests.frame(1, START, {Gpu: row}, container=container))
    assert len(run.rows("gpu")) == 2
    assert run.codes() == []


def test_gaps_that_agents_declare_are_events(run: Opened) -> None:
    gap = Gap(2, 5, START, START + 4 * SECOND, "spool full")
    run.send(body(1), requests.frame(6, START + 5 * SECOND, {}, gaps=[gap]))
    assert run.store.held(SENDER) == {"boot-1": [(1, 6)]}
    assert run.codes() == ["gap"]
    (event,) = run.store.events_since(0).to_pylist()
    assert "frames 2-5" in event["detail"]


def test_events_are_read_by_position_over_restarts(tmp_path: Path) -> None:
    happened = Happening("agent_started", START)
    with Opened(tmp_path) as run:
        run.send(requests.frame(1, START, {}, events=[happened]))
        run.flush()
        run.send(requests.frame(2, START, {}, events=[happened]))
        before = run.store.events_since(0)["position"].to_pylist()
    with Opened(tmp_path) as run:
        assert run.store.events_since(0)["position"].to_pylist() == before
        assert run.store.events_since(before[0])["position"].to_pylist() == before[1:]
        assert len(run.rows("events", "code")) == 2
