"""The duty that tells: one worker a receiver, so that a broken one delays no other."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from alerts.delivery.message import Message
from alerts.delivery.outbox import DEAD, SENT, WAITING, Outbox, Parcel
from alerts.delivery.retry import GIVE_UP
from alerts.receivers.declared import Declared
from alerts.receivers.kinds import made
from alerts.receivers.outcome import Copy, Outcome, Receiver, Verdict
from collector.counters import Counters

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""How often a worker looks for messages; a commit that writes one wakes it at once."""
KEPT_SECONDS: Final = 30 * 86_400.0
"""How long ended messages are kept."""
JOIN_SECONDS: Final = 2.0
AGAIN_SECONDS: Final = 60.0
"""How often a receiver that keeps nothing is told what stands."""
AGAIN_SOON_SECONDS: Final = 10.0
"""The same after it was not told."""

Standing = Callable[[Declared, float], Sequence[Mapping[str, Any]]]
"""The `data` of what stands at that Unix time and is for that receiver."""


@dataclass
class Line:
    """One receiver and how it stands: until `paused` nothing is sent to it.

    `fault` is why the last attempt failed, `failing` since when; nothing while all is well. `again`
    is when a receiver that keeps nothing is told next what stands.
    """

    declared: Declared
    receiver: Receiver
    paused: float = 0.0
    fault: str = ""
    failing: float | None = None
    again: float = 0.0

    def noted(self, outcome: Outcome, now: float) -> None:
        """Keep in mind what an attempt came to."""
        self.fault = outcome.reason
        if outcome.verdict is Verdict.DELIVERED:
            self.failing = None
        elif self.failing is None:
            self.failing = now


class Deliver:
    """Sends what the outbox holds."""

    def __init__(
        self,
        outbox: Outbox,
        receivers: Sequence[Declared],
        counters: Counters,
        *,
        make: Callable[[Declared], Receiver] = made,
        standing: Standing = lambda _, __: (),
        clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`clock` is Unix time, `draw` a random number from 0 to 1."""
        self._outbox, self._counters, self._clock, self._draw = outbox, counters, clock, draw
        self._standing = standing
        self.lines: Mapping[str, Line] = {d.name: Line(d, make(d)) for d in receivers}
        self._stop = threading.Event()
        self._wake = {name: threading.Event() for name in self.lines}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start a worker for every receiver."""
        for name in self.lines:
            worker = threading.Thread(
                target=self._work, args=(name,), name=f"deliver-{name}", daemon=True
            )
            worker.start()
            self._threads.append(worker)

    def stop(self) -> None:
        """End the workers; one that waits for an answer is not waited for long.

        What it was sending is sent again after the next start, with the same identity.
        """
        self._stop.set()
        self.wake()
        for worker in self._threads:
            worker.join(JOIN_SECONDS)

    def wake(self) -> None:
        """Look now: there may be something new."""
        for event in self._wake.values():
            event.set()

    def run(self, now: datetime) -> None:
        """Give up what is too old, forget what is long over, count what there is."""
        at = now.timestamp()
        given_up = self._outbox.expire(list(self.lines), at - GIVE_UP, at)
        if given_up:
            log.error("notifications given up", extra={"count": given_up})
            self._counters.add("notifications_given_up_total", given_up)
        self._outbox.purge(at - KEPT_SECONDS)
        counts = self._outbox.counts()
        for name, line in self.lines.items():
            self._counters.set("receiver_failing", int(line.failing is not None), receiver=name)
            for state in (WAITING, SENT, DEAD):
                self._counters.set(
                    "notifications", counts.get((name, state), 0), receiver=name, state=state
                )

    def turn(self, name: str, now: float) -> float:
        """Send one message of one receiver, if one is due; seconds until the next may be."""
        line = self.lines[name]
        if now < line.paused:
            return line.paused - now
        if self._outbox.closed(name, line.declared.url):
            return LOOK_SECONDS
        parcel = self._outbox.due(name, now)
        if parcel is None:
            self._tell_again(line, now)
            due = self._outbox.next_due(name)
            return LOOK_SECONDS if due is None else min(max(due - now, 0.0), LOOK_SECONDS)
        outcome = self._attempt(line, parcel.message, now)
        self._settle(line, parcel, outcome, max(now, self._clock()))
        return 0.0

    def test(self, name: str, message: Message, now: float) -> Outcome:
        """Try a message that is about no alert, at once and once, whatever waits."""
        line = self.lines[name]
        outcome = self._attempt(line, message, now)
        line.noted(outcome, now)
        if outcome.verdict is Verdict.DELIVERED:
            line.paused = 0.0
        return outcome

    def _attempt(self, line: Line, message: Message, now: float) -> Outcome:
        try:
            outcome = line.receiver.deliver(message, now)
        except Exception as error:  # one receiver: it is as good as down
            log.exception("receiver broke", extra={"receiver": line.declared.name})
            outcome = Outcome(Verdict.DOWN, f"{type(error).__name__}: {error}"[:500])
        self._counters.add(
            "deliveries_total", receiver=line.declared.name, verdict=outcome.verdict.value
        )
        return outcome

    def _settle(self, line: Line, parcel: Parcel, outcome: Outcome, now: float) -> None:
        name = line.declared.name
        line.noted(outcome, now)
        fields = {"receiver": name, "notification": parcel.message.id, "reason": outcome.reason}
        if outcome.verdict is Verdict.DELIVERED:
            if outcome.reason:
                log.warning("notification delivered, but not to all", extra=fields)
            if len(parcel.message.alerts) > 1:
                line.again = now  # a message names the first of a large group only
            self._outbox.sent(parcel, now)
            return
        if outcome.verdict is Verdict.GONE:
            log.error("receiver is gone; test it, or change its URL, to open it", extra=fields)
            self._outbox.postponed(parcel, now, outcome.reason, refused=False)
            self._outbox.close_receiver(name, line.declared.url, now, outcome.reason)
            return
        due = line.declared.ladder.next(
            parcel.failures + 1, parcel.created, now, outcome.retry_after, self._draw()
        )
        if due is None:
            log.error("notification given up", extra=fields)
            self._counters.add("notifications_given_up_total")
            self._outbox.dead(parcel, now, outcome.reason)
            return
        log.warning("notification not delivered; it is tried again", extra=fields)
        refused = outcome.verdict is Verdict.REFUSED
        self._outbox.postponed(parcel, due, outcome.reason, refused=refused)
        if not refused:
            line.paused = due

    def _tell_again(self, line: Line, now: float) -> None:
        """What stands, to a receiver that keeps nothing, when that is due."""
        if not isinstance(line.receiver, Copy) or now < line.again:
            return
        standing = self._standing(line.declared, now)
        outcome = line.receiver.again(standing, now) if standing else Outcome(Verdict.DELIVERED)
        if standing:
            line.noted(outcome, now)
        told = outcome.verdict is Verdict.DELIVERED
        line.again = now + (AGAIN_SECONDS if told else AGAIN_SOON_SECONDS)
        if not told:
            fields = {"receiver": line.declared.name, "reason": outcome.reason}
            log.warning("what stands was not told again; it is tried soon", extra=fields)

    def _work(self, name: str) -> None:
        wake = self._wake[name]
        while not self._stop.is_set():
            try:
                wait = self.turn(name, self._clock())
            except Exception:  # the database, for one; this worker goes on when it can
                log.exception("delivery failed", extra={"receiver": name})
                self._counters.add("delivery_failures_total", receiver=name)
                wait = LOOK_SECONDS
            if wait > 0:
                wake.wait(min(wait, LOOK_SECONDS))
                wake.clear()
