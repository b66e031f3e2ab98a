"""How much alarms ask of an operator's post: the figures of EEMUA 191 and ISA-18.2, of any period.

Pure. An alarm is an alert that fired and was told. Figures are of a post, where people take turns,
and never of a person. Formulas: EEMUA 191 (3rd ed.), figures on alarm rates; ISA-18.2-2016, 16.5:
alarms in ten minutes, floods from more than ten until fewer than five in ten minutes, chattering
from three transitions a minute, stale after 24 hours.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from alerts.chronicle import Episode

WINDOW: Final = 600.0
FLOOD: Final = 10
"""Alarms in a window above which it is a flood."""
CALM: Final = 5
"""Alarms in a window below which a flood is over."""
STALE: Final = 86_400.0
CHATTER: Final = 3
"""Transitions within `CHATTER_SECONDS` from which on a subject chatters."""
CHATTER_SECONDS: Final = 60.0
TOP: Final = 10
LEVELS: Final = ((1.0, "acceptable"), (2.0, "manageable"), (10.0, "overdemanding"))
"""Mean alarms in ten minutes up to which a load is called so; above the last, unacceptable."""
UNACCEPTABLE: Final = "unacceptable"


@dataclass(frozen=True, slots=True)
class Flood:
    """More alarms than anybody reads; `end` is None while it lasts at the end of the period."""

    start: float
    end: float | None
    alarms: int
    peak: int


@dataclass(frozen=True, slots=True)
class Actor:
    """What raised so many alarms, what share of all that is, and for how long it was in alarm."""

    rule: str
    subject: str | None
    alarms: int
    share: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that stood at the end of the period for longer than a day."""

    id: str
    rule: str
    subject: str
    priority: int
    since: float
    seconds: float
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Chatter:
    """A subject that comes and goes: the transitions in its worst minute."""

    rule: str
    subject: str
    transitions: int


@dataclass(frozen=True, slots=True)
class Load:
    """The figures of one post.

    `rate` is alarms in ten minutes on average; `p50` and `p95` are of whole windows of ten minutes,
    `over` is the share of them with more than ten, all None where the period has none; `peak` is
    the most in any ten minutes. `flood_share` is the share of time in floods. `priorities` are
    shares, `actors` the subjects and `rules` the rules with most alarms.
    """

    post: str
    alarms: int
    simulated_share: float | None
    rate: float
    p50: int | None
    p95: int | None
    over: float | None
    peak: int
    level: str
    flood_share: float
    floods: tuple[Flood, ...]
    standing: tuple[Standing, ...]
    chattering: tuple[Chatter, ...]
    actors: tuple[Actor, ...]
    rules: tuple[Actor, ...]
    priorities: Mapping[int, float]


def loads(
    episodes: Iterable[Episode], start: float, end: float, post: Callable[[Episode], str]
) -> list[Load]:
    """The figures of every post that had an alarm from `start` until before `end`, by name.

    `post` says at which post an alarm is read.
    """
    parted: dict[str, list[Episode]] = {}
    for episode in episodes:
        if episode.announced and episode.fired is not None:
            parted.setdefault(post(episode), []).append(episode)
    made = (load(name, parted[name], start, end) for name in sorted(parted))
    return [each for each in made if each.alarms or each.standing]


def load(post: str, episodes: Sequence[Episode], start: float, end: float) -> Load:
    """The figures of one post, of which these are the alarms."""
    came = sorted(
        (e for e in episodes if e.fired is not None and start <= e.fired < end), key=_fired
    )
    times = [_fired(episode) for episode in came]
    rate = len(times) / ((end - start) / WINDOW)
    counts = windows(times, start, end)
    found = floods(times, end)
    flooded = sum((end if f.end is None else f.end) - f.start for f in found)
    return Load(
        post=post,
        alarms=len(came),
        simulated_share=sum(e.simulated for e in came) / len(came) if came else None,
        rate=rate,
        p50=_percentile(counts, 50),
        p95=_percentile(counts, 95),
        over=sum(count > FLOOD for count in counts) / len(counts) if counts else None,
        peak=peak(times, WINDOW),
        level=level(rate),
        flood_share=flooded / (end - start),
        floods=tuple(found),
        standing=standing(episodes, end),
        chattering=chattering(episodes, start, end),
        actors=actors(came, end, lambda e: (e.rule, e.subject)),
        rules=actors(came, end, lambda e: (e.rule, None)),
        priorities={
            priority: count / len(came)
            for priority, count in sorted(Counter(e.priority for e in came).items())
        },
    )


