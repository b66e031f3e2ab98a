"""What lost parcels leave: gap frames in the place of the last one of each sender; pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.relay.parcel import Named, Sender, gap_parcel
from agent.relay.segments import Kept
from agent.segment import joined
from vigie.frame import Gap
from vigie.units import MICROSECONDS_PER_SECOND, NANOSECONDS_PER_SECOND

_NS_PER_US: Final = NANOSECONDS_PER_SECOND // MICROSECONDS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Told:
    """Parcels of gap frames, under numbers of lost parcels; how many frames with readings went."""

    kept: Sequence[Kept]
    frames: int


@dataclass(slots=True)
class _Loss:
    """What one sender lost that the same upstreams lack: the last frame, and all gaps."""

    last: Named
    place: Kept
    gaps: list[Gap]


def told(lost: Iterable[Kept], lacking: Callable[[int], frozenset[str]], reason: str) -> Told:
    """Gap frames for what some upstream lacks; what gap frames among it told stays told.

    `lacking` names the upstreams that have not a parcel. Those that have the last frame of a
    sender are not told of it, and the others are: the gap frame has its number and its identity.
    """
    losses: dict[tuple[Sender, frozenset[str], str], _Loss] = {}
    frames = 0
    for kept in lost:
        without = lacking(kept.number)
        if not without:
            continue
        parcel = kept.parcel
        frames += 0 if parcel.tells_gaps else len(parcel.frames)
        before = parcel.gaps() if parcel.body else {}
        for named in parcel.frames:
            time = named.time // _NS_PER_US
            own = Gap(named.sequence, named.sequence, time, time, reason)
            loss = losses.setdefault((named.sender, without, parcel.scope), _Loss(named, kept, []))
            loss.gaps += [*before.pop(named.sender, ()), own]
            if named.sequence >= loss.last.sequence:
                loss.last, loss.place = named, kept
    places: dict[int, list[_Loss]] = {}
    for loss in losses.values():
        places.setdefault(loss.place.number, []).append(loss)
    return Told([_gap_kept(some) for _, some in sorted(places.items())], frames)


def _gap_kept(losses: Sequence[_Loss]) -> Kept:
    place = losses[0].place
    parcel = gap_parcel(
        [(loss.last, _less(loss.gaps)) for loss in losses], place.parcel.scope, place.parcel.clock
    )
    return Kept(place.number, place.time, place.machine, parcel)


def _less(gaps: Sequence[Gap]) -> list[Gap]:
    """The same; a frame that only told gaps is told with the reason of what it told."""
    done: list[Gap] = []
    for gap in joined(gaps):
        first = max(gap.first, done[-1].last + 1) if done else gap.first
        if first <= gap.last:
            done.append(replace(gap, first=first))
    return done
