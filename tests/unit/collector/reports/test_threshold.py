"""Who is near the power from which one must report: by establishment, or by site in Germany."""

from dataclasses import replace

import pytest

from collector.reports.threshold import watches
from vigie.network.network import Network
from vigie.network.operators import Operator, Status
from vigie.network.places import Capacity, Container, Lifecycle, Registration, Site


def network(*sites: Site, watts: float | None = 200e3) -> Network:
    containers = tuple(Container("c", "C", s.id, capacity=Capacity(power_watts=watts))
                       for s in sites)  # fmt: skip
    return Network("n", (Operator("o", "O"),), sites, containers)


def french(name: str, siret: str = "1") -> Site:
    return Site(name, name, "o", country="FR", registration=Registration(siret=siret))


def test_sites_of_one_establishment_are_added_in_france() -> None:
    [watch] = watches(network(french("a"), french("b")))
    assert watch.ratio == pytest.approx(0.8)
    assert watch.state == "near"
    assert watch.sites == ("a", "b")
    apart = watches(network(french("a"), french("b", "2")))
    assert [w.state for w in apart] == ["below", "below"]


def test_germany_counts_each_site_and_from_300_kw() -> None:
    [watch] = watches(network(Site("m", "M", "o", country="DE"), watts=300e3))
    assert (watch.state, watch.law) == ("over", "EnEfG s.3 no. 24")


def test_what_is_not_declared_is_unknown_unless_the_rest_is_over_already() -> None:
    bare = network(french("a"), french("b"), watts=None)
    [watch] = watches(bare)
    assert (watch.ratio, watch.state, watch.unknown) == (None, "unknown", ("a/c", "b/c"))
    one = replace(bare.containers[0], capacity=Capacity(power_watts=600e3))
    [watch] = watches(replace(bare, containers=(one, bare.containers[1])))
    assert watch.state == "over"


def test_an_announcement_has_no_load_and_what_the_twin_plays_is_stamped() -> None:
    site = replace(french("a"), status=Status.ANNOUNCED)
    assert watches(network(site))[0].watts == 0
    twin = replace(site, simulated=True)
    [watch] = watches(network(twin))
    assert (watch.watts, watch.simulated) == (200e3, True)
    retired = network(french("a"))
    gone = replace(retired.containers[0], lifecycle=Lifecycle.RETIRED)
    assert watches(replace(retired, containers=(gone,)))[0].watts == 0
