from collector.plans.limits import Limits
from collector.plans.place import Places
from collector.plans.risk import dark, hazards, histogram, margins
from tests.build.plans import NOW, place, policy, stripes
from vigie.fragments import Scheme

SCHEME = Scheme(2, 4)
PLACES = Places([place(f"s{s}/c{c}") for s in range(1, 5) for c in (1, 2)])
SPREAD = ["s1/c1", "s2/c1", "s3/c1", "s4/c1"]


def known(**rule: object) -> Limits:
    return Limits(policy(SCHEME, **rule), SCHEME, PLACES, NOW)


def test_the_margin_is_what_is_alive_beyond_k() -> None:
    objects = stripes(PLACES, SCHEME, [SPREAD, ["", *SPREAD[1:]], ["", "", "", "s1/c1"]])
    assert margins(objects, known()).tolist() == [2, 1, -1]


def test_fragments_in_one_failure_domain_count_for_as_many_as_it_may_hold() -> None:
    objects = stripes(PLACES, SCHEME, [["s1/c1", "s1/c2", "s2/c1", "s3/c1"], ["s1/c1"] * 4])
    assert margins(objects, known()).tolist() == [2, -1]
    assert margins(objects, known(domain="site")).tolist() == [1, -1]
    assert margins(objects, known(domain="site", most=2)).tolist() == [2, 0]


def test_a_container_that_goes_dark_takes_its_fragments_from_every_margin() -> None:
    objects = stripes(PLACES, SCHEME, [SPREAD, ["s1/c1", "s2/c1", "", ""], SPREAD[::-1]])
    found = dark([(objects, known())], [PLACES.number("s1/c1")])
    assert found.before == {0: 1, 2: 2}
    assert found.after == {-1: 1, 1: 2}
    assert found.lost == 1


def test_what_is_likely_to_be_lost_next_is_what_lies_in_hazardous_places() -> None:
    places = Places([place("a/c", hazard=0.5), place("b/c", hazard=0.1), place("d/c")])
    objects = stripes(places, Scheme(1, 2), [["a/c", "b/c"], ["b/c", ""]])
    assert hazards(objects, places).tolist() == [0.6, 0.1]


def test_a_histogram_counts_objects_by_margin() -> None:
    objects = stripes(PLACES, SCHEME, [SPREAD, SPREAD, ["", *SPREAD[1:]]])
    assert histogram(margins(objects, known())) == {1: 1, 2: 2}
