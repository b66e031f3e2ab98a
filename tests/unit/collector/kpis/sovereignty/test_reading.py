"""REC and DEN beside trying every set of fragments."""

from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.kpis.facts import Held
from collector.kpis.sovereignty.reading import Laid, denies, reads
from vigie.fragments import Scheme
from vigie.network.reach import Reached

Where = tuple[frozenset[int], ...]
"""Of one object, by live index, the classes that have a copy."""


def laid(scheme: Scheme, objects: list[Where], classes: int) -> Laid:
    """One row an object."""
    columns = sorted({at for where in objects for at in where}, key=sorted)
    holds = np.array([[where.count(c) for c in columns] for where in objects], np.uint16)
    names = tuple((f"s/c{c}",) for c in range(classes))
    held = Held(
        "pool", scheme, names, tuple(columns), holds.reshape(len(objects), len(columns)),
        np.ones(len(objects), np.int64),
    )  # fmt: skip
    return Laid(held, (Reached(),) * classes)


def can_rebuild(indexes: list[int], k: int) -> bool:
    """Whether some k distinct fragments are among these; by trying, not by counting."""
    return any(len(set(some)) == k for some in combinations(sorted(set(indexes)), k))


def brute(where: Where, mine: frozenset[int], k: int) -> tuple[bool, bool]:
    """Whether who reaches these classes can read; whether without them nobody can."""
    reached = [i for i, at in enumerate(where) if at & mine]
    left = [i for i, at in enumerate(where) if at - mine]
    return can_rebuild(reached, k), not can_rebuild(left, k)


def check(scheme: Scheme, where: Where, mine: frozenset[int], classes: int) -> None:
    one = laid(scheme, [where], classes)
    mask = np.array([c in mine for c in range(classes)])
    told = bool(one.reads(mask)[0]), bool(one.denies(mask)[0])
    assert told == brute(where, mine, scheme.k), (scheme, where, mine)


def test_every_small_placement_agrees_with_trying_every_set() -> None:
    places = [frozenset(c) for c in chain(combinations(range(3), 1), combinations(range(3), 2))]
    for n in range(1, 5):
        for live, k in product(range(n + 1), range(1, n + 1)):
            for where in product(places, repeat=live):
                for mine in (frozenset({0}), frozenset({0, 1})):
                    check(Scheme(k, n), where, mine, 3)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_up_to_20_fragments_agree_with_trying_every_set(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 20))
    k = data.draw(st.integers(1, n))
    place = st.frozensets(st.integers(0, 4), min_size=1, max_size=3)
    where = tuple(data.draw(st.lists(place, max_size=n)))
    mine = data.draw(st.frozensets(st.integers(0, 4)))
    check(Scheme(k, n), where, mine, 5)


@given(st.integers(1, 20), st.data())
def test_without_copies_blocking_is_that_the_others_cannot_read(
    n: int, data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, n))
    live = data.draw(st.integers(0, n))
    f = data.draw(st.integers(0, live))
    ours, theirs = np.array([f]), np.array([live - f])
    assert denies(ours, np.array([live]), k) == ~reads(theirs, k)


@pytest.mark.parametrize(
    ("f", "read", "block"), [(1, False, False), (2, False, True), (3, True, True)]
)
def test_reading_and_blocking_are_two_questions(f: int, read: bool, block: bool) -> None:
    live = np.array([4])
    assert reads(np.array([f]), 3)[0] == read
    assert denies(np.array([f]), live, 3)[0] == block
    assert reads(np.array([3]), 3)[0]
    assert not denies(np.array([3]), np.array([6]), 3)[0]


def test_who_has_a_copy_reads_it_but_does_not_block_it() -> None:
    both = frozenset({0, 1})
    one = laid(Scheme(2, 3), [(both, both, frozenset({1}))], 2)
    first = np.array([True, False])
    assert one.some(first) == [2]
    assert one.every(first) == [0]
    assert one.reads(first) == [True]
    assert one.denies(first) == [False]
    assert one.margins(first) == [1]
