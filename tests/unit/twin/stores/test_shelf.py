"""Fragments: spread by their policy, damaged and repaired as time goes."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.build.playing import WINTER, cells, grown
from twin.faults import Fault, Faults, Scenario
from twin.stores.shelf import Shelf
from twin.stores.spread import NOWHERE, OBJECTS, Spread, spreads
from twin.world import players
from vigie.catalogue import Fragments
from vigie.fragments import Status, object_id
from vigie.network.load import reference

KEY = bytes(range(32))


@cache
def stores() -> dict[str, Spread]:
    return {s.placement.store: s for s in spreads(reference(), seed=1, full=False, key=KEY)}


def shelf(spread: Spread, path: str, *faults: Fault) -> Shelf:
    struck: Faults = Scenario(faults=faults).at(path)
    struck.begin(float(WINTER))
    return Shelf(spread, path, ["n0001", "n0002"], struck)


def test_every_store_of_the_reference_network_keeps_to_its_policy() -> None:
    assert stores()
    for name, spread in stores().items():
        placement, places = spread.placement, spread.places
        assert len(spread.containers) > 0, name
        domains = np.array([*spread.domains, -1])[places]
        for domain in set(spread.domains):
            assert (domains == domain).sum(axis=1).max() <= placement.most, name
        room = len(set(spread.domains)) * placement.most
        assert (places != NOWHERE).sum(axis=1).min() == min(placement.n, room), name


def test_all_containers_together_hold_each_fragment_once() -> None:
    spread = next(s for s in stores().values() if len(s.containers) > 3)
    held = [shelf(spread, c.path).numbers for c in spread.containers]
    everything = np.concatenate(held)
    assert len(set(everything.tolist())) == len(everything)
    assert len(everything) == (spread.places != NOWHERE).sum()
    counts = [len(h) for h in held]
    assert min(counts) > 0.5 * max(counts)


def test_objects_are_named_as_agents_name_them() -> None:
    spread = next(iter(stores().values()))
    assert spread.names[7].tobytes() == object_id(KEY, spread.placement.store, "object-7")
    assert len(spread.names) == OBJECTS


def test_a_few_are_damaged_at_any_time_and_repaired_within_hours() -> None:
    spread = next(s for s in stores().values() if len(s.containers) > 3)
    one = shelf(spread, spread.containers[0].path)
    status = np.array([one.status(WINTER + h * 3_600.0) for h in range(24 * 60)])
    damaged = status != Status.OK
    assert 0 < damaged.mean() < 1e-3
    assert damaged.sum(axis=0).max() <= 12  # hours
    assert not damaged[0].any() or not (damaged[0] & damaged[-1]).any()


def test_rot_grows_and_is_gone_when_it_ends() -> None:
    spread = next(iter(stores().values()))
    path = spread.containers[0].path
    rot = Fault(what="fragments_rot", at=60.0, lasts=3_600.0, value=0.2)
    one = shelf(spread, path, rot)
    shares = [
        float((one.status(WINTER + 60.0 + m * 60.0) == Status.CORRUPT).mean())
        for m in (0, 15, 30, 59, 61)
    ]
    assert shares[0] < shares[1] < shares[2] < shares[3]
    assert shares[3] == pytest.approx(0.2, abs=0.03)
    assert shares[4] < 0.01


def test_another_store_is_not_struck() -> None:
    spread = next(iter(stores().values()))
    rot = Fault(what="fragments_lost", at=0.0, name="another", value=1.0)
    one = shelf(spread, spread.containers[0].path, rot)
    assert (one.status(WINTER + 100.0) == Status.OK).mean() > 0.99


def test_a_scrub_reads_each_once_a_month() -> None:
    spread = next(iter(stores().values()))
    one = shelf(spread, spread.containers[0].path)
    ages = WINTER - one.verified(float(WINTER))
    assert ages.min() >= 0
    assert ages.max() <= 30 * 86_400 + 1
    assert ages.mean() == pytest.approx(15 * 86_400, rel=0.1)


def test_rows_count_what_is_held_and_what_was_repaired(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nwhat = "fragments_lost"\nat = "5m"\nlasts = "20m"\nvalue = 0.5\n')
    one = players(reference(), scopes=["sdv"], scenario=str(file))[0]
    turns = [one.step((WINTER + n * 60) * 10**9, 60) for n in range(60)]
    missing = [cells(t, Fragments.missing_count).sum() for t in turns]
    held = cells(turns[0], Fragments.fragments_count).sum()
    assert missing[15] == pytest.approx(0.5 * held, rel=0.1)
    assert missing[-1] < 0.01 * held
    repaired = grown(turns, Fragments, Fragments.host, Fragments.repaired_total)
    assert sum(repaired.values()) > 0
    assert any(h.code == "fragments_damaged" for t in turns for h in t.happenings)
    counted = sum(int((h.status == Status.MISSING).sum()) for h in one.holdings())
    assert counted == missing[-1]
