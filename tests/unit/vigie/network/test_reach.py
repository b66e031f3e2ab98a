"""Who reaches a container, and what of that is unknown."""

import pytest

from vigie.network.network import Network
from vigie.network.operators import Operator, Share
from vigie.network.places import Container, Site
from vigie.network.reach import (
    EU,
    Layer,
    Reach,
    Reaches,
    contains,
    controllers,
    foreign,
    jurisdictions,
    reached_by,
    within,
)


def company(name: str, seat: str | None = "FR", *owners: Share, **more: object) -> Operator:
    said = {"owners": owners, "reach": (), **more}
    return Operator(name, name, seat, **said)  # type: ignore[arg-type]


def network(
    *organisations: Operator, container: Container | None = None, **site: object
) -> Network:
    place = {"operator": "runs", "country": "FR", **site}
    return Network(
        "n", (), (Site("s", "s", **place),),  # type: ignore[arg-type]
        (container or Container("c", "c", "s", management=(), technology=()),),
        owners=organisations,
    )  # fmt: skip


def reach(*organisations: Operator, container: Container | None = None, **site: object) -> Reach:
    return Reaches(network(*organisations, container=container, **site)).of("s/c/host")


def test_a_container_is_reached_where_it_stands_and_by_who_runs_it() -> None:
    found = reach(company("runs", "DE"))
    assert found.over([Layer.LOCATION]).countries == {"FR"}
    assert found.over([Layer.OPERATOR]).countries == {"DE"}
    assert found.over([Layer.OPERATOR]).parties == {"runs"}
    assert found.over().countries == {"FR", "DE"}
    assert found.unknown == (), "all five layers are declared"


def test_who_owns_the_place_or_lets_it_is_a_party_there() -> None:
    found = reach(company("runs"), owner="town", landlord="agency").over([Layer.LOCATION])
    assert found.parties == {"town", "agency"}


def test_what_nobody_declared_is_unknown_and_says_what() -> None:
    bare = Operator("runs", "runs")
    found = reach(bare, container=Container("c", "c", "s"), country=None)
    assert found.unknown == tuple(Layer)
    assert found.over([Layer.LOCATION]).unknown == {"country of s"}
    assert found.over([Layer.OPERATOR]).unknown == {"seat of runs", "reach of runs"}
    assert found.over([Layer.OWNERSHIP]).unknown == {"owners of runs"}
    assert found.over([Layer.MANAGEMENT]).unknown == {"management"}


def test_what_is_known_of_a_layer_reaches_though_a_part_is_unknown() -> None:
    found = reach(company("runs", "US", reach=None)).over([Layer.OPERATOR])
    assert found.countries == {"US"}
    assert found.unknown == {"reach of runs"}


def test_an_operator_that_nobody_declared_has_unknown_law_and_owners() -> None:
    assert reach().unknown == (Layer.OPERATOR, Layer.OWNERSHIP)


def test_a_place_that_nobody_declared_is_unknown_in_every_layer() -> None:
    assert Reaches(network()).of("elsewhere/c").unknown == tuple(Layer)


def test_a_public_body_is_its_countrys() -> None:
    found = reach(Operator("runs", "runs", "FR", "public", reach=())).over([Layer.OWNERSHIP])
    assert (found.countries, found.unknown) == (frozenset({"FR"}), frozenset())


def test_control_goes_through_what_is_controlled() -> None:
    found = reach(
        company("runs", "FR", Share("holding", 0.6), Share("crowd", 0.4)),
        company("holding", "LU", Share("parent", 0.51), Share("crowd", 0.49)),
        company("parent", "US"),
        company("crowd", "CH"),
    ).over([Layer.OWNERSHIP])
    assert found.parties == {"holding", "parent"}
    assert found.countries == {"LU", "US"}
    assert not found.unknown


def test_votes_held_through_several_add_up() -> None:
    declared = network(
        company("runs", "FR", Share("a", 0.3), Share("b", 0.25), Share("crowd", 0.45)),
        company("a", "FR", Share("parent", 1.0)),
        company("b", "FR", Share("parent", 1.0)),
        company("parent", "US"),
        company("crowd", "FR"),
    )
    assert controllers(declared, "runs") == (frozenset({"parent"}), False)


def test_half_of_the_votes_is_no_control_but_declared_control_is() -> None:
    half = Share("a", 0.5), Share("b", 0.3), Share("b", 0.2)
    declared = network(company("runs", "FR", *half), company("a"), company("b"))
    assert controllers(declared, "runs") == (frozenset(), False)
    golden = Share("a", 0.01, control=True), Share("b", 0.99)
    found, _ = controllers(network(company("runs", "FR", *golden), company("a"), company("b")),
                           "runs")  # fmt: skip
    assert found == {"a", "b"}


@pytest.mark.parametrize(
    ("shares", "unknown"),
    [
        ((Share("a", 0.4),), True),
        ((Share("a", 0.49),), True),
        ((Share("a", 0.5),), False),
        ((Share("a", 0.3), Share("b", 0.3)), False),
        ((), False),
        (None, True),
    ],
)
def test_undeclared_votes_that_could_be_control_are_unknown(
    shares: tuple[Share, ...] | None, unknown: bool
) -> None:
    declared = network(company("runs", owners=shares), company("a"), company("b"))
    assert controllers(declared, "runs")[1] is unknown


def test_undeclared_votes_count_together_with_what_their_holder_may_control() -> None:
    shares = Share("a", 0.45), Share("b", 0.45)
    known = network(company("runs", "FR", *shares), company("a"), company("b"))
    assert controllers(known, "runs") == (frozenset(), False), "10 % are no control"
    hidden = network(company("runs", "FR", *shares), company("a", owners=None), company("b"))
    assert controllers(hidden, "runs") == (frozenset(), True), "who has a too has 55 %"


def test_owners_in_a_circle_end() -> None:
    declared = network(
        company("runs", "FR", Share("a", 1.0)), company("a", "DE", Share("runs", 1.0))
    )
    assert controllers(declared, "runs") == (frozenset({"a"}), False)


def test_a_supplier_brings_its_own_law_and_that_of_its_owners() -> None:
    container = Container("c", "c", "s", management=("remote",), technology=("chips",))
    found = reach(
        company("runs"),
        company("remote", "DE", Share("parent", 1.0)),
        company("parent", "JP"),
        company("chips", "US", reach=("NL",)),
        container=container,
    )
    assert found.over([Layer.MANAGEMENT]).countries == {"DE", "JP"}
    assert found.over([Layer.MANAGEMENT]).parties == {"remote", "parent"}
    assert found.over([Layer.TECHNOLOGY]).countries == {"US", "NL"}
    assert found.unknown == ()


def test_the_union_contains_its_members_and_is_foreign_to_none() -> None:
    assert contains(EU, "FR")
    assert not contains("FR", EU)
    assert not contains(EU, "CH")
    assert reached_by(EU, {"US", "DE"})
    assert not reached_by("FR", {"DE", EU})
    assert within(("EU",), "DE")
    assert not within(("FR", "DE"), "IT")
    assert jurisdictions({"FR", "US"}) == ("EU", "FR", "US")
    assert jurisdictions({"US"}) == ("US",)
    assert not foreign(EU, "FR")
    assert foreign("DE", "FR")
    assert not foreign("DE", EU)
    assert foreign(EU, "US")
