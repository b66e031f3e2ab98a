"""When duties run: each on its own, timed and counted, none able to stop another."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from collector.counters import Counters
from collector.process import yielding

log = logging.getLogger(__name__)

Duty = Callable[[datetime], object]

WORKERS: Final = 4
LIBRARY: Final = "apscheduler.scheduler"
"""Who logs there what the library has to say."""
SKIPPED: Final = "skipped: maximum number of running instances"


class Schedule:
    """Runs duties every so often, from `start` until `stop`."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(WORKERS, {"initializer": yielding})},
            # A duty that is late runs once, and never beside itself.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._skipped, EVENT_JOB_MAX_INSTANCES)
        logging.getLogger(LIBRARY).addFilter(_lowered)

    def every(self, seconds: float, name: str, duty: Duty) -> None:
        """Run a duty every so many seconds; a turn that comes while it runs is skipped."""
        self._scheduler.add_job(
            self.once, "interval", seconds=seconds, args=(name, duty), id=name,
            jitter=min(seconds / 20, 5) if seconds >= 10 else None,
        )  # fmt: skip

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Run nothing more; what runs is waited for."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def once(self, name: str, duty: Duty) -> None:
        """Run a duty now; what goes wrong is counted and logged."""
        began = time.monotonic()
        try:
            duty(datetime.now(UTC))
        except Exception:  # one duty: its next turn takes it up
            log.exception("a duty failed; its next turn takes it up", extra={"duty": name})
            self._counters.add("duty_failures_total", duty=name)
        else:
            self._counters.set("duty_last_success_timestamp_seconds", time.time(), duty=name)
        self._counters.add("duty_runs_total", duty=name)
        self._counters.set("duty_seconds", time.monotonic() - began, duty=name)

    def _skipped(self, event: JobSubmissionEvent) -> None:
        self._counters.add("duty_skipped_total", duty=event.job_id)


def _lowered(record: logging.LogRecord) -> bool:
    """A duty that catches up skips turns: that is counted, and nobody need be warned of it."""
    if SKIPPED not in str(record.msg):
        return True
    record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
    return logging.getLogger(LIBRARY).isEnabledFor(logging.DEBUG)
