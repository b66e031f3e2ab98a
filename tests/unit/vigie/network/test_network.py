from datetime import date

from tests.build.network import SOUND
from vigie.document import Document
from vigie.network.contracts import EnergyContract, Purchase, Target
from vigie.network.load import check
from vigie.network.network import Network
from vigie.network.operators import Operator, Status, Tenant
from vigie.network.places import Container, Site
from vigie.network.policies import Perimeter, Placement


def test_this_host_alone_is_one_container_without_a_grid_zone() -> None:
    network = Network.of_this_host("pc")
    assert [c.path for c in network.containers] == ["local/this"]
    site = network.site("local/this/pc")
    assert site is not None
    assert site.zone is None
    assert network.operator("self") is not None


def test_equal_content_has_an_equal_version_whatever_the_comments() -> None:
    once = check(Document.parse(SOUND, "a.toml"))
    again = check(Document.parse("# moved\n" + SOUND, "b.toml"))
    other = check(Document.parse(SOUND.replace('zone = "FR"', 'zone = "DE"'), "a.toml"))
    assert once.version == again.version != other.version


def test_a_path_names_the_container_it_lies_in_and_no_neighbour() -> None:
    text = SOUND + '[[containers]]\nid = "c10"\nname = "C10"\nsite = "cannes"\n'
    network = check(Document.parse(text, "net.toml"))
    found = network.container("cannes/c10/host")
    assert found is not None
    assert found.id == "c10"
    assert network.container("cannes") is None
    assert [c.id for c in network.within("")] == ["c1", "c10"]
    assert [c.id for c in network.within("cannes/c1")] == ["c1"]
    assert [c.id for c in network.within("cannes/c1/host")] == ["c1"]
    assert network.within("cannes/c") == ()


def network() -> Network:
    """A real site of two containers, and one that the twin plays, all announced."""
    announced = Status.ANNOUNCED
    return Network(
        "n",
        (Operator("op", "Op"),),
        (
            Site("real", "Real", "op"),
            Site("played", "Played", "op", simulated=True, status=announced),
        ),
        (
            Container("c1", "C1", "real"),
            Container("c2", "C2", "real", simulated=True),
            Container("c1", "C1", "played", scale=0.01, status=announced),
        ),
        owners=(Operator("fund", "Fund"),),
        suppliers=(Operator("maker", "Maker"),),
        tenants=(Tenant("town", "Town"),),
        energy=(
            EnergyContract("old", ("real",), "supply", ends=date(2026, 1, 1)),
            EnergyContract("new", ("real", "played"), "supply", begins=date(2026, 1, 1)),
            EnergyContract("wind", ("real", "played"), "ppa", status=announced),
            EnergyContract("sun", ("real", "played"), "ppa", status=Status.STUDIED),
        ),
        purchases=(
            Purchase("lease", ("real/c1",), "rental", euros_per_month=1, status=Status.STUDIED),
            Purchase("buy", ("real/c1",), "purchase", euros=1, years=1),
            Purchase("later", ("played/c1",), "rental", euros_per_month=1, status=announced),
        ),
        targets=(
            Target("perimeter:coast", "pue", 1.1, 2040, date(2026, 1, 1)),
            Target("perimeter:coast", "pue", 1.2, 2030, date(2026, 1, 1)),
        ),
        placements=(
            Placement("variant", "tahoe", 2, 4, status=Status.STUDIED),
            Placement("archive", "tahoe", 3, 10),
        ),
        perimeters=(Perimeter("coast", "Coast", "Op", ("played",)),),
    )


def test_a_perimeter_is_the_containers_of_its_sites() -> None:
    assert [c.path for c in network().within("perimeter:coast")] == ["played/c1"]
    assert network().within("perimeter:nobody") == ()
    assert network().within("coast") == ()


def test_an_organisation_is_found_in_whatever_table_it_stands() -> None:
    names = [network().organisation(name) for name in ("op", "fund", "maker", "who")]
    assert [o and o.name for o in names] == ["Op", "Fund", "Maker", None]
    assert network().operator("fund") is None


def test_tenants_and_perimeters_are_found_by_id() -> None:
    tenant, perimeter = network().tenant("town"), network().perimeter("coast")
    assert tenant is not None
    assert perimeter is not None
    assert (tenant.name, perimeter.name) == ("Town", "Coast")
    assert network().tenant("coast") is None


def test_the_twin_plays_a_site_or_a_container_at_its_scale() -> None:
    played = {path: network().simulated(path) for path in ("real/c1", "real/c2/h", "played", "x")}
    assert played == {"real/c1": False, "real/c2/h": True, "played": True, "x": False}
    assert [network().scale(path) for path in ("real/c1", "played/c1/h", "x")] == [1.0, 0.01, 1.0]


def test_a_contract_is_in_force_from_its_first_day_until_the_day_it_ends() -> None:
    def force(site: str, day: date) -> list[str]:
        return [contract.id for contract in network().contracts(site, day)]

    assert force("real", date(2025, 12, 31)) == ["old"]
    assert force("real", date(2026, 1, 1)) == ["new"]
    assert force("elsewhere", date(2026, 1, 1)) == []


def test_what_is_announced_holds_only_where_the_twin_stands_in() -> None:
    contracts = network().contracts("played", date(2026, 1, 1))
    assert [contract.id for contract in contracts] == ["new", "wind"]
    purchases = [network().purchase(path) for path in ("real/c1", "played/c1", "real/c2")]
    assert [p and p.id for p in purchases] == ["buy", "later", None]


def test_a_study_is_not_the_placement_in_force() -> None:
    placement = network().placement("tahoe")
    assert placement is not None
    assert placement.id == "archive"
    assert network().placement("other") is None


def test_targets_come_with_the_next_year_first() -> None:
    assert [t.year for t in network().targets_of("perimeter:coast", "pue")] == [2030, 2040]
    assert network().targets_of("played", "pue") == ()
