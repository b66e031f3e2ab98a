import pytest

from vigie.network.operators import Status
from vigie.network.places import Lifecycle, inside


@pytest.mark.parametrize(
    ("path", "scope", "held"),
    [
        ("a/b", "", True),
        ("a/b", "a", True),
        ("a/b", "a/b", True),
        ("a/b/h", "a/b", True),
        ("a", "a/b", False),
        ("ab/c", "a", False),
        ("a/bc", "a/b", False),
    ],
)
def test_a_scope_ends_where_a_component_ends(path: str, scope: str, held: bool) -> None:
    assert inside(path, scope) is held


def test_every_word_has_a_french_and_an_english_label() -> None:
    for word in (*Status, *Lifecycle):
        assert word.label("fr")
        assert word.label("en")
    assert Lifecycle.IN_SERVICE.label("fr") == "en service"
    assert Lifecycle.IN_SERVICE.label("en") == "in service"
