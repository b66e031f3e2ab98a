"""The sign of life that an outside receiver waits for."""

import json
import time
from pathlib import Path

import pytest

from alerts.receivers.outcome import Verdict
from collector.counters import Counters
from collector.duties.heartbeat import STILL_SECONDS, Heartbeat
from tests.build.alarm import START, Desk, declared


@pytest.fixture
def desk() -> Desk:
    return Desk(lambda: START)


def heart(desk: Desk, looked: float, counters: Counters | None = None) -> Heartbeat:
    receivers = [
        declared("outside", Path("none"), heartbeat=60.0), declared("noc", Path("none")),
    ]  # fmt: skip
    return Heartbeat(
        receivers, lambda: looked, counters or Counters(), state=lambda: {"alerts": 2},
        make=lambda _: desk, clock=lambda: START,
    )  # fmt: skip


def test_it_says_when_we_last_looked_to_who_waits_for_it_and_to_nobody_else(desk: Desk) -> None:
    beating = heart(desk, START - 0.5)
    assert beating.names == ["outside"]
    beating.beat("outside", START)
    ((_, message),) = desk.taken
    assert message.alerts == ()
    assert json.loads(message.body) == {
        "type": "heartbeat",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "data": {"every_seconds": 60.0, "looked": "2027-01-15T07:59:59.500Z", "alerts": 2},
    }


def test_each_one_has_an_identity_of_its_own(desk: Desk) -> None:
    beating = heart(desk, START)
    beating.beat("outside", START)
    beating.beat("outside", START + 10)
    assert len({message.id for _, message in desk.taken}) == 2


@pytest.mark.parametrize("looked", [0.0, START - STILL_SECONDS - 1, START + 1])
def test_it_is_silent_while_evaluation_stands_still(desk: Desk, looked: float) -> None:
    counters = Counters()
    assert heart(desk, looked, counters).beat("outside", START) is None
    assert desk.attempts == []
    assert counters.value("heartbeats_withheld_total", receiver="outside") == 1


def test_one_that_is_not_taken_is_counted_and_not_tried_again(desk: Desk) -> None:
    desk.verdict, counters = Verdict.DOWN, Counters()
    heart(desk, START, counters).beat("outside", START)
    assert len(desk.attempts) == 1
    assert counters.value("heartbeats_total", receiver="outside", verdict="down") == 1


def test_a_receiver_that_breaks_ends_nothing(desk: Desk) -> None:
    desk.crash, counters = RuntimeError("bad plug-in"), Counters()
    beating = heart(desk, START, counters)
    beating.start()
    deadline = time.monotonic() + 5
    while not counters.value("heartbeat_failures_total", receiver="outside"):
        assert time.monotonic() < deadline
    beating.stop()
    assert len(desk.attempts) == 1
