"""Who has a turn, and when; with a clock that is told."""

import threading
from collections.abc import Callable

from twin.wire.couriers import ASIDE, FAULT_SECONDS, THREADS, Couriers


class Sender:
    """Answers what it was told to, in order; then None."""

    def __init__(self, *delays: float | None, act: Callable[[], None] = lambda: None) -> None:
        self.delays, self.turns, self.act = list(delays), 0, act

    def step(self) -> float | None:
        self.turns += 1
        self.act()
        return self.delays.pop(0) if self.delays else None


class Story:
    def __init__(self) -> None:
        self.now = 100.0
        self.couriers = Couriers(0, clock=lambda: self.now)

    def turns(self) -> int:
        """How many were due."""
        count = 0
        while self.couriers.turn():
            count += 1
        return count


def test_everyone_has_a_turn_at_once_and_then_sleeps() -> None:
    story, senders = Story(), [Sender(), Sender()]
    for sender in senders:
        story.couriers.add(sender)
    assert story.turns() == 2
    story.now += 1e6
    assert story.turns() == 0
    assert [s.turns for s in senders] == [1, 1]


def test_a_delay_is_kept_even_where_there_is_more_to_send() -> None:
    story, sender = Story(), Sender(30.0)
    story.couriers.add(sender)
    story.turns()
    story.couriers.nudge(sender)
    story.now += 29.9
    assert story.turns() == 0
    story.now += 0.1
    assert story.turns() == 1


def test_a_nudge_wakes_who_sleeps() -> None:
    story, sender = Story(), Sender()
    story.couriers.add(sender)
    story.turns()
    story.couriers.nudge(sender)
    assert story.turns() == 1


def test_what_comes_during_a_turn_is_not_slept_over() -> None:
    story = Story()

    def more() -> None:
        if sender.turns == 1:
            story.couriers.nudge(sender)

    sender = Sender(act=more)
    story.couriers.add(sender)
    assert story.turns() == 2


def test_one_that_fails_costs_the_others_nothing() -> None:
    story, sound = Story(), Sender()

    def fail() -> None:
        raise RuntimeError("as told")

    broken = Sender(act=fail)
    story.couriers.add(broken)
    story.couriers.add(sound)
    assert story.turns() == 2
    assert sound.turns == 1
    story.now += FAULT_SECONDS
    assert story.turns() == 1
    assert broken.turns == 2


def test_who_is_removed_has_no_more_turns() -> None:
    story, sender = Story(), Sender(0.0, 0.0)
    story.couriers.add(sender)
    story.couriers.turn()
    story.couriers.remove(sender)
    assert story.turns() == 0


def test_at_the_end_what_is_due_is_still_sent() -> None:
    couriers, done = Couriers(2), threading.Event()
    sender = Sender(0.0, 0.0, 0.0, act=lambda: done.set() if sender.turns == 4 else None)
    couriers.start()
    couriers.add(sender)
    couriers.close(10.0)
    assert done.is_set()
    assert sender.turns == 4


def test_what_is_heavy_never_keeps_the_others_waiting() -> None:
    story, order = Story(), list[str]()

    def sender(name: str) -> Sender:
        """While it has its turn, another thread looks who is due."""

        def act() -> None:
            order.append(name)
            story.couriers.turn()

        return Sender(act=act)

    heavy = [f"heavy-{n}" for n in range(ASIDE + 2)]
    for name in heavy:
        story.couriers.add(sender(name), aside=True)
        story.now += 1
    story.couriers.add(sender("light"))
    story.turns()
    assert order[: ASIDE + 1] == [*heavy[:ASIDE], "light"]
    assert sorted(order) == sorted([*heavy, "light"])
    assert ASIDE < THREADS
