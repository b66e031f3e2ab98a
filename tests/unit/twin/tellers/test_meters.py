"""Meters: what each counts of the truth, and what goes wrong with them."""

import numpy as np
import pytest

from twin.faults import Fault, Scenario
from twin.tellers.meters import ERROR, Point, Register, points
from vigie.network.meters import Meter

USUAL = (("main", "site"), ("it", "it"))


def meter(name: str, role: str, parent: str | None = None) -> Meter:
    return Meter(container="a/b", name=name, role=role, parent=parent)


def read(fault: Fault | None = None, *, until: int = 100) -> tuple[Register, list[float]]:
    """A meter of a steady kilowatt, read every 10 s, and what it showed."""
    faults = Scenario(faults=(fault,) if fault else ()).at("a/b")
    faults.begin(0.0)
    register = Register(1, "a/b", "electricity", (Point("it", "it", 1.0),))
    shown = []
    for time in range(10, until + 1, 10):
        register.step({"it": 1_000.0 * time}, faults, time - 10.0, float(time))
        shown.append(float(register.totals()[0]))
    return register, shown


def test_declared_meters_or_the_usual_ones() -> None:
    assert [p.name for p in points((), "electricity", USUAL)] == ["main", "it"]
    declared = (meter("m", "site"), meter("u", "ups", "m"))
    assert points(declared, "electricity", USUAL) == (Point("m", "site", 1), Point("u", "ups", 1))
    assert points(declared, "water", ()) == ()


def test_meters_beside_each_other_share_and_one_behind_its_like_has_its_part() -> None:
    declared = (
        meter("main", "site"), meter("a", "it", "main"), meter("b", "it", "main"),
        meter("a1", "it", "a"), meter("a2", "it", "a"),
    )  # fmt: skip
    told = {p.name: p.part for p in points(declared, "electricity", USUAL)}
    assert told == {"main": 1.0, "a": 0.5, "b": 0.5, "a1": 0.25, "a2": 0.25}


def test_a_meter_counts_within_its_class() -> None:
    _, shown = read()
    steps = np.diff(shown)
    assert steps == pytest.approx(10_000, rel=ERROR)
    assert steps.std() < 1e-3


def test_a_meter_jumps_once_and_goes_back_once() -> None:
    _, jumped = read(Fault(what="meter_jump", at=50.0, value=1e6))
    assert np.argmax(np.diff(jumped)) == 3
    assert (np.diff(jumped) > 5e5).sum() == 1
    _, back = read(Fault(what="meter_back", at=50.0, value=1e6))
    assert (np.diff(back) < 0).tolist().count(True) == 1


def test_a_wrong_meter_counts_more_while_it_is_wrong() -> None:
    register, shown = read(Fault(what="meter_wrong", at=30.0, lasts=30.0, value=2.0))
    assert (np.diff(shown) > 15_000).sum() == 3
    assert register.rates({"it": 1_000.0}) == pytest.approx(1_000, rel=ERROR)


def test_a_silent_meter_is_not_there_and_comes_back() -> None:
    register, _ = read(Fault(what="meter_silent", at=30.0, lasts=30.0), until=40)
    assert register.speaking() == ()
    register, _ = read(Fault(what="meter_silent", at=30.0, lasts=30.0), until=70)
    assert register.speaking() == (0,)


def test_only_the_named_one_is_struck() -> None:
    register, _ = read(Fault(what="meter_silent", at=30.0, name="m*"), until=40)
    assert register.speaking() == (0,)
