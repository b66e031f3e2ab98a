"""The proof of a placement against every way in which fragments can be laid."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build.network import SOUND, faults
from vigie.network.network import Network
from vigie.network.operators import Operator, Status
from vigie.network.places import Capacity, Container, Lifecycle, Site
from vigie.network.policies import Placement
from vigie.network.proof import prove


def network(*countries: str | None, containers: int = 1) -> Network:
    """A site in each country, each of an operator of its own."""
    names = [f"s{n}" for n in range(len(countries))]
    return Network(
        "n",
        tuple(Operator(f"o-{name}", name) for name in names),
        tuple(
            Site(name, name, f"o-{name}", country=country)
            for name, country in zip(names, countries, strict=True)
        ),
        tuple(Container(f"c{n}", "C", name) for name in names for n in range(containers)),
    )


def layings(domains: int, policy: Placement) -> Iterator[tuple[int, ...]]:
    """Every way to lay the n fragments of an object on so many domains."""
    counts = range(policy.most + 1)
    yield from (way for way in product(counts, repeat=domains) if sum(way) == policy.n)


def sound(ways: list[tuple[int, ...]], home: int, policy: Placement) -> bool:
    """Whether one of them leaves k fragments at home: in the first so many domains."""
    return any(sum(way[:home]) >= policy.k for way in ways) if policy.home else bool(ways)


@settings(max_examples=300, deadline=None)
@given(
    at_home=st.integers(0, 4),
    abroad=st.integers(0, 3),
    code=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    most=st.integers(1, 4),
    asks_home=st.booleans(),
)
def test_a_proof_says_what_trying_every_laying_says(
    at_home: int, abroad: int, code: tuple[int, int], most: int, asks_home: bool
) -> None:
    home = "FR" if asks_home else None
    policy = Placement("p", "s", min(code), max(code), domain="site", most=most, home=home)
    domains = at_home + abroad
    proof = prove(policy, network(*["FR"] * at_home, *["DE"] * abroad))

    ways = list(layings(domains, policy))
    assert proof.fits == sound(ways, at_home, policy)
    if ways:
        worst = max(max(way) for way in ways)
        assert proof.lost == worst
        assert proof.survives == (policy.n - worst >= policy.k)
    after = [
        sound(list(layings(domains - 1, policy)), at_home - (lost < at_home), policy)
        for lost in range(domains)
    ]
    assert proof.repairable == (bool(after) and all(after))
    assert proof.holds == (proof.shortfall is None)


WAY = re.compile(r"(?:\w+ most to (\d+))?(?: and )?(?:allow (\d+) more sites?(?:, (\d+) in FR)?)?")


@settings(max_examples=300, deadline=None)
@given(
    at_home=st.integers(0, 8),
    abroad=st.integers(1, 8),
    code=st.tuples(st.integers(1, 10), st.integers(1, 10)),
    most=st.integers(1, 10),
    home=st.sampled_from([None, "FR"]),
)
def test_what_a_shortfall_proposes_suffices(
    at_home: int, abroad: int, code: tuple[int, int], most: int, home: str | None
) -> None:
    policy = Placement("p", "s", code[0], sum(code), domain="site", most=most, home=home)
    told = prove(policy, network(*["FR"] * at_home, *["DE"] * abroad)).shortfall
    for way in told.partition(": ")[2].split(" or ") if told else ():
        proposed = WAY.fullmatch(way)
        assert proposed is not None, told
        more, more_at_home = int(proposed[2] or 0), int(proposed[3] or 0)
        assert more >= more_at_home
        assert more or not proposed[2]
        better = replace(policy, most=int(proposed[1] or most))
        sites = ["FR"] * (at_home + more_at_home) + ["DE"] * (abroad + more - more_at_home)
        assert prove(better, network(*sites)).holds, told


@pytest.mark.parametrize(
    ("k", "n", "most", "sites", "told"),
    [
        (3, 14, 1, 7, "7 sites x 1 = 7 < n = 14: raise most to 3 or allow 8 more sites"),
        (3, 10, 8, 4, "losing one site loses 8 fragments > n - k = 7: lower most to 7"),
        (
            3,
            10,
            1,
            10,
            "after the loss of one site, 9 sites x 1 = 9 < n = 10: raise most to 2 or allow 1",
        ),
        (
            2,
            3,
            3,
            2,
            "losing one site loses 3 fragments > n - k = 1: lower most to 1 and allow 2 more sites",
        ),
        (3, 3, 1, 9, "losing one site loses 1 fragments > n - k = 0: k = n leaves no fragment"),
        (1, 2, 1, 1, "1 site x 1 = 1 < n = 2: allow 2 more sites"),
    ],
)
def test_a_shortfall_says_which_number_and_what_would_do(
    k: int, n: int, most: int, sites: int, told: str
) -> None:
    policy = Placement("p", "s", k, n, domain="site", most=most)
    shortfall = prove(policy, network(*["FR"] * sites)).shortfall
    assert shortfall is not None
    assert shortfall.startswith(told)


@pytest.mark.parametrize(
    ("at_home", "told"),
    [
        (
            2,
            "in FR, 2 sites x 1 = 2 < k = 3: raise most to 3 or allow 2 more sites, 2 in FR",
        ),
        (3, "in FR, after the loss of one site, 2 sites x 1 = 2 < k = 3: raise most to 2 or"),
    ],
)
def test_the_home_jurisdiction_can_rebuild_alone_also_after_a_loss(at_home: int, told: str) -> None:
    policy = Placement("p", "s", 3, 6, domain="site", home="FR")
    shortfall = prove(policy, network(*["FR"] * at_home, *["DE"] * 5)).shortfall
    assert shortfall is not None
    assert shortfall.startswith(told)
    assert prove(policy, network(*["FR"] * 4, *["DE"] * 5)).holds


def test_what_fails_as_one_is_a_container_a_site_or_an_operator() -> None:
    two = network("FR", "DE", containers=2)

    def domains(policy: Placement) -> tuple[str, ...]:
        return prove(policy, two).domains

    assert domains(Placement("p", "s", 1, 2)) == ("s0/c0", "s0/c1", "s1/c0", "s1/c1")
    assert domains(Placement("p", "s", 1, 2, domain="site")) == ("s0", "s1")
    assert domains(Placement("p", "s", 1, 2, domain="operator")) == ("o-s0", "o-s1")


def test_fragments_stay_within_countries_and_an_unknown_one_is_none_of_them() -> None:
    world = network("FR", "DE", "CH", None)

    def sites(*within: str) -> tuple[str, ...]:
        return prove(Placement("p", "s", 1, 2, domain="site", within=within), world).domains

    assert sites("EU") == ("s0", "s1")
    assert sites("CH", "FR") == ("s0", "s2")
    assert sites() == ("s0", "s1", "s2", "s3")


def test_only_named_containers_that_may_hold_something_count() -> None:
    site = Site("s", "S", "op")
    containers = (
        Container("unknown", "C", "s"),
        Container("big", "C", "s", role="storage", capacity=Capacity(storage_bytes=10)),
        Container("none", "C", "s", capacity=Capacity(storage_bytes=0)),
        Container("gpus", "C", "s", role="compute"),
        Container("gone", "C", "s", Lifecycle.RETIRED),
        Container("planned", "C", "s", Lifecycle.DECLARED, status=Status.ANNOUNCED),
    )
    net = Network("n", (Operator("op", "Op"),), (site,), containers)
    proof = prove(Placement("p", "s", 1, 2), net)
    assert proof.domains == ("s/big", "s/planned", "s/unknown")
    assert dict(proof.excluded) == {"retired": 1, "without storage": 2}
    named = prove(Placement("p", "s", 1, 2, containers=("s/big", "s/none")), net)
    assert named.domains == ("s/big",)


def test_a_policy_that_allows_nothing_says_why() -> None:
    proof = prove(Placement("p", "s", 1, 2, within=("US",)), network("FR", "DE"))
    assert proof.shortfall == "no container may hold its fragments (2 outside US); allow some"


def test_a_placement_that_holds_tells_its_numbers() -> None:
    proof = prove(Placement("p", "s", 7, 14, domain="site", most=2), network(*["FR"] * 8))
    assert (proof.room, proof.left, proof.lost, proof.spare) == (16, 14, 2, 7)
    assert proof.holds


def test_a_check_of_the_files_tells_it_on_the_line_of_the_placement() -> None:
    placement = '[[placements]]\nid = "p"\nstore = "s"\nk = 1\nn = 2\n'
    assert faults(SOUND + placement) == [
        "net.toml:14: placements[1]: 1 container x 1 = 1 < n = 2: allow 2 more containers",
    ]
