"""Alerts as their history tells them, for tests: when they fired, were taken, and were over."""

from typing import Any

from alerts.chronicle import Episode, Turn
from alerts.lifecycle import State, Subject


def episode(
    fired: float | None, ended: float | None = None, *, taken: float | None = None,
    rule: str = "no_space", subject: str = "paris/a/host-1", **more: Any,
) -> Episode:  # fmt: skip
    """One that began when it fired; of the container that its subject begins with."""
    turns = [
        Turn(state, time, "Alice" if state is State.ACKNOWLEDGED else None)
        for state, time in (
            (State.FIRING, fired), (State.ACKNOWLEDGED, taken), (State.RESOLVED, ended),
        )
        if time is not None
    ]  # fmt: skip
    began = fired if fired is not None else ended or 0.0
    site, container, *keys = subject.split("/")
    told = {
        "id": f"{rule}:{subject}:{began:g}",
        "about": Subject(f"{site}/{container}", tuple(keys)),
        "priority": 2,
        "began": began,
        **more,
    }
    return Episode(rule=rule, turns=tuple(turns), **told)
