"""For how long service was unavailable, and how much of that was planned.

Pure. What counts is decided by rules and people: an alert that means an outage makes its container
unavailable from its beginning to its end. Planned maintenance is left out, as recital 33 of
Implementing Regulation (EU) 2024/2690 has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

Span = tuple[float, float]
"""From a Unix time until before another."""

LONG: Final = 3600.0
"""Limited availability for longer than this is a sign of a significant incident, Art. 8(1)(b)."""
COMPLETE: Final = "complete_unavailability"
LIMITED: Final = "limited_over_an_hour"


@dataclass(frozen=True, slots=True)
class Down:
    """How long one container was unavailable, in seconds, with and without what was planned."""

    container: str
    unavailable: float
    planned: float

    @property
    def counted(self) -> float:
        """What nobody planned."""
        return self.unavailable - self.planned


@dataclass(frozen=True, slots=True)
class Outage:
    """What was unavailable, planned maintenance left out; seconds.

    `limited` is how long anything was, `longest` the longest time on end, `complete` how long
    everything was at once: None where it is not known what everything is. `planned` is what was
    left out. `signs` are those of Art. 8(1): complete unavailability, or limited for more than an
    hour; whether the incident is significant is for people to say.
    """

    limited: float
    longest: float
    complete: float | None
    planned: float
    down: tuple[Down, ...]

    @property
    def signs(self) -> tuple[str, ...]:
        """What points to a significant incident."""
        found = ((COMPLETE, (self.complete or 0.0) > 0), (LIMITED, self.longest > LONG))
        return tuple(sign for sign, is_so in found if is_so)


def outage(
    down: Mapping[str, Iterable[Span]],
    planned: Mapping[str, Iterable[Span]],
    everything: Sequence[str] = (),
) -> Outage:
    """The outage of containers that were down for these spans, with maintenance for those.

    `everything` are the containers of the incident's scope that should serve.
    """
    all_down = {path: union(spans) for path, spans in down.items()}
    counted = {
        path: minus(spans, union(planned.get(path, ()))) for path, spans in all_down.items()
    }  # fmt: skip
    limited = union(span for spans in counted.values() for span in spans)
    whole = union(span for spans in all_down.values() for span in spans)
    return Outage(
        limited=seconds(limited),
        longest=max((end - start for start, end in limited), default=0.0),
        complete=seconds(at_once([counted.get(path, []) for path in everything]))
        if everything
        else None,
        planned=seconds(whole) - seconds(limited),
        down=tuple(
            Down(path, seconds(spans), seconds(spans) - seconds(counted[path]))
            for path, spans in sorted(all_down.items())
        ),
    )


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans in order that touch no other, over the same time."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def minus(spans: Sequence[Span], gone: Sequence[Span]) -> list[Span]:
    """What is left of spans without others; both in order and apart."""
    found: list[Span] = []
    for start, end in spans:
        at = start
        for first, last in gone:
            if last <= at or first >= end:
                continue
            if first > at:
                found.append((at, first))
            at = max(at, last)
        if at < end:
            found.append((at, end))
    return found


def at_once(each: Sequence[Sequence[Span]]) -> list[Span]:
    """When all of these are at once; each in order and apart."""
    common, *rest = each or [()]
    found = list(common)
    for spans in rest:
        found = minus(found, minus(found, spans))
    return found


def seconds(spans: Iterable[Span]) -> float:
    """How long they are together."""
    return sum(end - start for start, end in spans)
