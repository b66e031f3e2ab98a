"""The smallest groups, beside trying every subset by hand; and where the greedy way fails."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.kpis.facts import Held
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.coalitions import (
    MOST,
    block_coalitions,
    least,
    low,
    mattering,
    read_coalitions,
)
from collector.kpis.sovereignty.groups import METHODS
from collector.kpis.sovereignty.reading import Bits, Laid
from tests.build.sovereign import body, box, facts, laid, network, policy, site
from vigie.fragments import Scheme
from vigie.network.reach import Reached

Where = Sequence[frozenset[int]]


def lay(scheme: Scheme, objects: Sequence[Where], classes: int) -> Laid:
    columns = sorted({at for where in objects for at in where}, key=sorted)
    holds = np.array([[list(w).count(c) for c in columns] for w in objects], np.uint16)
    held = Held(
        "pool", scheme, (("s/c",),) * classes, tuple(columns),
        holds.reshape(len(objects), len(columns)), np.ones(len(objects), np.int64),
    )  # fmt: skip
    return Laid(held, (Reached(),) * classes)


def masks(reach: dict[str, set[int]], classes: int) -> dict[str, Bits]:
    return {name: np.array([c in mine for c in range(classes)]) for name, mine in reach.items()}


def smallest(reach: dict[str, set[int]], where: Where, need: int, *, block: bool) -> int | None:
    """By trying every subset, one fragment after the other."""
    for size in range(len(reach) + 1):
        for group in combinations(reach, size):
            mine = set[int]().union(*(reach[name] for name in group))
            count = sum((at <= mine) if block else bool(at & mine) for at in where)
            if count >= need:
                return size
    return None


def test_taking_most_first_is_not_the_smallest_group() -> None:
    """A greedy choice takes `big` (4 of 6), then needs both others; two are enough."""
    reach = {"big": {0, 1, 2, 3}, "left": {0, 1, 4}, "right": {2, 3, 5}}
    one = lay(Scheme(6, 6), [[frozenset({c}) for c in range(6)]], 6)
    assert read_coalitions(one, masks(reach, 6)).sizes.tolist() == [2]
    mine, taken = set[int](), 0
    while len(mine) < 6:
        mine |= max(reach.values(), key=lambda r: len(r - mine))
        taken += 1
    assert taken == 3


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_every_size_is_that_of_trying_all_subsets(data: st.DataObject) -> None:
    classes = data.draw(st.integers(1, 6))
    n = data.draw(st.integers(1, 8))
    k = data.draw(st.integers(1, n))
    place = st.frozensets(st.integers(0, classes - 1), min_size=1, max_size=2)
    objects = data.draw(st.lists(st.lists(place, max_size=n), min_size=1, max_size=4))
    some = st.sets(st.integers(0, classes - 1))
    reach = data.draw(st.dictionaries(st.sampled_from("ABCDEF"), some, max_size=6))
    one = lay(Scheme(k, n), objects, classes)
    for search, block in ((read_coalitions, False), (block_coalitions, True)):
        found = search(one, masks(reach, classes))
        assert found.exact
        for size, where in zip(found.sizes.tolist(), objects, strict=True):
            need = len(where) - k + 1 if block else k
            by_hand = smallest(reach, where, need, block=block)
            assert (None if size == found.never else size) == by_hand


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_of_too_many_countries_the_bound_is_below_the_truth(data: st.DataObject) -> None:
    classes = MOST + 2
    place = st.frozensets(st.integers(0, classes - 1), min_size=1, max_size=2)
    where = data.draw(st.lists(place, min_size=3, max_size=5))
    reach = {str(c): {c, (c + 1) % classes} for c in range(classes)}
    one = lay(Scheme(3, 5), [where], classes)
    for search, block in ((read_coalitions, False), (block_coalitions, True)):
        found = search(one, masks(reach, classes))
        assert not found.exact
        truth = smallest(reach, where, len(where) - 2 if block else 3, block=block)
        assert truth is not None
        assert found.sizes[0] <= truth


def test_only_countries_that_add_something_are_tried() -> None:
    reach = masks({"A": {0, 1}, "B": {1}, "C": {2}, "D": {0, 1}, "E": set()}, 3)
    assert sorted(mattering(reach)) == ["A", "C"]


def test_the_low_end_is_by_objects_not_by_rows() -> None:
    sizes = np.array([1, 2, 3])
    assert least(sizes) == 1
    assert low(sizes, np.array([4, 1, 95])) == 2
    assert low(sizes, np.array([5, 0, 95])) == 1
    assert low(np.array([], np.int64), np.array([], np.int64)) is None


READ, BLOCK = (method.make for method in METHODS)


def test_the_value_is_of_the_object_that_takes_fewest() -> None:
    spread = [{"fr"}, {"de"}, {"us"}, {"ch"}]
    found = READ(facts(network(), laid([spread] * 99 + [[{"fr"}, {"fr"}, {"de"}]])))
    assert found.value == 1.0
    assert found.parts == {
        "least": 1.0, "5th percentile": 2.0,
        "least outside home": 2.0, "5th percentile outside home": 2.0,
    }  # fmt: skip
    assert BLOCK(facts(network(), laid([spread]))).value == 3.0


def test_no_group_is_said_and_what_is_lost_needs_none() -> None:
    lost = facts(network(), laid([[{"fr"}]]))
    assert READ(lost).reason is Reason.NO_COALITION
    assert BLOCK(lost).value == 0.0


def test_an_unknown_layer_leaves_the_number_unknown_unless_it_cannot_change_it() -> None:
    net = network(containers=tuple(
        box(name, **({"management": None} if name == "ch" else {}))
        for name in ("fr", "paris", "de", "us", "ch")
    ))  # fmt: skip
    unclear = READ(facts(net, laid([[{"fr"}, {"ch"}, {"us"}]])))
    assert (unclear.value, unclear.about) == (None, "management of ch/box")
    assert READ(facts(net, laid([[{"fr"}, {"fr"}, {"ch"}]]))).value == 1.0


def test_more_countries_than_can_be_tried_are_told_as_a_bound() -> None:
    codes = ["US", "CH", "GB", "JP", "CN", "IN", "BR", "CA", "AU", "ZA", "KR", "MX", "NO"]
    net = network(
        operators=tuple(body(c.lower(), c) for c in codes),
        sites=tuple(site(c.lower(), c) for c in codes),
        containers=tuple(box(c.lower()) for c in codes),
        placements=(policy(),),
    )
    found = READ(facts(net, laid([[{c.lower()} for c in codes]], scheme=Scheme(4, 13))))
    assert found.value == 4.0
    assert found.boundary.startswith("at least: ")
    assert "more than 12" in found.inputs["bound"]
