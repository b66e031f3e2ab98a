"""Agents send again, in any order, and lose answers: what is stored is what was sent, once."""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.build.programs import Collector, Sender
from tests.build.recorded import numbered, stored
from tests.build.world import Agent, compressed
from vigie.frame import Gap

FRAMES = 150
SECOND_BOOT = 1_000
"""The number of its first frame: the numbers of an agent's rows tell its boots apart."""
MISSING = range(60, 65)


def both_boots(container: str) -> dict[int, bytes]:
    """An agent's frames by number; some of the first boot never come, and the second says so."""
    start = time.time_ns() - 1_500 * 10**9
    agent = numbered(container, start)
    frames = {tick: agent.frame(tick) for tick in range(FRAMES) if tick not in MISSING}
    first, last = (agent.wall(tick) // 1000 for tick in (MISSING.start, MISSING.stop - 1))
    gap = Gap(MISSING.start, MISSING.stop - 1, first, last, "spool full")
    frames[FRAMES] = agent.frame(FRAMES, gaps=[gap])
    again = agent.rebooted("boot-2")
    return frames | {t: again.frame(t) for t in range(SECOND_BOOT, SECOND_BOOT + FRAMES)}


class Careless:
    """Posts every frame thrice in an order of its own, some twice in one request, and often hangs
    up before the answer.
    """

    def __init__(self, collector: Collector, token: str, frames: dict[int, bytes]) -> None:
        self._collector, self._token, self._frames = collector, token, frames
        self.lost = 0
        self.problems: list[object] = []

    def post_all(self, seed: int) -> None:
        """All of it, once more."""
        chance = random.Random(seed)
        order = [number for number in self._frames for _ in range(3)]
        chance.shuffle(order)
        sender = Sender(self._collector.url, self._token)
        while order:
            count = chance.randint(1, 8)
            batch, order = order[:count], order[count:]
            body = compressed(*(self._frames[number] for number in batch))
            if chance.random() < 0.3:
                self._hang_up(body, chance.choice((0.0, 0.02, 0.1)))
                continue
            status, answer, _ = sender.post(body, "")
            if status != 200:
                self.problems.append(answer)
        sender.close()

    def _hang_up(self, body: bytes, patience: float) -> None:
        """Post, and close before the answer: as often as not it is committed by then."""
        head = (
            f"POST /api/v1/frames HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._token}\r\n"
            "Content-Type: application/vnd.vigie.frames\r\nContent-Encoding: zstd\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self._collector.port), 10) as wire:
            wire.sendall(head.encode() + body)
            time.sleep(patience)
        self.lost += 1


def post(senders: Sequence[Careless], seed: int) -> None:
    """All of them at once."""
    threads = [threading.Thread(target=s.post_all, args=(seed + n,)) for n, s in enumerate(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.slow
def test_what_is_stored_is_what_was_sent_once_however_it_came(tmp_path: Path) -> None:
    places = ["again/c0", "again/c1", "again/c2"]
    environment = {"VIGIE_COLLECTOR_STORE_FLUSH": "1s"}
    with Collector(tmp_path, environment=environment) as collector:
        sent = {place: both_boots(place) for place in places}
        tokens = {place: collector.enrol(f"agent-{place}", place) for place in places}
        senders = [Careless(collector, tokens[place], sent[place]) for place in places]
        whole = Counter({(place, number): 1 for place in places for number in sent[place]})
        post(senders, 1)
        assert stored(collector) == whole
        collector.kill()
        collector.start()
        assert stored(collector) == whole
        post(senders, 100)
        assert [s.problems for s in senders] == [[], [], []]
        assert stored(collector) == whole
        assert collector.stop() == 0
        collector.start()
        post(senders, 200)
        assert stored(collector) == whole
        assert sum(s.lost for s in senders) > 100
        for place in places:
            held_is_told(collector, tokens[place], place, sent[place])
        print(
            f"{len(whole)} frames of 6 boots, each posted nine times, with a SIGKILL and a restart;"
            f" {sum(s.lost for s in senders)} answers lost: 0 frames lost, 0 doubled"
        )


def held_is_told(collector: Collector, token: str, place: str, frames: dict[int, bytes]) -> None:
    """The answer says what is held, gaps included; the gap is an event, told once."""
    sender = Sender(collector.url, token)
    reply = sender.held(compressed(frames[0], frames[SECOND_BOOT]), "")
    sender.close()
    held = {boot.boot: boot.held for boot in reply.held}
    assert held == {
        "boot-1": [(0, FRAMES)],
        "boot-2": [(SECOND_BOOT, SECOND_BOOT + FRAMES - 1)],
    }
    events = collector.table("events", scope=place).columns
    assert events["code"] == ["gap"]
    assert "spool full" in str(events["detail"][0])


def test_another_frame_under_a_number_that_is_held_is_an_alarm_and_not_stored(
    tmp_path: Path,
) -> None:
    agent = numbered("again/c9", time.time_ns())
    with Collector(tmp_path) as collector:
        sender = Sender(collector.url, collector.enrol(agent.name, agent.container))
        sender.held(compressed(agent.frame(7)), "")
        forged = Agent(agent.container, agent.name, start=agent.start + 10**9).frame(7)
        for _ in range(3):
            sender.held(compressed(forged), "")
        sender.close()
        assert stored(collector) == {(agent.container, 7): 1}
        events = collector.table("events", scope=agent.container).columns
        assert events["code"] == ["identity_reused"]
