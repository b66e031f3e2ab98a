"""Margins beside a model that is too slow and too simple to be wrong."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.inventory import placement
from collector.inventory.margins import Margins, Owner
from collector.inventory.placement import tolerated
from collector.inventory.records import RECORD, Records, latest
from tests.build.fragments import CODE, oid, record
from vigie.errors import Unavailable
from vigie.fragments import ALIVE, Record, Scheme, Status, bucket

OTHER = Scheme(2, 3)
SCHEMES = (CODE, OTHER)


def told(*records: Record) -> Records:
    return latest(np.frombuffer(b"".join(one.pack() for one in records), RECORD))


def owner(number: int, container: str | None = None) -> Owner:
    return Owner(number, container or f"site/c{number}", "pool")


def everybody(margins: Margins, numbers: Iterable[int], *objects: int) -> None:
    """Inventory i holds fragment i - 1 of each object."""
    for number in numbers:
        some = told(*(record(name, number - 1) for name in objects))
        margins.tell(owner(number), some, SCHEMES)


def spread(margins: Margins, *without: str) -> dict[str, dict[int, int]]:
    return {
        found.scheme: {m.margin: m.objects for m in found.margins}
        for found in margins.margins({"pool"}, without)
    }


def test_the_margin_is_live_distinct_indexes_less_those_needed() -> None:
    margins = Margins()
    everybody(margins, range(1, 6), 1, 2)
    margins.tell(owner(1), told(record(1, 0, Status.CORRUPT)), SCHEMES)
    assert spread(margins) == {"3-of-5": {2: 1, 1: 1}}
    margins.tell(owner(2), told(record(1, 1, Status.UNVERIFIED)), SCHEMES)
    assert spread(margins) == {"3-of-5": {2: 1, 1: 1}}, "not verified yet is alive"
    everybody(margins, [1], 1)
    assert spread(margins) == {"3-of-5": {2: 2}}


def test_an_index_that_is_there_twice_counts_once_until_both_are_lost() -> None:
    margins = Margins()
    everybody(margins, range(1, 6), 1)
    margins.tell(owner(6), told(record(1, 0)), SCHEMES)
    assert spread(margins) == {"3-of-5": {2: 1}}
    margins.tell(owner(1), told(record(1, 0, Status.MISSING)), SCHEMES)
    assert spread(margins) == {"3-of-5": {2: 1}}, "the other one stands in"
    margins.tell(owner(6), told(record(1, 0, Status.GONE)), SCHEMES)
    assert spread(margins) == {"3-of-5": {1: 1}}


def test_two_hosts_of_a_container_are_told_apart() -> None:
    margins = Margins()
    everybody(margins, range(1, 6), 1)
    beside = owner(9, "site/c1")
    margins.tell(beside, told(record(1, 0)), SCHEMES)
    margins.tell(owner(1), told(record(1, 0, Status.GONE)), SCHEMES)
    assert spread(margins) == {"3-of-5": {2: 1}}, "the fragment moved within its container"
    assert spread(margins, "site/c1") == {"3-of-5": {1: 1}}


def test_what_nobody_has_a_record_of_does_not_exist_and_what_is_dead_is_lost() -> None:
    margins = Margins()
    everybody(margins, [1], 1, 2)
    margins.tell(owner(1), told(record(1, 0, Status.GONE), record(2, 0, Status.CORRUPT)), SCHEMES)
    assert spread(margins) == {"3-of-5": {-3: 1}}
    assert margins.records(owner(1)) == 1


def test_a_container_or_a_site_may_vanish_in_thought() -> None:
    margins = Margins()
    everybody(margins, range(1, 6), 1, 2, 3)
    margins.tell(owner(1), told(record(3, 0, Status.GONE)), SCHEMES)
    assert spread(margins, "site/c1") == {"3-of-5": {1: 3}}
    assert spread(margins, "site/c1", "site/c2", "site/c3") == {"3-of-5": {-1: 3}}
    assert spread(margins, "site") == {"3-of-5": {-3: 3}}
    assert spread(margins, "elsewhere") == spread(margins) == {"3-of-5": {2: 2, 1: 1}}


def test_as_many_containers_may_vanish_as_no_object_would_miss() -> None:
    margins = Margins()
    everybody(margins, range(1, 6), 1)
    assert margins.margins({"pool"})[0].containers_tolerated == 2
    crowded = [Owner(n, "site/a" if n < 3 else f"site/c{n}", "pool") for n in range(1, 6)]
    margins = Margins()
    for number, each in enumerate(crowded):
        margins.tell(each, told(record(2, number)), SCHEMES)
    assert margins.margins({"pool"})[0].containers_tolerated == 1
    margins.tell(crowded[4], told(record(2, 4, Status.UNREADABLE)), SCHEMES)
    assert margins.margins({"pool"})[0].containers_tolerated == 0
    for number in (2, 3):
        assert margins.margins({"pool"})[0].containers_tolerated == 0
        margins.tell(crowded[number], told(record(2, number, Status.UNREADABLE)), SCHEMES)
    assert margins.margins({"pool"})[0].containers_tolerated is None
    assert margins.margins({"pool"}, ["site/c5"])[0].containers_tolerated is None


@given(st.lists(st.lists(st.integers(0, 4), min_size=5, max_size=5), min_size=1, max_size=6))
def test_no_choice_of_containers_beats_taking_those_that_hold_most(
    holders: list[list[int]],
) -> None:
    def survives(row: list[int], lost: tuple[int, ...]) -> bool:
        return sum(holder > 0 and holder not in lost for holder in row) >= CODE.k

    can: int | None = None
    for count in range(5):
        choices = list(combinations(range(1, 5), count))
        if all(survives(row, lost) for row in holders for lost in choices):
            can = count
        else:
            break
    assert tolerated(np.array(holders, np.uint16), CODE.k) == can


def test_objects_with_one_key_are_told_apart_by_the_byte_after_it() -> None:
    margins = Margins()
    near = [bytes(9) + bytes([check]) + bytes(6) for check in (7, 3, 5)]
    for number in range(1, 6):
        some = [record(1, number - 1)._replace(oid=name) for name in near[: 1 + number // 2]]
        margins.tell(owner(number), told(*some), SCHEMES)
    assert spread(margins) == {"3-of-5": {2: 1, 1: 1, -1: 1}}


def test_a_fragment_of_an_older_generation_is_of_no_use() -> None:
    margins = Margins()
    everybody(margins, range(1, 6), 1)
    margins.tell(owner(1), told(record(1, 0, generation=2)), SCHEMES)
    assert spread(margins) == {"3-of-5": {-2: 1}}, "the others are of the one before"
    for number in (2, 3, 4):
        margins.tell(owner(number), told(record(1, number - 1, generation=2)), SCHEMES)
    margins.tell(owner(5), told(record(1, 4, generation=1)), SCHEMES)
    assert spread(margins) == {"3-of-5": {1: 1}}
    assert [margins.records(owner(number)) for number in range(1, 6)] == [1] * 5


def test_more_inventories_than_a_byte_can_number() -> None:
    margins = Margins()
    wide = Scheme(1, 400)
    for number in range(1, 301):
        margins.tell(owner(number), told(record(1, number - 1)), [wide])
    assert spread(margins) == {"1-of-400": {299: 1}}
    assert spread(margins, "site/c7", "site/c299") == {"1-of-400": {297: 1}}
    margins.tell(owner(300), told(record(1, 299, Status.GONE)), [wide])
    margins.tell(owner(2), told(record(1, 1, Status.CORRUPT)), [wide])
    assert spread(margins) == {"1-of-400": {297: 1}}


def test_there_is_an_end_to_memory() -> None:
    margins = Margins(limit=20_000)
    small = told(record(1, 0))
    margins.check_room(small, [CODE])
    margins.tell(owner(1), small, [CODE])
    with pytest.raises(Unavailable):
        margins.check_room(small, [Scheme(10, 60_000)])
    many = told(*(record(name, 0) for name in range(2_000)))
    with pytest.raises(Unavailable):
        margins.check_room(many, [CODE])


def test_objects_that_are_no_more_take_no_memory() -> None:
    margins = Margins()
    everybody(margins, [1], *range(1_000))
    full = margins.size
    margins.tell(owner(1), told(*(record(n, 0, Status.GONE) for n in range(900))), SCHEMES)
    assert spread(margins) == {"3-of-5": {-2: 100}}
    assert margins.size < full / 5
    everybody(margins, [2], *range(850, 1_000))
    assert spread(margins) == {"3-of-5": {-2: 50, -1: 100}}


@dataclass
class Model:
    """What every inventory holds, as plain records."""

    held: dict[int, dict[tuple[bytes, int], Record]] = field(default_factory=dict)

    def counts(self, gone: frozenset[int] = frozenset()) -> dict[str, Counter[int]]:
        found: dict[str, Counter[int]] = {}
        for scheme in SCHEMES:
            live: dict[bytes, set[int]] = {}
            for number, one in self._of(scheme):
                some = live.setdefault(one.oid, set())
                if one.status in ALIVE and number not in gone:
                    some.add(one.idx)
            if live:
                found[scheme.word] = Counter(len(some) - scheme.k for some in live.values())
        return found

    def _of(self, scheme: Scheme) -> Iterator[tuple[int, Record]]:
        for number, some in self.held.items():
            for one in some.values():
                if SCHEMES[one.scheme] == scheme:
                    yield number, one


MOVES = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.booleans(),
        st.lists(
            st.tuples(
                st.integers(0, 5),
                st.integers(0, 2),
                st.sampled_from(list(Status)),
                st.integers(0, 1),
            ),
            max_size=8,
        ),
    ),
    max_size=25,
)


@given(MOVES)
def test_whatever_is_told_the_margins_are_those_of_the_records(
    moves: list[tuple[int, bool, list[tuple[int, int, Status, int]]]],
) -> None:
    margins, model = Margins(), Model()
    for number, whole, changes in moves:
        held = model.held.setdefault(number, {})
        records = [record(o, idx, status, scheme=s) for o, idx, status, s in changes]
        if whole:
            buckets = {bucket(oid(o)) for o in range(3)}
            records = [
                r for r in records if bucket(r.oid) in buckets and r.status != Status.GONE
            ]  # fmt: skip
            for name in [key for key in held if bucket(key[0]) in buckets]:
                del held[name]
            margins.replace(owner(number), sorted(buckets), told(*records), SCHEMES)
        else:
            margins.tell(owner(number), told(*records), SCHEMES)
        for one in records:
            held.pop((one.oid, one.idx), None)
            if one.status != Status.GONE:
                held[one.oid, one.idx] = one
        assert spread(margins) == model.counts()
        assert margins.records(owner(number)) == len(held)
    for gone in (frozenset({1}), frozenset({1, 2, 4})):
        names = [f"site/c{number}" for number in gone]
        assert spread(margins, *names) == model.counts(gone)


def test_many_that_vanish_are_looked_up_and_few_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    margins = Margins()
    everybody(margins, range(1, 6), *range(50))
    names = ["site/c1", "site/c4"]
    compared = spread(margins, *names)
    monkeypatch.setattr(placement, "FEW", 1)
    assert spread(margins, *names) == compared == {"3-of-5": {0: 50}}
