"""Nobody owns itself in the end, and nobody is owned more than whole."""

from tests.build.network import accepted, added


def owner(name: str, **shares: float) -> str:
    rows = ", ".join(f'{{ owner = "{of}", ratio = {ratio} }}' for of, ratio in shares.items())
    return f'[[owners]]\nid = "{name}"\nname = "X"\nowners = [{rows}]\n'


def test_a_circle_of_owners_is_told_once_with_its_way() -> None:
    (line,) = added(owner("a", b=0.5) + owner("b", c=0.5) + owner("c", a=0.5))
    told = "owners in a circle: a → b → c → a; leave one of them out"
    assert line == f"net.toml:17: owners[1].owners: {told}"


def test_who_is_owned_by_a_circle_is_not_in_it() -> None:
    (line,) = added(owner("z", a=1) + owner("a", b=1) + owner("b", a=1))
    assert "owners[2].owners: owners in a circle: a → b → a;" in line


def test_nobody_owns_itself() -> None:
    (line,) = added(owner("a", a=0.1))
    assert "owners in a circle: a → a;" in line


def test_one_owner_reached_two_ways_is_no_circle() -> None:
    top = '[[owners]]\nid = "top"\nname = "X"\n'
    accepted(top + owner("l", top=1) + owner("r", top=1) + owner("x", l=0.5, r=0.5))


def test_shares_of_more_than_all_are_told() -> None:
    (line,) = added(owner("a") + owner("b") + owner("c", a=0.7, b=0.5))
    told = "the shares add up to 120 %; a whole has 100 %"
    assert line == f"net.toml:25: owners[3].owners: {told}"


def test_thirds_that_round_to_a_whole_are_fine() -> None:
    accepted("".join(map(owner, "abc")) + owner("d", a=0.1, b=0.2, c=0.7000000000000001))
