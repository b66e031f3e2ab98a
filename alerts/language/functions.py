"""The functions of the language that look back or around: over a window of time, or at siblings."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from alerts.language import past as pasts
from alerts.language.past import Fold, Growth, Numbers, Past
from vigie.shape import Kind

Function = Literal["rate", "increase", "delta", "avg_over", "min_over", "max_over", "time_to"]

SIBLINGS: Final = 4
"""The fewest rows of one container, itself among them, that a row is compared with."""
COVERED: Final = 0.5
"""The share of its span that a window's readings must cover, or it says nothing yet."""


@dataclass(frozen=True, slots=True)
class Over:
    """A function over a window: the kinds of field it takes, which readings count, what it says."""

    kinds: tuple[Kind, ...]
    fold: Fold
    doc: str


OVER: Final[dict[str, Over]] = {
    "rate": Over((Kind.COUNTER,), "growth", "growth a second"),
    "increase": Over((Kind.COUNTER,), "growth", "growth"),
    "delta": Over((Kind.GAUGE,), "last", "last reading less the first"),
    "avg_over": Over((Kind.GAUGE,), "last", "mean"),
    "min_over": Over((Kind.GAUGE,), "least", "least"),
    "max_over": Over((Kind.GAUGE,), "most", "greatest"),
    "time_to": Over((Kind.GAUGE,), "last", "seconds until its straight course reaches a limit"),
}


def grown(function: str, growth: Growth, seconds: float) -> Numbers:
    """What `increase` or `rate` says of the growth of every row within so many seconds."""
    if function == "increase":
        return growth.total
    enough = growth.seconds >= COVERED * seconds
    with np.errstate(all="ignore"):
        return np.where(enough, growth.total / growth.seconds, np.nan)


def over(function: str, past: Past, seconds: float, limit: Numbers | None = None) -> Numbers:
    """What another function says of the past of every row; NaN where it says nothing."""
    first, last, covered = pasts.ends(past)
    match function:
        case "delta":
            found = last - first
        case "avg_over":
            found = pasts.mean(past)
        case "min_over":
            found = pasts.least(past)
        case "max_over":
            found = pasts.most(past)
        case _:
            found = until(past, limit if limit is not None else np.full(len(last), np.nan))
    return np.where(covered >= COVERED * seconds, found, np.nan)


def until(past: Past, limit: Numbers) -> Numbers:
    """Seconds until the straight course of the readings reaches a limit, from either side.

    0 where it was crossed within the window, NaN where the course does not lead there.
    """
    value, slope = pasts.line(past)
    with np.errstate(all="ignore"):
        seconds = (limit - value) / slope
    first, last, _ = pasts.ends(past)
    reached = ((first < limit) & (last >= limit)) | ((first > limit) & (last <= limit))
    return np.where(reached, 0.0, np.where(seconds >= 0, seconds, np.nan))


def median(values: Numbers, groups: npt.NDArray[np.int64], fresh: npt.NDArray[np.bool_]) -> Numbers:
    """The median of the rows of the same group, for every row; NaN below `SIBLINGS` known ones.

    Rows that are not fresh have one, and count for none.
    """
    known = np.flatnonzero(fresh & ~np.isnan(values))
    found = np.full(int(groups.max()) + 1 if len(groups) else 0, np.nan)
    of = groups[known]
    if (of[1:] < of[:-1]).any():
        order = np.argsort(of, kind="stable")
        known, of = known[order], of[order]
    ordered = values[known]
    edges = [*np.flatnonzero(np.diff(of, prepend=-1)).tolist(), len(of)]
    for start, end in pairwise(edges):
        if end - start >= SIBLINGS:  # one container after the other: far cheaper than one sort
            middle = [(end - start - 1) // 2, (end - start) // 2]
            both = np.partition(ordered[start:end], middle)[middle]
            found[of[start]] = (both[0] + both[1]) / 2
    return found[groups]
