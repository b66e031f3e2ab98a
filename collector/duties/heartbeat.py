"""The duty that says that we still look: who hears nothing of it any more calls somebody.

A heartbeat is not kept, nor tried again: one that is late would say what is no longer so. None is
sent while evaluation stands still, for then silence of alerts means nothing.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from alerts import text
from alerts.delivery.message import Message
from alerts.receivers.declared import Declared
from alerts.receivers.kinds import made
from alerts.receivers.outcome import Outcome, Receiver, Verdict
from collector.counters import Counters

log = logging.getLogger(__name__)

STILL_SECONDS: Final = 30.0
"""Evaluation that did not end a look for so long stands still."""
JOIN_SECONDS: Final = 2.0

State = Callable[[], Mapping[str, Any]]
"""What a heartbeat tells beside the time, as JSON."""


class Heartbeat:
    """Tells every receiver that has a heartbeat, in a thread each."""

    def __init__(
        self,
        receivers: Sequence[Declared],
        looked: Callable[[], float],
        counters: Counters,
        *,
        state: State = dict,
        make: Callable[[Declared], Receiver] = made,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`looked` says when evaluation last ended a look, in Unix time, as `clock` tells it."""
        self._told = {d.name: (d, make(d)) for d in receivers if d.heartbeat is not None}
        self._looked, self._state, self._counters, self._clock = looked, state, counters, clock
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def names(self) -> list[str]:
        """Who is told."""
        return list(self._told)

    def start(self) -> None:
        """Begin."""
        for name in self._told:
            worker = threading.Thread(
                target=self._work, args=(name,), name=f"heartbeat-{name}", daemon=True
            )
            worker.start()
            self._threads.append(worker)

    def stop(self) -> None:
        """Say nothing more."""
        self._stop.set()
        for worker in self._threads:
            worker.join(JOIN_SECONDS)

    def beat(self, name: str, now: float) -> Outcome | None:
        """Tell one receiver that we look; None, and nothing said, where we do not."""
        declared, receiver = self._told[name]
        looked = self._looked()
        if not 0 <= now - looked <= STILL_SECONDS:
            self._counters.add("heartbeats_withheld_total", receiver=name)
            log.error(
                "evaluation stands still; no heartbeat is sent",
                extra={"receiver": name, "since": text.moment(looked) if looked > 0 else None},
            )
            return None
        outcome = receiver.deliver(self._message(declared, looked, now), now)
        self._counters.add("heartbeats_total", receiver=name, verdict=outcome.verdict.value)
        if outcome.verdict is not Verdict.DELIVERED:
            fields = {"receiver": name, "reason": outcome.reason}
            log.warning("heartbeat not taken; the next one follows", extra=fields)
        return outcome

    def _message(self, declared: Declared, looked: float, now: float) -> Message:
        data = {"every_seconds": declared.heartbeat, "looked": text.moment(looked)}
        content = {
            "type": "heartbeat", "timestamp": text.moment(now), "data": {**data, **self._state()},
        }  # fmt: skip
        identity = f"heartbeat.{declared.name}.{round(now * 1000)}"
        return Message(identity, (), json.dumps(content, separators=(",", ":")).encode())

    def _work(self, name: str) -> None:
        every = self._told[name][0].heartbeat or 0.0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self.beat(name, self._clock())
            except Exception:  # one receiver: its next beat may go
                log.exception("heartbeat failed", extra={"receiver": name})
                self._counters.add("heartbeat_failures_total", receiver=name)
            self._stop.wait(max(1.0, every - (time.monotonic() - began)))
