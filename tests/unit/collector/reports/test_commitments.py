"""What places are held to: by whom, how much of it is used, until when; unknown stays unknown."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from collector.kpis.sovereignty.rules import DENIAL, RESIDENCY, Judged, Rule
from collector.reports.commitments import (
    Commitment,
    Holders,
    Read,
    River,
    current,
    deliveries,
    ending,
    policies,
    released,
    rivers,
    thresholds,
)
from collector.reports.threshold import watches
from vigie.network.contracts import EnergyContract
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator, Status
from vigie.network.places import Capacity, Container, Permit, Site
from vigie.network.policies import Placement, Qualification

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = 86_400
PERMIT = Permit(
    "river", "DDT", "Isar", withdrawal_cubic_meters_per_second=0.5, discharge_celsius=25.0,
    warming_celsius=2.0, low_flow_cubic_meters_per_second=10.0, ends=date(2026, 11, 11),
)  # fmt: skip


def network(**more: Any) -> Network:
    site = Site("m", "M", "o", permits=more.pop("permits", (PERMIT,)))
    containers = more.pop("containers", (Container("c", "C", "m"), Container("d", "D", "m")))
    return Network("n", (Operator("o", "O"),), (site,), containers, **more)


def by_kind(found: Any) -> dict[str, Commitment]:
    return {c.kind: c for c in found}


def test_a_permit_ends_in_ten_days_at_its_site() -> None:
    [one] = ending(network(), NOW)
    assert (one.path, one.kind, one.item, one.left) == ("m", "permit", "river", 10 * DAY)


def contract(name: str, begins: date, ends: date) -> EnergyContract:
    return EnergyContract(name, ("m",), "ppa", begins=begins, ends=ends)


def test_a_contract_that_another_goes_on_from_does_not_end() -> None:
    old = contract("old", date(2025, 1, 1), date(2026, 12, 1))
    new = contract("new", date(2026, 12, 1), date(2027, 12, 1))
    assert by_kind(ending(network(permits=(), energy=(old,)), NOW))["contract"].item == "old"
    found = list(ending(network(permits=(), energy=(old, new)), NOW))
    assert [(c.item, c.left) for c in found] == [("new", 395 * DAY)]


def test_the_newest_certificate_of_a_scheme_counts_and_belongs_to_its_site_or_to_all() -> None:
    proofs = (
        Qualification("o", "SecNumCloud", expires=date(2026, 11, 2)),
        Qualification("o", "SecNumCloud", expires=date(2026, 11, 6)),
        Qualification("m", "HDS", expires=date(2026, 11, 3)),
    )
    found = list(ending(network(permits=(), qualifications=proofs), NOW))
    assert [(c.path, c.item, c.left) for c in found] == [
        ("", "o SecNumCloud", 5 * DAY), ("m", "HDS", 2 * DAY),
    ]  # fmt: skip


def test_studies_bind_nobody_and_what_ended_long_ago_is_history() -> None:
    studied = replace(PERMIT, status=Status.STUDIED)
    assert not list(ending(network(permits=(studied,)), NOW))
    assert current([Commitment("m", "permit", "p", left=-31 * DAY)]) == []
    assert current([Commitment("m", "permit", "p", left=-29 * DAY)])


def test_who_is_near_the_power_from_which_one_reports() -> None:
    rated = Container("c", "C", "m", capacity=Capacity(power_watts=450e3))
    [one] = thresholds(watches(network(containers=(rated,))))
    assert (one.path, one.kind) == ("m", "threshold")
    assert one.used == pytest.approx(0.9)


def meters(subscribed: float | None = 100e3) -> tuple[Meter, ...]:
    return (
        Meter("m/c", "grid", "site", delivery_point="prm", subscribed_watts=subscribed),
        Meter("m/d", "grid", "site", delivery_point="prm"),
        Meter("m/c", "ups", "ups", parent="grid"),
    )


def test_what_a_delivery_point_draws_is_the_sum_of_its_meters() -> None:
    read = Read(watts={("m/c", "grid"): 60e3, ("m/d", "grid"): 45e3, ("m/c", "ups"): 50e3})
    [one] = deliveries(network(meters=meters()), read)
    assert (one.path, one.kind, one.item) == ("m", "delivery", "prm")
    assert (one.watts, one.limit_watts, one.broken) == (105e3, 100e3, True)
    assert one.used == pytest.approx(1.05)


def test_a_meter_that_says_nothing_leaves_the_delivery_point_unknown() -> None:
    [one] = deliveries(network(meters=meters()), Read(watts={("m/c", "grid"): 60e3}))
    assert (one.watts, one.used, one.broken) == (None, None, None)


def test_without_a_subscribed_power_there_is_no_commitment() -> None:
    assert not list(deliveries(network(meters=meters(None)), Read()))


def test_a_part_played_by_the_twin_stands_for_the_whole() -> None:
    part = Container("c", "C", "m", simulated=True, scale=0.5)
    read = Read(watts={("m/c", "grid"): 60e3})
    [one] = deliveries(network(containers=(part,), meters=meters()[:1]), read)
    assert one.watts == 120e3


def test_each_limit_of_a_river_permit_is_a_commitment() -> None:
    read = Read(rivers={
        "m/c": River(0.2, discharge=24.0, upstream=17.0, downstream=18.5, flow=12.5),
        "m/d": River(0.2, discharge=24.5, upstream=17.0, downstream=18.0, flow=12.0),
    })  # fmt: skip
    found = by_kind(rivers(network(), read))
    assert found["withdrawal"].used == pytest.approx(0.8)
    assert found["low_flow"].used == pytest.approx(10 / 12)
    assert (found["discharge"].celsius, found["discharge"].limit_celsius) == (24.5, 25.0)
    assert (found["warming"].celsius, found["warming"].broken) == (1.5, False)


def test_a_low_river_breaks_the_permit_only_while_water_is_taken() -> None:
    taking = Read(rivers={"m/c": River(0.1, flow=8.0)})
    resting = Read(rivers={"m/c": River(0.0, flow=8.0)})
    assert by_kind(rivers(network(), taking))["low_flow"].broken is True
    assert by_kind(rivers(network(), resting))["low_flow"].broken is False


def test_a_river_that_nobody_reads_is_unknown() -> None:
    found = by_kind(rivers(network(), Read()))
    assert {c.broken for c in found.values()} == {None}
    assert {c.used for c in found.values()} == {None}


POLICY = Placement("p", "photos", 10, 14, tenant="museum", within=("FR",), home="FR")
HOLDERS = Holders({"photos": ["m/c", "m/d"]}, lambda _: False)


def test_each_rule_of_a_policy_is_broken_kept_or_unknown() -> None:
    judged = Judged(
        broken=frozenset({Rule("museum", "photos", RESIDENCY)}),
        unclear=frozenset({Rule("museum", "photos", DENIAL)}),
    )
    found = by_kind(policies(network(placements=(POLICY,)), judged, HOLDERS))
    assert (found[RESIDENCY].broken, found[DENIAL].broken) == (True, None)
    assert (found[RESIDENCY].path, found[RESIDENCY].item) == ("m", "museum/photos")
    kept = by_kind(policies(network(placements=(POLICY,)), Judged(), HOLDERS))
    assert {c.broken for c in kept.values()} == {False}


def test_a_store_that_the_twin_holds_a_part_of_is_told_at_a_simulated_place() -> None:
    holders = Holders({"photos": ["a/x", "b/y"]}, lambda path: path == "b/y")
    found = list(policies(network(placements=(POLICY,)), Judged(), holders))
    assert {c.path for c in found} == {"b/y"}
    spread = Holders({"photos": ["a/x", "b/y"]}, lambda _: False)
    assert {c.path for c in policies(network(placements=(POLICY,)), Judged(), spread)} == {""}


def test_what_is_no_longer_declared_is_kept() -> None:
    gone = released(Commitment("m", "discharge", "river", True, celsius=26.0, limit_celsius=25.0))
    assert gone.broken is False
    assert gone.celsius is not None
    assert gone.celsius < 25.0
