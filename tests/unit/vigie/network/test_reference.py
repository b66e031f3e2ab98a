"""The network that ships: the six announced systems, at the size that was announced."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from vigie.catalogue import WHOLE_ROLES
from vigie.indicators import indicator
from vigie.network.load import reference
from vigie.network.operators import Stated, Status
from vigie.network.places import Container, Lifecycle, Site, perimeter_of
from vigie.network.proof import prove

PETA = 10**15
LARGE = ("mougins/dc1", "munich/room-1", "campus/hall-01", "vendee/salle-1", "nancy/enact")


def test_every_system_is_declared() -> None:
    assert {s.id for s in reference().sites} >= {
        "cannes", "mougins", "adista", "nancy", "munich", "campus", "vendee",
    }  # fmt: skip


def test_all_of_it_is_simulated() -> None:
    network = reference()
    assert all(network.simulated(c.path) for c in network.containers)


@pytest.mark.parametrize(
    ("name", "gpus"),
    [("cannes", 104), ("mougins", 50_000), ("munich", 10_000), ("campus", 500_000)],
)
def test_gpus_are_as_many_as_announced(name: str, gpus: int) -> None:
    assert sum(c.capacity.gpus or 0 for c in reference().within(name)) == gpus


def test_equipment_holds_the_gpus_of_its_container() -> None:
    for container in reference().containers:
        assert gpus_of(container) == (container.capacity.gpus or 0), container.path


def test_container_no_1_of_cannes_is_as_announced() -> None:
    network = reference()
    purchase = network.purchase("cannes/c1")
    [c1] = network.within("cannes")
    assert c1.capacity.storage_bytes == 2 * PETA
    assert purchase is not None
    assert purchase.euros == 800_000
    assert {t.kind for t in network.tenants if t.home == "cannes"} >= {"public", "inhabitants"}


def test_five_more_communes_are_under_contract_in_one_network_and_mougins_is_beside_it() -> None:
    network = reference()
    perimeter = network.perimeter("cannes")
    assert perimeter is not None
    statuses = Counter(site(name).status for name in perimeter.sites)
    assert statuses == {Status.OPERATING: 1, Status.CONTRACTED: 5}
    assert "mougins" not in perimeter.sites
    [dc1] = network.within("mougins")
    assert dc1.lifecycle is Lifecycle.COMMISSIONING


def test_the_pilot_has_eight_partners_who_each_operate_what_they_offer() -> None:
    network = reference()
    [pilot] = network.pilots
    operators = {partner.operator for partner in pilot.partners}
    assert len(operators) == len(pilot.partners) >= 8
    for partner in pilot.partners:
        [container] = network.within(partner.container)
        assert site(container.site).operator == partner.operator
        assert 0 < (partner.offers_bytes or 0) <= (container.capacity.storage_bytes or 0)
    assert pilot.months == 12
    assert pilot.supplier == "mantle"


def test_each_partner_has_a_store_so_that_a_ledger_can_say_what_it_uses() -> None:
    network = reference()
    [pilot] = network.pilots
    owners = [network.placement(store) for store in pilot.stores]
    assert {p.tenant for p in owners if p} == {partner.operator for partner in pilot.partners}
    assert all("k" in p.assumed and "n" in p.assumed for p in owners if p)


def test_every_placement_can_be_kept_after_the_loss_of_a_domain() -> None:
    network = reference()
    assert network.placements
    assert not any(prove(policy, network).shortfall for policy in network.placements)


def test_munich_is_under_german_law_on_a_river_with_a_permit_and_ten_tenants() -> None:
    network, place = reference(), site("munich")
    assert place.country == "DE"
    assert [c.kind for c in place.cooling] == ["river"]
    [permit] = place.permits
    assert "withdrawal_cubic_meters_per_second" in permit.assumed
    assert [h.status for h in place.heat] == [Status.ANNOUNCED]
    assert sum(t.home == "munich" for t in network.tenants) == 10
    assert [c.technology for c in network.energy if "munich" in c.sites] == ["mixed"]


def test_the_campus_is_a_memorandum_of_an_operator_outside_the_union_fed_by_nuclear_plants() -> (
    None
):
    network, place = reference(), site("campus")
    assert place.status is Status.ANNOUNCED
    assert [o.seat for o in network.operators if o.id == place.operator] == ["GB"]
    assert all(phase.due for phase in place.phases)
    assert any(phase.gpus == 500_000 for phase in place.phases)
    assert [c.technology for c in network.energy if "campus" in c.sites] == ["nuclear"]
    assert {c.scale for c in network.within("campus")} == {0.01}


def test_vendee_serves_public_bodies_and_companies_only_on_their_behalf() -> None:
    network, place = reference(), site("vendee")
    assert place.serves == ("public",)
    assert place.owner == place.landlord == "sables-olonne-agglomeration"
    studied = [c.kind for c in place.cooling if c.status is Status.STUDIED]
    assert studied == ["immersion"]
    companies = [t for t in network.tenants if t.home == "vendee" and t.kind == "company"]
    assert len(companies) == 12
    assert all(t.acting_for and t.quota_gpus for t in companies)
    assert not network.targets_of("vendee", "pue")


def test_every_statement_has_a_source_or_names_what_is_assumed() -> None:
    bare = [str(s)[:120] for s in statements(reference()) if not (s.status_source or s.assumed)]
    assert bare == []


def test_what_no_public_page_says_is_marked_as_assumed() -> None:
    unmarked = [
        str(s)[:120]
        for s in statements(reference())
        if not s.status_source.startswith("https://") and not s.assumed
    ]
    assert unmarked == []


def test_what_is_assumed_is_explained() -> None:
    network = reference()
    silent = [
        str(s)[:120]
        for s in statements(dataclasses.replace(network, meters=()))
        if s.assumed and not s.note
    ]
    assert silent == []


def test_every_container_is_metered_at_its_site_and_at_its_ups_or_it() -> None:
    network = reference()
    for container in network.containers:
        roles = {m.role for m in network.meters if m.container == container.path}
        assert "site" in roles, container.path
        assert roles & set(WHOLE_ROLES) - {"site"}, container.path


@pytest.mark.parametrize("path", LARGE)
def test_large_containers_meter_heat_and_water(path: str) -> None:
    media = {m.medium for m in reference().meters if m.container == path}
    assert media == {"electricity", "water", "heat"}


def test_targets_are_of_known_indicators_and_places() -> None:
    network = reference()
    for target in network.targets:
        assert indicator(target.indicator), target
        assert perimeter_of(target.path) or network.within(target.path), target


def test_contacts_are_functions_nobody_can_be_called_by() -> None:
    for place in reference().sites:
        assert place.contacts
        assert all(contact.reach.endswith(".example") for contact in place.contacts)


def site(name: str) -> Site:
    """The site of that id."""
    found = reference().site(name)
    assert found is not None
    return found


def statements(value: Any) -> Iterator[Stated]:
    """All that carries a status, however deep."""
    if isinstance(value, tuple):
        for item in value:
            yield from statements(item)
    elif dataclasses.is_dataclass(value):
        if isinstance(value, Stated):
            yield value
        for field in dataclasses.fields(value):
            yield from statements(getattr(value, field.name))


def gpus_of(container: Container) -> int:
    """GPUs in the equipment of a container: cards, or servers of eight."""
    return sum(
        row.count * (8 if row.item.startswith("8x") else 1)
        for row in container.equipment
        if row.item.startswith("8x") or row.item.endswith(" card")
    )
