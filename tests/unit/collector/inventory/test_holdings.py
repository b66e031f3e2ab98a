"""Holdings beside counting by hand."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.inventory.holdings import Asked, Packing, distinct, held
from collector.inventory.margins import Margins, Owner
from collector.inventory.records import RECORD, Records, latest
from collector.kpis.facts import Held
from tests.build.fragments import CODE, record
from vigie.fragments import Record, Status

SCHEMES = (CODE,)


def told(*records: Record) -> Records:
    return latest(np.frombuffer(b"".join(one.pack() for one in records), RECORD))


def country(path: str) -> str:
    """Containers are alike by the site that they stand on."""
    return path.partition("/")[0]


def asked(**more: object) -> Asked:
    return Asked({"pool"}, country, **more)  # type: ignore[arg-type]


def fill(placed: dict[tuple[int, int], set[str]]) -> Margins:
    """What lies where, by object and index."""
    margins = Margins()
    paths = sorted({path for where in placed.values() for path in where})
    for number, path in enumerate(paths, 1):
        some = [record(*which) for which, where in placed.items() if path in where]
        margins.tell(Owner(number, path, "pool"), told(*some), SCHEMES)
    return margins


def rows(found: Held) -> Counter[frozenset[tuple[frozenset[str], int]]]:
    """How many objects lie in which way: sites that hold an index, and how many such."""
    sites = [
        frozenset(country(found.classes[c][0]) for c in column) for column in found.columns
    ]  # fmt: skip
    return Counter(
        {
            frozenset((site, int(n)) for site, n in zip(sites, row, strict=True) if n): int(many)
            for row, many in zip(found.holds, found.objects, strict=True)
        }
    )


def test_objects_that_lie_alike_are_one_row() -> None:
    placed = {
        (o, i): {f"fr/c{(o + i) % 5}" if i < 3 else "de/c9"} for o in (1, 2) for i in range(5)
    }
    (found,) = held(fill(placed), asked())
    assert rows(found) == {frozenset({(frozenset({"fr"}), 3), (frozenset({"de"}), 2)}): 2}
    assert found.scheme == CODE
    assert found.fragments == 10


def test_copies_of_an_index_count_once_in_the_places_of_both() -> None:
    placed = {(1, 0): {"fr/a", "fr/b"}, (1, 1): {"fr/a", "us/c"}, (1, 2): {"us/c"}}
    (found,) = held(fill(placed), asked())
    both = frozenset({"fr", "us"})
    assert rows(found) == {
        frozenset({(frozenset({"fr"}), 1), (both, 1), (frozenset({"us"}), 1)}): 1
    }
    assert found.fragments == 5, "copies take room all the same"


def test_an_object_of_which_nothing_is_alive_exists_and_holds_nothing() -> None:
    margins = fill({(1, i): {"fr/a"} for i in range(5)})
    margins.tell(Owner(2, "de/b", "pool"), told(record(2, 0, Status.CORRUPT)), SCHEMES)
    (found,) = held(margins, asked())
    assert rows(found) == {frozenset({(frozenset({"fr"}), 5)}): 1, frozenset(): 1}


def test_other_stores_and_empty_ones_are_left_out() -> None:
    assert held(fill({(1, 0): {"fr/a"}}), Asked({"other"}, country)) == ()
    assert held(Margins(), asked()) == ()


def test_the_twins_share_and_the_mean_size_are_told() -> None:
    margins = fill({(1, 0): {"fr/a", "us/c"}, (1, 1): {"us/c"}, (1, 2): {"us/d"}})
    (found,) = held(
        margins, asked(simulated=lambda p: p.startswith("fr"), sizes={("pool", CODE): 7.0})
    )
    assert found.simulated == 1 / 4
    assert found.mean_bytes == 7.0


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.integers(1, 6), st.integers(0, CODE.n - 1)),
        st.sets(st.sampled_from(["fr/a", "fr/b", "de/a", "us/a", "ch/a"]), min_size=1),
        min_size=1,
    )
)
def test_any_placement_is_counted_as_by_hand(
    placed: dict[tuple[int, int], set[str]],
) -> None:
    (found,) = held(fill(placed), asked())
    by_hand: Counter[frozenset[tuple[frozenset[str], int]]] = Counter()
    for number in {o for o, _ in placed}:
        where = [frozenset(map(country, at)) for (o, _), at in placed.items() if o == number]
        by_hand[frozenset(Counter(where).items())] += 1
    assert rows(found) == by_hand


@given(
    st.integers(1, 255).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.lists(st.integers(0, n), min_size=20, max_size=20), min_size=1, max_size=9),
        )
    )
)
def test_rows_wider_than_a_word_are_told_apart(given: tuple[int, list[list[int]]]) -> None:
    n, some = given
    packing = Packing(n)
    words = np.array([packing.ones(20) @ np.array(row, np.uint64) for row in some]).T
    each, objects = distinct(words, np.ones(len(some), np.int64))
    rows = map(tuple, packing.counts(each, 20).tolist())
    assert dict(zip(rows, objects.tolist(), strict=True)) == Counter(map(tuple, some))
