from typing import Any
from zoneinfo import ZoneInfo

from dashboard.noc import evidence, whatif
from dashboard.noc.chosen import Chosen
from dashboard.noc.shown import Number, Text
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build.played import Api, Direct, container
from vigie.replies import (
    CapacityLeft,
    EvidenceLine,
    Margin,
    Objective,
    Party,
    StoreLeft,
    WhatIf,
)

FLEET = [
    container("cannes/c1", site_name="Cannes"), container("munich/r1", site_name="Munich"),
    *(container(f"campus/h{i}", site_name="Campus", simulated=True, scale=0.01)
      for i in range(12)),
]  # fmt: skip
PARTIES = [
    Party("country:US", "country", "US", 13), Party("country:EU", "country", "EU", 2),
    Party("supplier:nvidia", "supplier", "NVIDIA", 13),
]  # fmt: skip


def view(api: Api, *without: str, language: str = "fr") -> View:
    chosen = Chosen((("without", without),) if without else ())
    return View(Asker(Direct(api), language), 0.0, ZoneInfo("Europe/Paris"), chosen=chosen)


def left(**more: Any) -> WhatIf:
    given: dict[str, Any] = {
        "as_of": "", "network_version": "v", "without": ["country:US"], "layers": [],
        "stores": [StoreLeft("pool", "3-of-5", 1000, 700, 300, [Margin(2, 1000)],
                             [Margin(-2, 100), Margin(-1, 200), Margin(0, 700)],
                             simulated=True)],
        "gone": [f"campus/h{i}" for i in range(12)], "unknown": ["munich/r1"],
        "capacity": [CapacityLeft("gpus", "1", 100.0, 25.0, 2)], "tenants": ["a", "b"],
        "simulated_share": 0.5, "notes": ["c'est un maximum"],
    }  # fmt: skip
    return WhatIf(**given | more)


def test_who_can_vanish_is_named_by_kind_and_who_does_is_ticked() -> None:
    countries, suppliers = whatif.picks(view(Api(parties=PARTIES), "supplier:nvidia"))
    assert [o["label"] for o in countries["options"]] == [
        "États-Unis (13)", "Union européenne (2)",
    ]  # fmt: skip
    assert suppliers["options"] == [
        {"value": "supplier:nvidia", "label": "NVIDIA (13)", "checked": True}
    ]


def test_whoever_the_address_names_stays_ticked_while_the_list_cannot_be_read() -> None:
    (group,) = whatif.picks(view(Api(down={"whatif/parties"}), "country:US"))
    assert group["options"][0]["checked"]


def test_until_somebody_is_ticked_nothing_is_asked() -> None:
    shown = whatif.content(view(Api(down={"whatif"})), FLEET)
    assert shown["tables"]["stores"].empty.startswith("Cochez")


def test_objects_containers_capacity_and_tenants_that_are_lost_are_told() -> None:
    shown = whatif.content(view(Api(left=left()), "country:US"), FLEET)
    numbers: dict[str, Number] = shown["numbers"]
    assert numbers["gone"].text == "12"
    assert "1 peut-être" in numbers["gone"].note
    assert (numbers["lost"].text, numbers["lost"].stamp) == ("300", "SIMULÉ 100 %")
    assert (numbers["gpus"].text, numbers["gpus"].share) == ("25", 0.25)
    assert numbers["gpus"].note == "25 sur 100 · 2 conteneurs sans capacité déclarée"
    assert numbers["tenants"].note == "a, b"
    assert numbers["power_watts"].text == "–"
    assert shown["texts"]["whatif_notes"] == "c'est un maximum"


def test_margins_are_told_before_and_after_and_what_is_unreadable_apart() -> None:
    (row,) = whatif.stores(left().stores, "fr").rows
    assert row[0] == Text("pool", sub="3-of-5", stamp="SIMULÉ")
    assert isinstance(row[-1], Text)
    assert row[-1].text.replace("\u00a0", " ") == "avant : +2 : 1\u202f000"
    assert row[-1].sub.replace("\u00a0", " ") == "après : illisibles : 300 · +0 : 700"


def test_containers_that_are_gone_are_told_by_site_apart_from_those_that_might_be() -> None:
    campus, munich, tenants = whatif.gone(left(), FLEET, "fr").rows
    assert isinstance(campus[0], Text)
    assert campus[0].stamp == "SIMULÉ · échelle 1/100"
    assert campus[2] == Text("12", sub="h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 et 2 autres")
    assert munich[1].text == "peut-être"  # type: ignore[union-attr]
    assert tenants[2] == Text("2", sub="a, b")


def test_who_may_not_see_the_whole_network_is_told_that_objects_are_unknown() -> None:
    shown = whatif.content(view(Api(left=left(stores=None)), "country:US"), FLEET)
    assert shown["numbers"]["lost"].text is None
    assert "réservé" in shown["tables"]["stores"].empty


def test_a_question_that_is_refused_says_why_in_its_own_place() -> None:
    shown = whatif.content(view(Api(down={"whatif"}), "country:US"), FLEET)
    assert shown["tables"]["stores"].error == "whatif is down"
    assert shown["numbers"]["gone"].text is None


def test_evidence_is_told_by_objective_with_its_statement_and_without_any_level() -> None:
    pue = EvidenceLine("indicator", "pue", "PUE", 1.2, "", None, "pue@1", "measured", 0.9, 0.25)
    drill = EvidenceLine("declared", "exit_drill", "exit_drill", None, "", "aucune preuve", "",
                         None, 0.0, 0.0)  # fmt: skip
    objectives = [
        Objective("SOV-1", "Strategic", {"v1": 15.0}, []),
        Objective("SOV-8", "Environmental", {"v1": 5.0, "v2": 7.5}, [pue, drill]),
    ]
    api = Api(objectives=objectives)
    told, statement = evidence.content(view(api))
    assert statement == "élément de preuve, pas une évaluation · Framework v1.2.1"
    assert [len(row) for row in told.rows] == [6, 6, 6]
    assert told.rows[0][1] == Text("Rien n'en parle ici.")
    assert told.rows[1][0] == Text(
        "SOV-8 Environmental", sub="poids 5\u00a0% (v1) · 7,5\u00a0% (v2)"
    )
    value = told.rows[1][2]
    assert isinstance(value, Number)
    assert (value.text, value.stamp) == ("1,20", "SIMULÉ 25 %")
    assert told.rows[2][2].note == "aucune preuve"  # type: ignore[union-attr]
    assert not any("SEAL" in str(row) or "score" in str(row).lower() for row in told.rows)


def test_evidence_that_cannot_be_read_leaves_the_rest() -> None:
    told, statement = evidence.content(view(Api(down={"sovereignty/evidence"})))
    assert (told.error, statement) == ("sovereignty/evidence is down", "")
