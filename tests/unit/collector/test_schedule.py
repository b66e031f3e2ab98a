import threading
from datetime import datetime

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
    assert done.wait(10)
    schedule.stop()
    assert counters.value("duty_runs_total", duty="sound") > 0
    assert counters.value("duty_failures_total", duty="sound") == 0


def test_a_schedule_that_never_started_ends() -> None:
    Schedule(Counters()).stop()
