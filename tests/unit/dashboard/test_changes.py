from dashboard.changes import Changes


def test_a_change_is_known_to_those_who_may_see_it_only() -> None:
    changes = Changes(lambda: 7.0)
    changes.note(("north", ("reader",)))
    assert changes.at(("north", ("reader",))) == 7.0
    assert changes.at(("south", ("reader",))) == float("-inf")
