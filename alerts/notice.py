"""What is told at once, what waits to be told together, and what is held back.

Alerts that owe a receiver the same news (of the same rule, or all on silence) are told in one
message: the first at once, and then, while more come, at most one per interval. An end waits half a
minute first, because what comes again meanwhile was never gone. Silence waits for its last agent,
because what explains it may be wider. Pure; `alerts/board.py` keeps it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from alerts.inhibit import Explained, inhibited, on_silence
from alerts.lifecycle import AGAIN_SECONDS, Alert, State
from alerts.rule import Rule
from alerts.silence import Silence, hiding
from vigie.catalogue import Link

INTERVALS: Final[Mapping[int, float]] = {1: 60.0, 2: 300.0, 3: 900.0}
"""Seconds from one message of a line to the next, by the gravest priority that waits."""
WIDER_HOST_SECONDS: Final = 22.0
WIDER_PLACE_SECONDS: Final = 12.0
"""How long the silence of a host (or a line that is down), and that of a place, waits: agents
report every ten seconds, each at its own, so that the last of a place is silent so long after the
first; blindness waits ten more."""
INHIBITED: Final = "inhibited"
SILENCE: Final = "silence"
"""The one group of all rules on nothing being heard: one cause, told at the widest place."""


class Line(NamedTuple):
    """What is told together: the same news of one group of rules to one receiver."""

    receiver: str
    grouped: str
    state: State
    simulated: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """What one receiver was last told of one alert, and which state it is owed, since when."""

    alert: Alert
    receiver: str
    told: State | None
    owes: State | None
    since: float


def group(rule: Rule) -> str:
    """The name under which news of a rule are told together with others'."""
    return SILENCE if on_silence(rule) and rule.mutes is not None else rule.name


def line(notice: Notice, rule: Rule) -> Line:
    """Where a notice that is owed waits; what is about everything waits for nothing narrower."""
    state = notice.owes or notice.alert.state
    grouped = group(rule) if notice.alert.subject.container else rule.name
    return Line(notice.receiver, grouped, state, notice.alert.simulated)


def held(alert: Alert, rule: Rule, silences: Iterable[Silence], explained: Explained) -> str | None:
    """Why nobody is told of an open alert; None where they are."""
    silence = hiding(alert, rule, silences)
    if silence is not None:
        return silence.mark
    return INHIBITED if inhibited(alert, rule, explained) else None


def owed(
    alert: Alert,
    known: Mapping[str, Notice],
    names: Iterable[str],
    heard: Collection[str],
    now: float,
) -> list[Notice]:
    """What everybody knows and is owed once an alert is to be told as it is.

    `names` are those who are told of it now, `heard` those who were called for it some other way;
    who was told before hears of it in any case. Nobody hears the end of what they never heard of.
    """
    hearing = [*known, *heard, *(() if alert.state is State.RESOLVED else names)]
    notices = []
    for name in dict.fromkeys(hearing):
        told = known[name].told if name in known else None
        if told is None and name in heard:
            told = State.FIRING
        news = alert.state is not told and (told is not None or alert.open)
        notices.append(Notice(alert, name, told, alert.state if news else None, now))
    return notices


def due(
    waiting: Iterable[tuple[Notice, Rule]], last: Mapping[Line, float], now: float
) -> dict[Line, list[Notice]]:
    """What is to be told now, line by line, the gravest and oldest first."""
    lines: dict[Line, list[tuple[Notice, Rule]]] = {}
    for notice, rule in waiting:
        lines.setdefault(line(notice, rule), []).append((notice, rule))
    return {
        one: sorted(
            (notice for notice, _ in members),
            key=lambda n: (n.alert.priority, n.alert.since, n.alert.id),
        )
        for one, members in lines.items()
        if now >= _ready(one, members, last.get(one), now)
    }


def _ready(
    one: Line, members: Sequence[tuple[Notice, Rule]], last: float | None, now: float
) -> float:
    """When what waits in a line is told."""
    ready = now
    if last is not None and last <= now:  # of a clock that was set back nothing follows
        ready = last + INTERVALS[min(notice.alert.priority for notice, _ in members)]
    return max(ready, min(min(n.since, now) + _patience(one, n, rule) for n, rule in members))


def _patience(one: Line, notice: Notice, rule: Rule) -> float:
    """How long a notice waits because it may come to nothing, or to something wider."""
    if one.state is State.RESOLVED:
        return AGAIN_SECONDS
    if one.state is not State.FIRING or not (one.grouped == SILENCE or rule.measurement is Link):
        return 0.0
    return WIDER_HOST_SECONDS if notice.alert.subject.keys else WIDER_PLACE_SECONDS
