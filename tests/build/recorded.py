"""A load that remembers what was acknowledged, and the question what is stored of it."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed, machine
from vigie.catalogue import Host
from vigie.shape import Columns, Measurement


def numbered(container: str, start: int) -> Agent:
    """An agent whose load1 is the number of its tick."""

    def read(_: Agent, tick: int) -> Sequence[tuple[type[Measurement], Columns]]:
        return [
            (m, {**columns, Host.load1: [float(tick)]} if m is Host else columns)
            for m, columns in machine(tick)
        ]

    return Agent(container, name=f"agent-{container}", start=start, read=read)


class Addressed(Protocol):
    """A collector, or what takes frames as one does."""

    url: str


@dataclass
class Load:
    """Agents that post one frame after the other, resend until held, and now and then twice.

    `acknowledged` is, by (container, tick), the monotonic nanosecond of the answer.
    """

    collector: Addressed
    token: str
    agents: Sequence[Agent]
    pause: float = 0.0
    acknowledged: dict[tuple[str, int], int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for number, agent in enumerate(self.agents):
            thread = threading.Thread(target=self._run, args=(agent, number), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, agent: Agent, seed: int) -> None:
        chance = random.Random(seed)
        sender = Sender(self.collector.url, self.token, timeout=30)
        tick = 0
        while not self.over.is_set():
            if not self._posted(sender, agent.frame(tick)):
                continue
            self.acknowledged[agent.container, tick] = time.monotonic_ns()
            if chance.random() < 0.1:
                self._posted(sender, agent.frame(chance.randint(0, tick)))
            tick += 1
            time.sleep(self.pause)
        sender.close()

    def _posted(self, sender: Sender, frame: bytes) -> bool:
        try:
            status, answer, _ = sender.post(compressed(frame), "")
        except OSError:
            time.sleep(0.02)
            return False
        if status not in {200, 503}:
            self.problems.append(f"{status} {answer}")
            self.over.set()
        return status == 200


def stored(collector: Collector) -> Counter[tuple[str, int]]:
    """How often each (container, tick) of `numbered` agents is in the store."""
    found: Counter[tuple[str, int]] = Counter()
    cursor: str | None = None
    while True:
        page = collector.table(
            "series/host",
            fields="load1",
            limit=100_000,
            cursor=cursor,
            **{"from": "2026-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"},
        )
        containers, ticks = page.columns["container"], page.columns["load1"]
        found.update((str(c), int(t or 0)) for c, t in zip(containers, ticks, strict=True))
        cursor = page.cursor
        if cursor is None:
            return found


def faults(
    acknowledged: Sequence[tuple[str, int]], found: Counter[tuple[str, int]]
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(acknowledged and lost, stored more than once)."""
    return (
        [k for k in acknowledged if not found[k]],
        [k for k, times in found.items() if times > 1],
    )
