from dataclasses import replace
from datetime import date

import pytest

from vigie.network import traits
from vigie.network.contracts import EnergyContract, Purchase
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator, Status
from vigie.network.places import (
    Contact,
    Container,
    Cooling,
    Equipment,
    Lifecycle,
    Registration,
    Site,
)
from vigie.replies import Trait

LYON = Site(
    "lyon", "Lyon", "city", zone="FR", latitude=45.7, longitude=4.8,
    status=Status.ANNOUNCED, status_since=date(2026, 2, 1), status_source="https://lyon.example",
    assumed=("latitude", "longitude", "registration", "contacts", "status_since"),
    registration=Registration(lau="69123"), contacts=(Contact("on duty", "Ada"),),
    cooling=(
        Cooling("river", 0.75, status=Status.OPERATING, assumed=("share",)),
        Cooling("immersion", fluid="oil", status=Status.STUDIED, note="a variant"),
    ),
)  # fmt: skip
ONE = Container(
    "one", "One", "lyon", equipment=(Equipment("h100", 8), Equipment("h100", 4)), technology=()
)  # fmt: skip
NETWORK = Network(
    "n", (Operator("city", "City", seat="FR"), Operator("far", "Far")), (LYON,), (ONE,),
    meters=(Meter("lyon/one", "grid", "site"), Meter("paris/x", "grid", "site")),
    energy=(EnergyContract("wind", ("lyon",), "ppa"), EnergyContract("sun", ("paris",), "ppa")),
    purchases=(Purchase("deal", ("lyon/one",), "purchase", euros=1e6, years=5.0),),
)  # fmt: skip


def test_every_field_has_a_name_and_lists_name_their_things() -> None:
    found = traits.values(ONE)
    assert (found["equipment[h100].count"], found["equipment[h100 2].count"]) == (8, 4)
    assert (found["lifecycle"], found["capacity.gpus"]) == ("in_service", None)
    assert (found["technology"], found["management"]) == ("", None), "nobody is not unknown"


def test_what_is_stated_comes_with_its_status_and_what_is_assumed_is_marked() -> None:
    found = {(t.of, t.name): t for t in traits.of_site(NETWORK, "lyon")}
    assert found["site lyon", "zone"] == Trait(
        "site lyon", "zone", "FR", "announced", "2026-02-01", "https://lyon.example",
        assumed=False, since_assumed=True,
    )  # fmt: skip
    for name in ("latitude", "registration.lau", "contacts[on duty].name", "cooling[river].share"):
        assert found["site lyon", name].assumed
    assert not found["site lyon", "cooling[river].kind"].assumed
    assert not found["site lyon", "cooling[river].kind"].since_assumed
    assert found["site lyon", "cooling[river].share"].status == "operating"
    oil = found["site lyon", "cooling[immersion].fluid"]
    assert (oil.value, oil.status, oil.note) == ("oil", "studied", "a variant")
    assert found["container lyon/one", "equipment[h100].count"].value == 8
    assert ("site lyon", "region") not in found, "nobody stated one"


def test_a_site_comes_with_what_concerns_it_and_nothing_else() -> None:
    of = {t.of for t in traits.of_site(NETWORK, "lyon")}
    assert of == {
        "site lyon", "organisation city", "container lyon/one", "meter lyon/one/grid",
        "energy wind", "purchase deal",
    }  # fmt: skip
    assert list(traits.of_site(NETWORK, "paris")) == []


@pytest.mark.parametrize(
    "after",
    [
        replace(NETWORK, containers=(replace(ONE, lifecycle=Lifecycle.MAINTENANCE),)),
        replace(NETWORK, sites=(replace(LYON, name="Lugdunum"),)),
        replace(NETWORK, meters=()),
        replace(NETWORK, containers=()),
    ],
)
def test_a_container_changed_with_itself_its_site_or_its_meters(after: Network) -> None:
    assert traits.changed(NETWORK, after) == ["lyon/one"]
    assert traits.changed(after, NETWORK) == ["lyon/one"]


def test_another_name_of_the_network_changes_no_container() -> None:
    assert traits.changed(NETWORK, replace(NETWORK, name="other", perimeters=())) == []
    assert traits.changed(None, NETWORK) == ["lyon/one"]


def test_about_a_container_is_also_where_it_stands() -> None:
    found = traits.about(NETWORK, "lyon/one") or {}
    assert (found["site.name"], found["meters[grid].role"]) == ("Lyon", "site")
    assert traits.about(NETWORK, "lyon/two") is None
    assert traits.about(NETWORK, "lyon/one/host") is None
