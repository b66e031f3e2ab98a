import pytest

from collector.kpis.scope import paths
from vigie.errors import QueryError
from vigie.network.load import Network
from vigie.network.policies import Perimeter

NETWORK = Network(
    "n", (), (), (), perimeters=(Perimeter("south", "South", "us", ("cannes", "mougins")),)
)


@pytest.mark.parametrize(
    ("scope", "within", "seen"),
    [
        ("", "", ("",)),
        ("cannes/c1", "", ("cannes/c1",)),
        ("", "cannes", ("cannes",)),
        ("cannes/c1", "cannes", ("cannes/c1",)),
        ("cannes", "cannes/c1", ("cannes/c1",)),
        ("munich", "cannes", ()),
        ("perimeter:south", "", ("cannes", "mougins")),
        ("perimeter:south", "cannes/c1", ("cannes/c1",)),
        ("perimeter:south", "munich", ()),
    ],
)
def test_a_scope_is_what_of_it_the_asker_may_see(
    scope: str, within: str, seen: tuple[str, ...]
) -> None:
    assert paths(NETWORK, scope, within) == seen


def test_a_perimeter_that_nobody_declared_is_refused_with_those_there_are() -> None:
    with pytest.raises(QueryError, match="no perimeter 'north'; there are: south"):
        paths(NETWORK, "perimeter:north")
