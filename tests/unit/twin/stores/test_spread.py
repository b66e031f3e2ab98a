"""Where the fragments of stores lie, and how much of the place that there is they fill."""

from collections import Counter

import numpy as np
import pytest

from twin.stores.spread import FILLED, NOWHERE, spreads
from vigie.network.load import reference

NETWORK = reference()


def test_the_stores_of_a_container_hold_together_what_it_has_and_no_more() -> None:
    held: Counter[str] = Counter()
    for spread in spreads(NETWORK, seed=1, full=False, key=b"k" * 32):
        places = spread.places[spread.places != NOWHERE]
        for at, fragments in enumerate(np.bincount(places, minlength=len(spread.containers))):
            held[spread.containers[at].path] += int(fragments) * spread.fragment_bytes
    assert held
    for path, size in held.items():
        container = NETWORK.container(path)
        assert container is not None
        assert size <= (container.capacity.storage_bytes or 0) * container.scale


def test_a_partner_of_a_pilot_is_filled_as_far_as_it_offers() -> None:
    [pilot] = NETWORK.pilots
    mine = [s for s in spreads(NETWORK, seed=1, full=False, key=b"k" * 32)
            if s.placement.store in pilot.stores]  # fmt: skip
    total = sum(s.fragment_bytes * s.objects * s.placement.n for s in mine)
    offered = sum(partner.offers_bytes or 0 for partner in pilot.partners)
    assert total == pytest.approx(offered * FILLED, rel=1e-6)
