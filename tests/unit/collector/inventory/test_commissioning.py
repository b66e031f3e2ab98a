from dataclasses import replace

import pytest

from collector.inventory.balance import Counted
from collector.inventory.commissioning import (
    TESTED_SECONDS,
    Found,
    Item,
    Point,
    Reader,
    Told,
    checklist,
)
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Contact, Container, Lifecycle, Site

NOW = 1_790_000_000.0
SITE = Site("s", "Site", "city", contacts=(Contact("operations", "Ada", "tel:+33"),))
BOX = Container(
    "c", "Box", "s", Lifecycle.COMMISSIONING, sources=("agent", "gpu_nvml"), hosts=2
)  # fmt: skip
METERS = (
    Meter("s/c", "grid", "site", accuracy="B"),
    Meter("s/c", "ups-a", "ups", parent="grid", accuracy="B"),
    Meter("s/c", "tap", "withdrawn", medium="water"),
)
NETWORK = Network("n", (Operator("city", "City"),), (SITE,), (BOX,), meters=METERS)
READY = Found(
    readers=[
        Reader(host, source, "ok", 1.0) for host in ("h1", "h2") for source in ("agent", "gpu_nvml")
    ],
    points=[
        Point("electricity", "grid", "site", fresh=True),
        Point("electricity", "ups-a", "ups", fresh=True),
        Point("water", "tap", "withdrawn", fresh=True),
    ],
    counted=[Counted("grid", "site", 36e6, 1.0), Counted("ups-a", "ups", 30e6, 1.0)],
    told=[Told("desk", NOW - 86_400)],
)


def items(
    found: Found = READY, network: Network = NETWORK, container: Container = BOX
) -> dict[str, Item]:
    return {item.name: item for item in checklist(network, container, found, NOW)}


def test_when_all_is_well_every_item_is_done_and_says_why_in_both_languages() -> None:
    found = items()
    assert {name: item.state for name, item in found.items()} == dict.fromkeys(
        ("sources", "meters", "balance", "contacts", "receiver"), "done"
    )
    assert found["balance"].why.en == "grid 10 kWh, behind it 8.333 kWh"
    assert found["balance"].why.fr == "grid 10 kWh, derrière 8.333 kWh"
    assert found["receiver"].why.en == "desk took a message on 2026-09-20"


@pytest.mark.parametrize(
    ("readers", "why"),
    [
        ([], "no agent has sent anything yet: enrol one (vigie enroll agent)"),
        (READY.readers[:2], "1 of 2 hosts"),
        ([r for r in READY.readers if r.source == "agent"], "gpu_nvml: no host tells of it"),
        (
            [*READY.readers[:3], replace(READY.readers[3], status="stuck")],
            "gpu_nvml (h2): stuck",
        ),
        ([*READY.readers[:3], replace(READY.readers[3], age=90.0)],
         "gpu_nvml (h2): nothing for 90 s"),
        (
            [r if r.source == "agent" else replace(r, status="absent") for r in READY.readers],
            "gpu_nvml: read on no host",
        ),
    ],
)  # fmt: skip
def test_a_named_source_that_is_not_up(readers: list[Reader], why: str) -> None:
    item = items(replace(READY, readers=readers))["sources"]
    assert (item.state, item.why.en) == ("not_done", why)


def test_a_named_source_need_not_be_on_every_host() -> None:
    readers = [*READY.readers[:3], replace(READY.readers[3], status="absent")]
    assert items(replace(READY, readers=readers))["sources"].state == "done"


def test_where_none_is_named_what_reports_must_not_fail() -> None:
    unnamed = replace(BOX, sources=(), hosts=None)
    absent = [*READY.readers[:3], replace(READY.readers[3], status="absent")]
    assert items(replace(READY, readers=absent), container=unnamed)["sources"].state == "done"
    failed = [*absent, Reader("h1", "pool", "failed", 1.0)]
    found = items(replace(READY, readers=failed), container=unnamed)["sources"]
    assert (found.state, found.why.en) == ("not_done", "pool (h1): failed")


def test_only_the_share_that_the_twin_plays_is_expected_to_report() -> None:
    large = replace(BOX, hosts=200, scale=0.01, simulated=True)
    assert items(container=large)["sources"].state == "done"


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([], ("no meter of role site is read; no meter ups, pdu or it is read; "
             "grid: never seen; ups-a: never seen; tap: never seen")),
        ([replace(READY.points[0], role="pdu"), *READY.points[1:]],
         "no meter of role site is read; grid: read as pdu, declared site"),
        ([READY.points[0], replace(READY.points[1], fresh=False), READY.points[2]],
         "no meter ups, pdu or it is read; ups-a: is read no more"),
        ([*READY.points[:2], replace(READY.points[2], medium="heat")], "tap: never seen"),
    ],
)  # fmt: skip
def test_meters_that_are_not_read_as_declared(points: list[Point], why: str) -> None:
    item = items(replace(READY, points=points))["meters"]
    assert (item.state, item.why.en) == ("not_done", why)


def test_an_undeclared_tree_still_needs_the_site_and_the_machines() -> None:
    bare = replace(NETWORK, meters=())
    assert items(network=bare)["meters"].why.en == (
        "roles read: site, ups; the network declares no meter"
    )


def test_a_balance_that_does_not_close_says_by_how_much() -> None:
    counted = [READY.counted[0], Counted("ups-a", "ups", 39.6e6, 1.0)]
    item = items(replace(READY, counted=counted))["balance"]
    assert item.state == "not_done"
    assert item.why.en == "ups-a: 1 kWh more than grid before (10.0%; 2.1% allowed)"


def test_a_balance_that_is_not_known_says_what_lacks() -> None:
    counted = [READY.counted[0], Counted("ups-a", "ups", 30e6, 0.4)]
    item = items(replace(READY, counted=counted))["balance"]
    assert (item.state, item.why.en) == (
        "unknown", "the last hour is not known in whole: ups-a",
    )  # fmt: skip
    nothing = items(replace(READY, counted=[]), network=replace(NETWORK, meters=()))["balance"]
    assert nothing.state == "unknown"


def test_a_site_without_contacts() -> None:
    item = items(network=replace(NETWORK, sites=(replace(SITE, contacts=()),)))["contacts"]
    assert (item.state, item.why.en) == (
        "not_done", "site s declares none: add [[sites.contacts]]",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "state", "word"),
    [
        ([], "not_done", "no receiver hears of this container"),
        ([Told("desk", None)], "not_done", 'where = { container = ["s/c"] }'),
        ([Told("desk", NOW - TESTED_SECONDS - 1)], "not_done", "no message taken for 30 days"),
        ([Told("old", None), Told("desk", NOW - 60)], "done", "desk took a message"),
    ],
)
def test_a_receiver_is_tested_once_it_took_a_message_within_thirty_days(
    told: list[Told], state: str, word: str
) -> None:
    item = items(replace(READY, told=told))["receiver"]
    assert item.state == state
    assert word in item.why.en
