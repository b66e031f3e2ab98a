"""What lies, runs and goes outside; who depends on whom; what was declared."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from collector.kpis.facts import Facts, Hourly, Line, Plant, Stored, Violation, Work
from collector.kpis.made import Made
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty import METHODS
from collector.kpis.sovereignty.concentration import effective_number
from collector.kpis.sovereignty.rules import DENIAL, RESIDENCY, Rule, judge
from tests.build.sovereign import CODE, DAY, END, box, facts, laid, network, policy, site
from vigie.network.network import Network
from vigie.network.places import Equipment
from vigie.network.policies import Evidence, Tenancy
from vigie.shape import Quality


def made(name: str, given: Facts) -> Made:
    return next(m for m in METHODS if m.indicator.name.startswith(name)).make(given)


def one(net: Network, name: str, **more: Any) -> Plant:
    """The container of a site."""
    container, place = net.container(f"{name}/box"), net.site(name)
    assert container
    assert place
    return Plant(container, place, simulated=False, **more)


def hours(seconds: float) -> Hourly:
    return Hourly(np.array([seconds]), np.ones(1), Quality.MEASURED)


def work(served: float) -> Work:
    nothing = hours(0.0)
    return Work(nothing, hours(served), nothing, nothing, nothing, nothing)


def test_bytes_are_inside_where_their_country_is_in_the_policy() -> None:
    found = made("s1_", facts(network(), stored={"fr": 60, "de": 30, "us": 10}))
    assert (found.value, found.coverage, found.quality) == (0.9, 1.0, Quality.MEASURED)
    french = network(placements=(policy(within=("FR",)),))
    assert made("s1_", facts(french, stored={"fr": 60, "de": 40})).value == 0.6


def test_bytes_in_an_undeclared_country_are_not_known_to_be_inside() -> None:
    net = network(sites=(site("fr", "FR"), site("de", None)))
    found = made("s1_", facts(net, stored={"fr": 60, "de": 40}))
    assert found.value == 0.6
    assert found.boundary.startswith("at least: ")
    assert found.inputs["unknown"] == "location of de/box"


def test_a_store_that_may_lie_anywhere_is_in_no_residency() -> None:
    net = network(placements=(policy(within=()),))
    assert made("s1_", facts(net, stored={"fr": 1})).reason is Reason.NO_POLICY
    assert made("s2_", facts(net, laid([[{"fr"}]]))).reason is Reason.NO_POLICY


def test_one_stray_fragment_or_copy_puts_an_object_outside() -> None:
    objects = [[{"fr"}, {"de"}], [{"fr"}, {"us"}], [{"fr"}, {"de", "us"}], [{"fr"}, {"paris"}]]
    found = made("s2_", facts(network(), laid(objects)))
    assert found.value == 0.5


def test_gpu_time_is_inside_by_the_rule_of_its_tenant() -> None:
    net = network(tenancies=(Tenancy("t", ("town",), ("FR",)),))
    plants = (
        one(net, "fr", work={"town": work(30.0), "free": work(100.0)}),
        one(net, "de", work={"town": work(10.0)}),
    )
    found = made("s3_", facts(net, plants=plants))
    assert found.value == 0.75
    assert found.coverage == 40 / 140, "nothing binds the other tenant"


def test_foreign_law_is_told_by_layer_and_over_all() -> None:
    net = network(containers=(box("fr"), box("de", management=("us-runs",))))
    found = made("s13_", facts(net, stored={"fr": 75, "de": 25}))
    assert found.value == 0.25
    assert found.parts == {
        "location": 0.25, "operator": 0.25, "ownership": 0.25, "management": 0.25,
        "technology": 0.0,
    }  # fmt: skip
    dark = network(containers=(box("fr", technology=None), box("de")))
    assert made("s13_", facts(dark, stored={"fr": 1})).about == "technology of fr/box"


def test_egress_is_outside_by_the_country_of_the_peer() -> None:
    net = network()
    lines = (
        Line("a", "de", 60.0, 0.0, None), Line("b", "US", 30.0, 0.0, None),
        Line("c", "internet", 10.0, 0.0, None), Line("d", "paris", None, None, None),
    )  # fmt: skip
    stored = (Stored("pool", CODE, 1, 1),)
    found = made("s15_", facts(net, plants=(one(net, "fr", stored=stored, lines=lines),)))
    assert found.value == 0.3
    assert found.parts == {"US": 0.3}
    assert found.inputs["unknown"] == "location of internet"
    free = made("s15_", facts(net, plants=(one(net, "fr", lines=lines),)))
    assert free.reason is Reason.NO_POLICY


def test_the_effective_number_is_that_of_equal_shares() -> None:
    assert effective_number([1.0, 1.0, 1.0, 1.0]) == 4.0
    assert effective_number([3.0, 1.0]) == pytest.approx(1.6)
    assert effective_number([]) is None
    found = made("s12_", facts(network(), stored={"fr": 50, "paris": 50, "de": 100}))
    assert found.value == pytest.approx(8 / 3)
    assert found.parts["country"] == 2.0
    assert found.parts["zone"] is None, "nobody declared the zones"


def test_leaving_takes_what_the_slowest_site_takes() -> None:
    net = network(
        evidence=(Evidence("de", "exit_drill", date(2026, 1, 1), value=2.0, passed=True),)
    )
    stored, line = (Stored("pool", CODE, 1, 1000),), Line("a", "FR", None, None, 10.0)
    plants = one(net, "fr", stored=stored, lines=(line,)), one(net, "de", stored=stored)
    found = made("s17_", facts(net, plants=plants))
    assert found.parts == {"fr": 100.0, "de": 172_800.0}
    assert found.value == 172_800.0
    dark = made("s17_", facts(net, plants=(one(net, "us", stored=stored), plants[0])))
    assert (dark.value, dark.reason, dark.about) == (None, Reason.NO_LINE, "us")


def test_equipment_is_weighed_by_value_else_by_units() -> None:
    def of(*items: Equipment) -> Made:
        net = network(containers=(box("fr", equipment=items),))
        return made("s18_", facts(net, plants=(one(net, "fr"),)))

    gpu = Equipment("gpu", 2, origin="US", euros=100.0)
    rack = Equipment("rack", 6, origin="FR", euros=50.0)
    assert of(gpu, rack).value == 0.4
    assert of(gpu, replace(rack, euros=None)).value == 0.25
    half = of(gpu, replace(rack, origin=None))
    assert (half.value, half.coverage) == (1.0, 0.4)
    assert of(replace(gpu, origin=None)).reason is Reason.NO_ORIGIN


def test_a_drill_counts_for_a_year_and_for_all_that_lies_in_its_path() -> None:
    def of(*drills: Evidence) -> Made:
        net = network(evidence=drills)
        return made("s16_", facts(net, plants=(one(net, "fr"), one(net, "de"))))

    fresh = Evidence("fr", "disconnect_drill", END.date() - timedelta(days=10), passed=True)
    old = Evidence("de", "disconnect_drill", END.date() - timedelta(days=400), passed=True)
    later = Evidence("", "disconnect_drill", END.date() + timedelta(days=1), passed=True)
    assert of(fresh, replace(fresh, path="de")).value == 1.0
    assert of(fresh, old).value == 0.0
    assert of(fresh).about == "de"
    assert of(later).reason is Reason.NO_EVIDENCE, "nothing is known of what is still to come"
    assert of(replace(fresh, path="")).quality is Quality.DECLARED


def test_a_declared_share_is_that_of_the_least_site() -> None:
    net = network(evidence=(
        Evidence("fr", "home_sessions", date(2026, 1, 1), share=0.2),
        Evidence("fr", "home_sessions", date(2026, 2, 1), share=0.9),
        Evidence("de", "home_sessions", date(2026, 2, 1), share=0.8),
    ))  # fmt: skip
    assert made("s14_", facts(net, plants=(one(net, "fr"), one(net, "de")))).value == 0.8


def test_overhead_counts_copies_beside_what_the_code_and_replicas_would_take() -> None:
    objects = [[{"fr"}, {"de"}, {"us"}, {"fr", "de"}]]
    found = made("storage_overhead", facts(network(), laid(objects)))
    assert found.value == 2.5
    assert found.parts == {"pool 2-of-4": 2.5, "pool 2-of-4 n/k": 2.0, "3 replicas": 3.0}


def test_rules_are_broken_by_what_is_known_and_unclear_by_what_is_not() -> None:
    good = laid([[{"fr"}, {"fr"}, {"de"}, {"paris"}]])
    assert judge(network(), [good]) == judge(network(), [])
    away = laid([[{"us"}, {"us"}, {"us"}, {"fr"}]])
    broken = judge(network(), [good, away]).broken
    assert broken == {Rule("town", "pool", RESIDENCY), Rule("town", "pool", DENIAL)}
    dark = network(sites=(site("fr", None), site("de", "DE"), site("paris", "FR")))
    assert judge(dark, [good]).unclear == {
        Rule("town", "pool", RESIDENCY), Rule("town", "pool", DENIAL),
    }  # fmt: skip


def test_what_is_lost_is_not_denied_by_anybody() -> None:
    assert judge(network(), [laid([[{"fr"}]])]).broken == frozenset()


def test_time_of_violation_counts_rules_broken_together_once() -> None:
    def broken(tenant: str, begin: float, end: float) -> Violation:
        hour = timedelta(hours=1)
        return Violation(tenant, "pool", RESIDENCY, DAY.start + begin * hour,
                         DAY.start + end * hour)  # fmt: skip

    some = (broken("town", 1, 3), broken("town", 2, 4), broken("club", 2, 3), broken("club", 6, 7))
    found = made("s20_", facts(network(), violations=some, judged=43_200.0))
    assert found.value == 4 * 3600.0
    assert found.parts == {"town": 3 * 3600.0, "club": 2 * 3600.0}
    assert found.coverage == 0.5
    assert made("s20_", facts(network())).reason is Reason.NOT_EVALUATED