def level(rate: float) -> str:
    """What a mean rate is called."""
    return next((word for most, word in LEVELS if rate <= most), UNACCEPTABLE)


def windows(times: Sequence[float], start: float, end: float) -> list[int]:
    """How many of these times, in order, lie in each whole window of ten minutes."""
    edges = [start + WINDOW * number for number in range(int((end - start) // WINDOW) + 1)]
    places = [bisect_left(times, edge) for edge in edges]
    return [last - first for first, last in pairwise(places)]


def peak(times: Sequence[float], span: float) -> int:
    """The most of these times, in order, within any so many seconds."""
    most, recent = 0, deque[float]()
    for time in times:
        recent.append(time)
        while recent[0] <= time - span:
            recent.popleft()
        most = max(most, len(recent))
    return most


def floods(times: Sequence[float], end: float) -> list[Flood]:
    """The floods among these times, in order and before `end`, as ISA-18.2 bounds them."""
    found: list[Flood] = []
    recent = deque[float]()
    current: Flood | None = None
    for time in [*times, end]:
        while recent and recent[0] <= time - WINDOW:
            left = recent.popleft() + WINDOW
            if current is not None and len(recent) < CALM:
                found.append(replace(current, end=left))
                current = None
        if time >= end:
            break
        recent.append(time)
        if current is not None:
            most = max(current.peak, len(recent))
            current = replace(current, alarms=current.alarms + 1, peak=most)
        elif len(recent) > FLOOD:
            last = found[-1].end if found else None
            first = recent[0] if last is None else max(recent[0], last)
            current = Flood(first, None, len(recent), len(recent))
    return found if current is None else [*found, current]


def standing(episodes: Iterable[Episode], at: float) -> tuple[Standing, ...]:
    """The alarms that had stood for a day and more at that time, oldest first."""
    found = [
        Standing(e.id, e.rule, e.subject, e.priority, e.fired, at - e.fired,
                 e.taken is not None and e.taken.time <= at)
        for e in episodes
        if e.fired is not None and at - e.fired >= STALE and (e.ended is None or e.ended > at)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (each.since, each.id)))


def chattering(episodes: Iterable[Episode], start: float, end: float) -> tuple[Chatter, ...]:
    """The subjects that came and went three times and more within a minute, the worst first."""
    times: dict[tuple[str, str], list[float]] = {}
    for episode in episodes:
        own = [time for time in episode.transitions if start <= time < end]
        times.setdefault((episode.rule, episode.subject), []).extend(own)
    found = (Chatter(*key, peak(sorted(own), CHATTER_SECONDS)) for key, own in times.items())
    worst = [each for each in found if each.transitions >= CHATTER]
    return tuple(sorted(worst, key=lambda each: (-each.transitions, each.rule, each.subject)))


def actors(
    came: Sequence[Episode], end: float, key: Callable[[Episode], tuple[str, str | None]]
) -> tuple[Actor, ...]:
    """Who raised most of these alarms, the worst first: at most ten."""
    counts = Counter[tuple[str, str | None]]()
    lasted: dict[tuple[str, str | None], float] = {}
    for episode in came:
        of = key(episode)
        counts[of] += 1
        over = end if episode.ended is None else min(end, episode.ended)
        lasted[of] = lasted.get(of, 0.0) + over - _fired(episode)
    worst = sorted(counts.items(), key=lambda item: (-item[1], item[0][0], item[0][1] or ""))
    return tuple(
        Actor(*of, count, count / len(came), lasted[of]) for of, count in worst[:TOP]
    )  # fmt: skip


def _fired(episode: Episode) -> float:
    return episode.began if episode.fired is None else episode.fired


def _percentile(counts: Sequence[int], percent: int) -> int | None:
    """By nearest rank: a number of alarms that was there."""
    if not counts:
        return None
    return sorted(counts)[max(0, -(-len(counts) * percent // 100) - 1)]
