"""Who holds what, read of the inventories."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from collector.duties.holdings import Holdings
from tests.build.fragments import CODE, Host, record
from tests.build.receiving import Centre
from tests.build.sovereign import network
from vigie.fragments import Scheme

SIZES = pa.table(
    {
        "store": ["pool", "pool", "other"], "scheme": ["3-of-5", "3-of-5", "odd"],
        "fragments_count": [3, 1, 1], "size_bytes": [50, 30, 1],
    }
)  # fmt: skip


class Live:
    """The newest readings."""

    def table(self, measurement: str) -> pa.Table:
        assert measurement == "fragments"
        return SIZES


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.kept.close()


def tell(centre: Centre, site: str, *indexes: int, store: str = "pool") -> None:
    host = Host(f"{site}/box", store=store)
    host.change(record(1, index) for index in indexes)
    host.tell(centre.post)


def holdings(centre: Centre, *twins: str) -> Holdings:
    return Holdings(centre.kept, centre.margins, Live(), lambda: twins)


def test_containers_of_equal_law_are_one_class(centre: Centre) -> None:
    tell(centre, "fr", 0, 1)
    tell(centre, "paris", 2)
    tell(centre, "us", 3)
    told = holdings(centre, "us")(network())
    assert told is not None
    (held,) = told
    assert held.classes == (("fr/box", "paris/box"), ("us/box",))
    assert held.holds.tolist() == [[3, 1]]
    assert (held.scheme, held.mean_bytes, held.simulated) == (CODE, 20.0, 0.25)


def test_with_parties_each_operator_is_a_class(centre: Centre) -> None:
    tell(centre, "fr", 0)
    tell(centre, "paris", 1)
    told = holdings(centre)(network(), parties=True)
    assert told is not None
    assert told[0].classes == (("fr/box",), ("paris/box",))


def test_a_scope_has_the_stores_that_lie_in_it_wherever_else_they_lie(centre: Centre) -> None:
    tell(centre, "fr", 0)
    tell(centre, "us", 1)
    tell(centre, "us", 0, store="other")
    ask = holdings(centre)
    assert [held.store for held in ask(network(), ["fr"]) or ()] == ["pool"]
    assert [held.store for held in ask(network(), ["us/box"]) or ()] == ["other", "pool"]
    assert ask(network(), ["ch"]) == ()


def test_while_something_is_missing_nothing_is_told(centre: Centre) -> None:
    host = Host("fr/box")
    host.change([record(1, 0)])
    centre.post(host.delta())
    assert holdings(centre)(network()) is None


def test_an_answer_is_kept_until_something_is_told_anew(centre: Centre) -> None:
    tell(centre, "fr", 0)
    ask, net = holdings(centre), network()
    first = ask(net)
    assert ask(net) is first
    tell(centre, "us", 1)
    second = ask(net)
    assert second is not first
    assert Scheme.spelled("3-of-5") == CODE
    assert Scheme.spelled("odd") is None
