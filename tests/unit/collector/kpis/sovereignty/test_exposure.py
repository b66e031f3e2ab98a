"""Whom one country alone could read or block, and what is said where reach is unknown."""

from typing import Any

import pytest

from collector.kpis.made import Made
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty import METHODS
from collector.kpis.sovereignty.cases import Cases
from collector.kpis.sovereignty.exposure import statement
from tests.build.sovereign import SITES, Object, body, box, facts, laid, network, policy, site
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container
from vigie.shape import Quality

AT_HOME: Object = [{"fr"}, {"fr"}, {"paris"}, {"paris"}]
HALF: Object = [{"fr"}, {"paris"}, {"us"}, {"us"}]
MOST: Object = [{"fr"}, {"us"}, {"us"}, {"us"}]
ONE: Object = [{"fr"}, {"paris"}, {"fr"}, {"us"}]


def made(name: str, *objects: Object, net: Network | None = None, size: float | None = 1.0) -> Made:
    method = next(m for m in METHODS if m.indicator.name.startswith(f"{name}_"))
    return method.make(facts(net or network(), laid(objects, size=size)))


def boxes(**changed: dict[str, Any]) -> tuple[Container, ...]:
    """All containers, some of them with other traits."""
    return tuple(box(name, **changed.get(name, {})) for name in SITES)


def test_a_country_reads_with_k_fragments_and_blocks_by_what_it_leaves() -> None:
    found = made("s4", AT_HOME, HALF, MOST, ONE)
    assert found.value == 0.5
    assert found.parts == {"US": 0.5}
    assert found.quality is Quality.DERIVED
    blocked = made("s5", AT_HOME, HALF, MOST, ONE)
    assert blocked.parts == {"US": 0.25}, "two at home are enough, one is not"


def test_home_and_its_union_are_not_outside() -> None:
    found = made("s4", AT_HOME, [{"de"}, {"de"}, {"us"}, {"us"}])
    assert found.parts == {"DE": 0.5, "US": 0.5}


def test_to_the_union_its_members_are_home() -> None:
    net = network(placements=(policy(home="EU"),))
    found = made("s4", [{"de"}, {"de"}, {"us"}, {"us"}], net=net)
    assert found.parts == {"US": 1.0}


def test_what_one_jurisdiction_reaches_counts_all_its_members() -> None:
    net = network(placements=(policy(home="US"),))
    found = made("s4", [{"de"}, {"fr"}, {"us"}, {"us"}], net=net)
    assert found.parts == {"DE": 0.0, "EU": 1.0, "FR": 0.0}
    assert found.value == 1.0


def test_bytes_are_weighed_by_the_size_of_objects_and_said_to_be_estimated() -> None:
    held = laid([AT_HOME], store="pool", size=30.0), laid([MOST], store="small", size=10.0)
    net = network(placements=(policy(), policy(store="small")))
    method = next(m for m in METHODS if m.indicator.name == "s6_exposed_bytes")
    found = method.make(facts(net, *held))
    assert found.value == 0.25
    assert found.quality is Quality.ESTIMATED
    assert "mean size" in found.inputs["weights"]


def test_a_store_without_size_leaves_bytes_unknown_but_not_objects() -> None:
    assert made("s6", MOST, size=None).reason is Reason.NO_SIZE
    assert made("s4", MOST, size=None).value == 1.0


def test_a_store_without_home_is_left_out_and_lowers_the_coverage() -> None:
    held = laid([AT_HOME, MOST]), laid([MOST, MOST], store="other")
    method = next(m for m in METHODS if m.indicator.name == "s4_can_read")
    found = method.make(facts(network(), *held))
    assert (found.value, found.coverage) == (0.5, 0.5)
    assert method.make(facts(network(placements=()), *held)).reason is Reason.NO_HOME


def test_without_inventories_nothing_is_said() -> None:
    for method in METHODS:
        assert method.make(facts(network())).value is None
        assert method.make(facts(network())).reason is not None


def test_an_unknown_layer_gives_a_bound_where_that_says_something() -> None:
    net = network(containers=boxes(paris={"technology": None}))
    found = made("s4", HALF, AT_HOME, net=net)
    assert found.value == 0.5, "the United States surely read this many"
    assert found.inputs["bound"] == "at least"
    assert found.boundary.startswith("at least: ")


