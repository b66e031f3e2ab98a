from dataclasses import replace
from pathlib import Path

import pytest

from collector.store.expiry import holds
from collector.store.expiry.holds import Act, Held, Holds
from vigie.database import Database
from vigie.errors import Refused

HELD = Held(("a/1",), 10, 20)
PLACED = Act("placed", 1.0, "p1", "k1")
LIFTED = Act("lifted", 2.0, "p2", "k2", "case closed")


@pytest.fixture
def register(tmp_path: Path) -> Holds:
    return Holds(Database(tmp_path / "state.db", holds.TABLES))


def test_a_hold_tells_who_placed_and_who_lifted_it(register: Holds) -> None:
    placed = register.place("a/1", HELD, "case 12", "counsel", PLACED)
    assert not placed.lifted
    assert register.active() == (HELD,)
    lifted = register.lift(placed.id, LIFTED)
    assert lifted.acts == (PLACED, LIFTED)
    assert lifted.lifted
    assert register.active() == ()
    assert register.all() == [lifted]  # it is never forgotten


def test_the_same_act_twice_makes_one_hold(register: Holds) -> None:
    first = register.place("a/1", HELD, "case 12", "counsel", PLACED)
    again = register.place("a/1", HELD, "case 12", "counsel", replace(PLACED, time=9.0))
    assert again == first
    assert register.all() == [first]
    other = register.place("a/1", HELD, "case 12", "counsel", replace(PLACED, person="p3"))
    assert other.id != first.id  # another's key


def test_a_key_used_for_another_hold_is_refused(register: Holds) -> None:
    register.place("a/1", HELD, "case 12", "counsel", PLACED)
    with pytest.raises(Refused, match="idempotency key"):
        register.place("b", HELD, "case 13", "counsel", PLACED)


def test_lifting_twice_keeps_the_first_act(register: Holds) -> None:
    name = register.place("a/1", HELD, "case 12", "counsel", PLACED).id
    register.lift(name, LIFTED)
    assert register.lift(name, replace(LIFTED, person="p9", key="k9")).acts == (PLACED, LIFTED)


def test_a_hold_needs_a_reason_an_owner_a_path_and_a_span(register: Holds) -> None:
    for held, reason, owner in (
        (HELD, " ", "counsel"),
        (HELD, "case 12", ""),
        (HELD, "x" * 1_001, "counsel"),
        (Held((), 10, 20), "case 12", "counsel"),
        (Held(("a",), 20, 20), "case 12", "counsel"),
    ):
        with pytest.raises(Refused):
            register.place("a", held, reason, owner, PLACED)
    assert register.all() == []


def test_there_is_no_hold_that_was_not_placed(register: Holds) -> None:
    with pytest.raises(Refused, match="hold-1"):
        register.lift("hold-1", LIFTED)
