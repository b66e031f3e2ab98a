"""What is left once somebody vanishes; what speaks to the framework, and what is never said."""

import pytest

from collector.kpis.sovereignty.evidence import SPEAKS, objectives, wanted
from collector.kpis.sovereignty.vanish import Vanishing, aftermath
from tests.build.sovereign import box, laid, network
from vigie.indicators import INDICATORS
from vigie.network.operators import Operator, Tenant
from vigie.network.places import Capacity, Lifecycle
from vigie.network.reach import Layer

OBJECTS = [[{"fr"}, {"fr"}, {"us"}, {"us"}], [{"fr"}, {"us"}, {"us"}, {"us"}], [{"us"}]]


def country(code: str) -> list[Vanishing]:
    return [Vanishing("country", code)]


def test_objects_are_told_by_margin_before_and_after() -> None:
    (left,) = aftermath(network(), [laid(OBJECTS)], country("US")).stores
    assert left.before == {-1: 1, 2: 2}
    assert left.after == {-2: 1, -1: 1, 0: 1}
    assert left.readable == 1
    assert left.lost == 1, "one of the three could not be read before"


def test_containers_go_by_any_chosen_layer() -> None:
    net = network(
        containers=(box("fr", technology=("chips",)), box("de")),
        suppliers=(Operator("chips", "Chips", "US", owners=(), reach=()),),
    )
    assert aftermath(net, [], country("US")).gone == ("fr/box",)
    assert aftermath(net, [], country("US"), [Layer.LOCATION]).gone == ()
    supplier = [Vanishing.parse("supplier:chips", net)]
    assert aftermath(net, [], supplier).gone == ("fr/box",)
    operator = network()
    gone = aftermath(operator, [], [Vanishing.parse("operator:de-runs", operator)]).gone
    assert gone == ("de/box",)


def test_the_union_vanishes_with_all_its_members() -> None:
    assert aftermath(network(), [], country("EU")).gone == ("de/box", "fr/box", "paris/box")


def test_what_may_be_gone_too_is_told_apart() -> None:
    net = network(containers=(box("fr", management=None), box("de"), box("us")))
    after = aftermath(net, [], country("US"))
    assert (after.gone, after.unknown) == (("us/box",), ("fr/box",))
    assert aftermath(net, [], country("US"), [Layer.LOCATION]).unknown == ()


def test_only_what_is_in_service_is_counted() -> None:
    net = network(containers=(
        box("fr", capacity=Capacity(gpus=8)), box("us", capacity=Capacity(gpus=4)),
        box("de", lifecycle=Lifecycle.DECLARED, capacity=Capacity(gpus=100)), box("ch"),
    ))  # fmt: skip
    after = aftermath(net, [], country("US"))
    gpus = next(room for room in after.room if room.name == "gpus")
    assert (gpus.before, gpus.after, gpus.undeclared) == (12, 8, 1)


def test_tenants_are_affected_by_lost_objects_and_lost_places() -> None:
    net = network(tenants=(Tenant("town", "Town"), Tenant("club", "Club", home="us")))
    assert aftermath(net, [laid(OBJECTS)], country("US")).tenants == ("club", "town")
    assert aftermath(net, [laid(OBJECTS)], country("CH")).tenants == ()


@pytest.mark.parametrize(
    "text", ["US", "country:", "country:us", "country:USA", "planet:mars", "operator:nobody"]
)
def test_only_who_is_known_can_vanish(text: str) -> None:
    with pytest.raises(ValueError, match=r"wanted|declared are|country:US"):
        Vanishing.parse(text, network())


def test_the_weights_of_both_versions_are_whole() -> None:
    for version in objectives()[0].weights:
        assert sum(one.weights[version] for one in objectives()) == 100
    assert {one.id for one in objectives()} == set(SPEAKS)
    assert objectives()[4].weights == {"v1.2.1 (2025-10-20)": 20, "calculator (2026-06-01)": 10}


def test_every_indicator_that_speaks_exists() -> None:
    assert set(wanted()) <= {one.name for one in INDICATORS}