def test_an_unknown_layer_gives_no_value_where_the_bound_says_nothing() -> None:
    net = network(containers=boxes(paris={"technology": None}))
    found = made("s4", AT_HOME, net=net)
    assert found.value is None
    assert found.reason is Reason.REACH_UNKNOWN
    assert found.about == "technology of paris/box"


def test_what_is_unknown_but_changes_nothing_leaves_the_value_exact() -> None:
    net = network(containers=boxes(paris={"technology": None}))
    found = made("s4", [{"paris"}, {"fr"}, {"fr"}, {"fr"}], net=net)
    assert found.value == 0.0, "one fragment is not enough to read, whoever has it"
    assert found.boundary == ""


def test_the_terms_say_which_layer_bites() -> None:
    net = network(
        containers=boxes(fr={"technology": ("chips",)}, paris={"technology": ("chips",)}),
        suppliers=(Operator("chips", "Chips", "US", owners=(), reach=()),),
    )
    found = made("s4", AT_HOME, net=net)
    assert found.value == 1.0
    by_layer = {t.name: t.value for t in found.terms}
    assert by_layer["objects US can read by technology"] == 1.0
    assert by_layer["objects US can read by location"] == 0.0


def test_home_alone_needs_fragments_keys_and_catalogue_there() -> None:
    assert made("s8", AT_HOME, MOST).value == 0.5
    abroad = network(placements=(policy(keys=("US",)),))
    assert made("s8", AT_HOME, net=abroad).value == 0.0
    nobody = network(placements=(policy(keys=None),))
    found = made("s8", AT_HOME, net=nobody)
    assert (found.value, found.reason) == (None, Reason.NO_KEYS)


def test_what_home_runs_abroad_is_beyond_the_border() -> None:
    net = network(operators=(body("fr", "FR"), body("paris", "FR"), body("us", "FR")))
    assert made("s8", MOST, net=net).value == 0.0


def test_the_margin_without_a_country_is_of_the_worst_object() -> None:
    found = made("s11", AT_HOME, HALF, MOST)
    assert found.value == -1.0
    assert found.parts == {"US": -1.0}
    assert made("s11", AT_HOME).value == 2.0, "nobody abroad reaches any"


def test_a_margin_that_may_be_smaller_is_told_only_where_it_is_bad_enough() -> None:
    net = network(containers=boxes(paris={"technology": None}))
    assert made("s11", ONE, net=net).value is None
    found = made("s11", [{"paris"}, {"us"}, {"us"}, {"us"}], net=net)
    assert found.value == -1.0
    assert found.boundary.startswith("at most: ")


def test_a_copy_abroad_can_be_read_there_but_does_not_give_a_hold() -> None:
    copied: Object = [{"fr", "us"}, {"fr", "us"}, {"paris"}]
    assert made("s4", copied).value == 1.0
    assert made("s5", copied).value == 0.0
    assert made("s11", copied).value == 1.0


@pytest.mark.parametrize("unknown", ["location", "operator", "ownership", "management"])
def test_the_public_sentence_needs_all_five_layers(unknown: str) -> None:
    said = statement(Cases.of(facts(network(), laid([AT_HOME, MOST, HALF]))))
    assert said is not None
    assert said["en"] == (
        "No single country outside FR can read, and none can block, 33.3 % of stored bytes."
    )
    undeclared: dict[str, dict[str, Any]] = {
        "operator": {"reach": None},
        "ownership": {"kind": "company"},
    }
    runs = undeclared.get(unknown, {})
    runner = Operator(**{"id": "fr-runs", "name": "x", "seat": "FR", "kind": "public",
                         "reach": (), **runs})  # fmt: skip
    bare = [box("fr", management=None) if unknown == "management" else box("fr")]
    net = network(
        sites=(site("fr", None if unknown == "location" else "FR"), site("us", "US")),
        containers=(*bare, box("us"), box("paris")),
        operators=(runner, body("us", "US")),
    )  # fmt: skip
    assert statement(Cases.of(facts(net, laid([[{"fr"}, {"fr"}, {"us"}]])))) is None


def test_the_public_sentence_never_rounds_up_and_never_counts_what_is_lost() -> None:
    objects = [AT_HOME] * 1999 + [MOST]
    said = statement(Cases.of(facts(network(), laid(objects))))
    assert said is not None
    assert "99.9 %" in said["en"]
    assert "99,9 %" in said["fr"]
    lost = statement(Cases.of(facts(network(), laid([AT_HOME, [{"fr"}]]))))
    assert lost is not None
    assert "50.0 %" in lost["en"]
