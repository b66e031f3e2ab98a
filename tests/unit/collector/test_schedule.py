import logging
import threading
from datetime import datetime

import pytest

from collector.counters import Counters
from collector.schedule import Schedule


def test_a_duty_that_fails_is_counted_and_stops_no_other() -> None:
    counters, done = Counters(), threading.Event()
    schedule = Schedule(counters)

    def broken(_: datetime) -> None:
        raise OSError("no disk")

    def sound(_: datetime) -> None:
        if counters.value("duty_failures_total", duty="broken") >= 2:
            done.set()

    schedule.every(0.01, "broken", broken)
    schedule.every(0.01, "sound", sound)
    schedule.start()
    assert done.wait(60)
    schedule.stop()
    assert counters.value("duty_runs_total", duty="sound") > 0
    assert counters.value("duty_failures_total", duty="sound") == 0


@pytest.mark.parametrize("level", [logging.WARNING, logging.DEBUG])
def test_a_turn_that_comes_while_its_duty_runs_is_counted_and_nobody_is_warned(
    level: int, caplog: pytest.LogCaptureFixture
) -> None:
    counters, finish, others = Counters(), threading.Event(), threading.Event()
    schedule = Schedule(counters)

    def other(_: datetime) -> None:
        if counters.value("duty_skipped_total", duty="catches up") >= 2:
            others.set()

    schedule.every(0.01, "catches up", lambda _: finish.wait(200))
    schedule.every(0.01, "other", other)
    with caplog.at_level(level, "apscheduler"):
        schedule.start()
        assert others.wait(60)
        finish.set()
        schedule.stop()
    said = {record.levelno for record in caplog.records if "skipped" in record.getMessage()}
    assert said == ({logging.DEBUG} if level == logging.DEBUG else set())
    assert counters.value("duty_failures_total", duty="catches up") == 0


def test_a_schedule_that_never_started_ends() -> None:
    Schedule(Counters()).stop()
