from dataclasses import fields
from datetime import date

from tests.house import ROOT
from vigie.network import content
from vigie.network.load import load, reference
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator, Share, Status
from vigie.network.places import Capacity, Container, Cooling, Equipment, Lifecycle, Permit, Site

EXAMPLE = ROOT / "docs/examples/network.toml"


def full() -> Network:
    """Something of every shape: nested, dated, enumerated, absent and empty."""
    site = Site(
        "lyon", "Lyon", "city", country="FR", latitude=45.7, longitude=4.8,
        status=Status.ANNOUNCED, status_since=date(2026, 2, 1), assumed=("latitude",),
        cooling=(Cooling("river", 0.75, supply_celsius=18.0),),
        permits=(Permit("rhone", "DREAL", "Rhône", warming_celsius=3.0, ends=date(2030, 1, 1)),),
    )  # fmt: skip
    container = Container(
        "one", "One", "lyon", Lifecycle.COMMISSIONING, capacity=Capacity(1.5e6, 104, 2 * 10**15),
        equipment=(Equipment("h100", 104),), management=(), technology=None, scale=0.01,
    )  # fmt: skip
    owner = Operator("fund", "Fund", owners=(Share("city", 0.5, control=True),))
    return Network(
        "full", (Operator("city", "City", seat="FR", kind="public"),), (site,), (container,),
        owners=(owner,), meters=(Meter("lyon/one", "grid", "site", accuracy="0.5S"),),
    )  # fmt: skip


def test_a_network_comes_back_as_it_was() -> None:
    for network in (full(), Network.of_this_host("vm"), load(EXAMPLE), reference()):
        assert content.read(content.written(network)) == network
        assert content.read(content.written(network)).version == network.version


def test_another_releases_text_is_read_as_far_as_both_know() -> None:
    text = content.written(full()).replace('"evidence": []', '"prophecies": [{"of": "doom"}]')
    assert "prophecies" in text
    assert content.read(text) == full()


def test_what_is_unknown_and_what_is_empty_stay_apart() -> None:
    (container,) = content.read(content.written(full())).containers
    assert (container.management, container.technology) == ((), None)
    assert {f.name for f in fields(container)} >= {"management", "technology"}
