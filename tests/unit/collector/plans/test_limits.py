from typing import Any

import pytest

from collector.plans.limits import STALE_SECONDS, Limits
from collector.plans.place import Place, Places
from collector.plans.why import Why
from tests.build.plans import NOW, place, policy
from vigie.fragments import Scheme

SCHEME = Scheme(2, 4)
SIX = [place(f"s{number}/c") for number in range(1, 7)]
LAW = frozenset({"FR", "US"})


def limits(*places: Place, **rule: object) -> tuple[Limits, Places]:
    made = Places(places)
    return Limits(policy(SCHEME, **rule), SCHEME, made, NOW), made


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"in_service": False}, Why.NOT_IN_SERVICE),
        ({"leaves": NOW + 86_400}, Why.LEAVING),
        ({"failing": True}, Why.FAILING),
        ({"hot": True}, Why.HOT),
        ({"hot": None}, Why.HEAT_UNKNOWN),
        ({"told": NOW - STALE_SECONDS - 1}, Why.STALE),
        ({"told": None}, Why.STALE),
        ({"used_bytes": None}, Why.ROOM_UNKNOWN),
        ({"country": "US"}, Why.OUTSIDE),
        ({"reached": None}, Why.REACH_UNKNOWN),
        ({}, None),
    ],
)
def test_a_container_takes_nothing_while(given: dict[str, Any], why: Why | None) -> None:
    known, places = limits(*SIX[:5], place("t/c", **given))
    holders = [places.number(f"s{n}/c") for n in range(1, 5)]
    standing = known.standing(holders, holders[0])
    assert standing.refuses(places.number("t/c")) is why


def test_without_a_policy_nothing_may_lie_anywhere() -> None:
    places = Places(SIX)
    assert Limits(None, SCHEME, places, NOW).standing([1, 2, 3, 4], 1).refuses(5) is Why.NO_POLICY


def test_a_policy_that_names_containers_allows_no_other() -> None:
    known, _ = limits(*SIX, containers=("s1", "s2", "s3", "s4", "s6/c"))
    standing = known.standing([1, 2, 3, 4], 1)
    assert standing.refuses(5) is Why.NOT_LISTED
    assert standing.refuses(6) is None


def test_a_container_holds_one_fragment_of_an_object() -> None:
    known, _ = limits(*SIX)
    standing = known.standing([1, 2, 3, 0])
    assert standing.refuses(2) is Why.HOLDS
    assert standing.refuses(4) is None


def test_a_site_holds_no_more_than_the_policy_lets_it_and_a_move_inside_it_adds_none() -> None:
    known, places = limits(
        *(place(f"s{s}/c{c}") for s in range(1, 4) for c in range(1, 4)), domain="site", most=2
    )
    at = places.number
    holders = [at("s1/c1"), at("s1/c2"), at("s2/c1"), at("s3/c1")]
    assert known.standing(holders, at("s2/c1")).refuses(at("s1/c3")) is Why.DOMAIN
    assert known.standing(holders, at("s1/c1")).refuses(at("s1/c3")) is None
    assert known.standing(holders, at("s3/c1")).refuses(at("s2/c2")) is None


def test_a_foreign_law_never_comes_to_reach_enough_to_rebuild_not_even_on_the_way() -> None:
    scheme = Scheme(2, 5)
    places = Places([place(f"s{n}/c", reached=LAW if n in {1, 6} else frozenset({"FR"}))
                     for n in range(1, 7)])  # fmt: skip
    known = Limits(policy(scheme), scheme, places, NOW)
    assert known.standing([1, 2, 3, 4, 5], 2).refuses(6) is Why.RECONSTRUCT
    assert known.standing([1, 2, 3, 4, 5], 1).refuses(6) is None, "it has that very fragment"


def test_a_foreign_law_never_comes_to_reach_enough_to_block() -> None:
    scheme = Scheme(3, 4)
    places = Places([place(f"s{n}/c", reached=LAW if n in {1, 5} else frozenset({"FR"}))
                     for n in range(1, 6)])  # fmt: skip
    known = Limits(policy(scheme), scheme, places, NOW)
    assert known.standing([1, 2, 3, 4], 2).refuses(5) is Why.DENY


def test_a_move_takes_no_margin_from_what_would_be_left_without_a_foreign_law() -> None:
    scheme = Scheme(3, 8)
    places = Places([place(f"s{n}/c", reached=LAW if n == 9 else frozenset({"FR"}))
                     for n in range(1, 10)])  # fmt: skip
    known = Limits(policy(scheme), scheme, places, NOW)
    assert known.standing([1, 2, 3, 4, 5, 6, 7, 8], 1).refuses(9) is Why.THINNER
    assert known.standing([1, 2, 3, 4, 5, 6, 7, 0]).refuses(9) is None, "one more is no less"


def test_home_can_always_rebuild_alone() -> None:
    countries = ["FR", "FR", "DE", "IT", "ES", "FR"]
    places = Places([place(f"s{n}/c", country=c) for n, c in enumerate(countries, 1)])
    known = Limits(policy(SCHEME, home="FR"), SCHEME, places, NOW)
    assert known.standing([1, 2, 3, 4], 1).refuses(5) is Why.HOME
    assert known.standing([1, 2, 3, 4], 1).refuses(6) is None
    assert known.standing([1, 2, 3, 6], 3).refuses(5) is None


def test_who_rebuilds_holds_enough_to_read_for_a_while() -> None:
    known, places = limits(*SIX[:5], place("t/c", reached=LAW), place("u/c", country="US"))
    assert known.rebuilds(places.number("s1/c")) is None
    assert known.rebuilds(places.number("t/c")) is Why.RECONSTRUCT
    assert known.rebuilds(places.number("u/c")) is Why.OUTSIDE
