"""What-if and evidence over HTTP, of real inventories; who may see which."""

from collections.abc import Iterator

import pytest

from tests.build.fragments import Host, record
from tests.build.served import Served
from vigie.client import build
from vigie.errors import Refused
from vigie.fragments import CONTENT_TYPE
from vigie.replies import FragmentsHeld, Kpis, Parties, SovereigntyEvidence, WhatIf

NETWORK = """
name = "n"
[[operators]]
id = "town"
name = "Town"
seat = "FR"
kind = "public"
reach = []
[[operators]]
id = "cloud"
name = "Cloud"
seat = "US"
kind = "public"
reach = []
[[sites]]
id = "fr"
name = "France"
operator = "town"
country = "FR"
[[sites]]
id = "us"
name = "America"
operator = "cloud"
country = "US"
[[containers]]
id = "c"
name = "c"
site = "fr"
management = []
technology = []
capacity = { gpus = 8 }
[[containers]]
id = "c"
name = "c"
site = "us"
management = []
technology = []
[[placements]]
id = "p"
store = "pool"
k = 3
n = 5
within = ["FR"]
home = "FR"
keys = ["FR"]
catalogue = ["FR"]
"""

SPARE = """
[[containers]]
id = "spare{}"
name = "Of no fragments, so that the placement can be kept."
site = "fr"
management = []
technology = []
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("sovereignty")
    file = directory / "network.toml"
    file.write_text(NETWORK + "".join(map(SPARE.format, range(1, 7))))
    with Served(directory / "data", network=file) as collector:
        tell(collector, "fr/c", [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 0)])
        tell(collector, "us/c", [(2, 1), (2, 2), (2, 3), (2, 4)])
        yield collector


def tell(served: Served, container: str, fragments: list[tuple[int, int]]) -> None:
    token = served.enrol("agent", container, container).token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE}

    def post(body: bytes) -> FragmentsHeld:
        import json

        status, _, text = served.ask("POST", "/api/v1/fragments", headers, body)
        assert status == 200, text
        told: FragmentsHeld = build(FragmentsHeld, json.loads(text))
        return told

    host = Host(container)
    host.change(record(number, index) for number, index in fragments)
    host.tell(post)


def test_what_is_left_without_a_country(served: Served) -> None:
    said = served.client().get(WhatIf, "whatif", without="country:US", language="en")
    assert (said.gone, said.unknown) == (["us/c"], [])
    assert said.stores is not None
    (store,) = said.stores
    assert (store.objects, store.readable, store.lost) == (2, 1, 1)
    assert [(m.margin, m.objects) for m in store.after] == [(-2, 1), (2, 1)]
    assert {c.name: (c.before, c.after) for c in said.capacity}["gpus"] == (8, 8)
    both = served.client().get(WhatIf, "whatif", without=["operator:town", "country:US"])
    assert both.gone == ["fr/c", *(f"fr/spare{n}" for n in range(1, 7)), "us/c"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({}, "without: 1 to 20"),
        ({"without": "operator:nobody"}, "no such operator; declared are: cloud, town"),
        ({"without": "country:us"}, "a country code like US"),
        ({"without": "country:US", "layers": "magic"}, "layers: "),
    ],
)
def test_a_question_without_sense_is_refused_with_what_to_do(
    served: Served, query: dict[str, str], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        served.client().get(WhatIf, "whatif", **query)


def test_everybody_who_reaches_a_container_can_be_thought_away(served: Served) -> None:
    said = served.client().get(Parties, "whatif/parties")
    found = [(party.id, party.name, party.containers) for party in said.parties]
    assert found == [
        ("country:EU", "EU", 7), ("country:FR", "FR", 7), ("country:US", "US", 1),
        ("operator:town", "Town", 7), ("operator:cloud", "Cloud", 1),
    ]  # fmt: skip
    for party in said.parties:
        served.client().get(WhatIf, "whatif", without=party.id)
    person = served.holder(served.enrol("person", "Bob", "us", roles=["reader"]).token)
    mine = person.get(Parties, "whatif/parties").parties
    assert [party.id for party in mine] == ["country:US", "operator:cloud"]


def test_objects_are_for_those_who_see_the_whole_network(served: Served) -> None:
    person = served.holder(served.enrol("person", "Ada", "fr", roles=["reader"]).token)
    said = person.get(WhatIf, "whatif", without="country:US", language="en")
    assert said.stores is None
    assert (said.gone, said.capacity, said.tenants) == ([], [], [])
    assert "not to be seen" in said.notes[0]
    found = person.get(Kpis, "kpis", indicator="s4_can_read", language="en")
    assert found.kpis[0].value is None
    assert "not to be seen" in (found.kpis[0].reason or "")


def test_indicators_are_of_the_real_inventories(served: Served) -> None:
    names = ["s2_residency_objects", "s4_can_read", "s5_can_block", "s11_margin_without"]
    found = served.client().get(Kpis, "kpis", indicator=names)
    values = {kpi.indicator: kpi.value for kpi in found.kpis}
    assert values == dict(zip(names, [0.5, 0.5, 0.5, -2.0], strict=True))


def test_evidence_has_every_objective_and_no_level(served: Served) -> None:
    said = served.client().get(SovereigntyEvidence, "sovereignty/evidence", language="en")
    assert [one.id for one in said.objectives] == [f"SOV-{n}" for n in range(1, 9)]
    assert said.statement == "evidence, not an assessment"
    lines = {line.name: line for one in said.objectives for line in one.lines}
    assert lines["s4_can_read"].value == 0.5
    assert lines["home_sessions"].reason == "no evidence declared: home_sessions"
    status, _, text = served.ask(
        "GET", "/api/v1/sovereignty/evidence", {"Authorization": f"Bearer {served.token()}"}
    )
    assert status == 200
    assert b"SEAL" not in text
    assert b"score" not in text.lower()
