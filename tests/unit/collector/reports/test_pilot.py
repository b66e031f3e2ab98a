"""The ledger of a pilot: what each partner hosts for others, and others for it."""

from dataclasses import replace

import pytest

from collector.kpis.facts import Plant, Stored
from collector.reports.pilot import Line, ledger
from tests.build.kpis import facts, network, plant
from vigie.fragments import Scheme
from vigie.network.operators import Tenant
from vigie.network.policies import Partner, Pilot, Placement

KWH = 3.6e6
CODE = Scheme(2, 3)


def place(path: str, repaired: int | None = 0, **stored: int) -> Plant:
    """A storage container that draws 1 kWh an hour."""
    held = tuple(Stored(f"pilot-{name}", CODE, 1, size, repaired) for name, size in stored.items())
    return replace(plant(path, energy={"site": KWH}, role="storage"), stored=held)


PILOT = Pilot(
    "p", "P", ("pilot-a", "pilot-b"),
    (Partner("oa", "a/c", 1e12), Partner("ob", "b/c"), Partner("oc", "c/c", 5e11)),
)  # fmt: skip


def lines(*plants: Plant) -> dict[str, Line]:
    declared = network(
        *plants,
        tenants=(Tenant("ta", "A", home="a"), Tenant("tb", "B", home="b")),
        placements=(Placement("pa", "pilot-a", 2, 3, "ta"), Placement("pb", "pilot-b", 2, 3, "tb")),
    )
    return {line.operator: line for line in ledger(facts(*plants, network=declared), PILOT)}


def test_each_partner_is_told_what_it_gives_and_what_it_gets() -> None:
    found = lines(place("a/c", a=100, b=300), place("b/c", a=100, b=300), place("c/c", a=100))
    assert (found["oa"].offered, found["oa"].used, found["oa"].hosted) == (1e12, 200, 300)
    assert (found["ob"].offered, found["ob"].used, found["ob"].hosted) == (None, 300, 100)
    assert (found["oc"].used, found["oc"].hosted) == (0, 100)
    assert sum(line.balance for line in found.values()) == 0, "what one hosts another uses"


def test_energy_is_spent_for_others_as_far_as_their_bytes_go() -> None:
    found = lines(place("a/c", a=100, b=300), place("b/c", a=100), place("c/c"))
    assert found["oa"].spent == pytest.approx(24 * KWH * 0.75)
    assert found["ob"].spent == pytest.approx(24 * KWH)
    assert found["oc"].spent is None, "nothing is stored there: nobody can say for whom"


def test_repairs_that_a_store_does_not_tell_are_unknown() -> None:
    found = lines(place("a/c", a=1, repaired=3), place("b/c", a=1, repaired=None), place("c/c"))
    assert [found[name].repaired for name in ("oa", "ob", "oc")] == [3, None, None]


def test_a_partner_that_says_nothing_is_there_with_what_is_known() -> None:
    found = lines(place("a/c", b=10))
    assert (found["ob"].used, found["ob"].spent, found["ob"].hosted) == (10, None, 0)
