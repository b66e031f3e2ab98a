"""Sets of whole numbers kept as sorted intervals, both ends included; all functions are pure."""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same numbers, sorted, touching intervals joined."""
    joined: list[Interval] = []
    for first, last in sorted(intervals):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def contains(intervals: Sequence[Interval], number: int) -> bool:
    """Whether the number is in the set; the newest intervals are looked at first."""
    for first, last in reversed(intervals):
        if number > last:
            return False
        if number >= first:
            return True
    return False


def missing(wanted: Sequence[Interval], held: Sequence[Interval]) -> list[Interval]:
    """What of `wanted` is not in `held`; both sorted."""
    left: list[Interval] = []
    for wanted_first, last in wanted:
        first = wanted_first
        for held_first, held_last in held:
            if held_last < first:
                continue
            if held_first > last:
                break
            if held_first > first:
                left.append((first, held_first - 1))
            first = held_last + 1
            if first > last:
                break
        if first <= last:
            left.append((first, last))
    return left


def common(sets: Sequence[Sequence[Interval]]) -> list[Interval]:
    """The numbers that are in all the sets; nothing when there is no set."""
    if not sets:
        return []
    shared = list(sets[0])
    for other in sets[1:]:
        shared = missing(shared, missing(shared, other))
    return shared


def overlap(one: Sequence[Interval], other: Sequence[Interval]) -> bool:
    """Whether some number is in both; both sorted."""
    return missing(one, other) != list(one)


def size(intervals: Iterable[Interval]) -> int:
    """How many numbers."""
    return sum(last - first + 1 for first, last in intervals)
