from zoneinfo import ZoneInfo

from dashboard.format import seconds_of
from dashboard.noc import provenance
from dashboard.noc.chosen import Chosen
from dashboard.noc.shown import Number, Rows, Text
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build.played import Api, Direct, kpi
from vigie.replies import Term

NOW = seconds_of("2026-11-22T09:47:00Z")
TERMS = [
    Term("input", "energy of cannes/c1", 8.64e9, "J", "cannes/c1/main", 1.0, "measured"),
    Term("sum", "E_IT", 7.2e9, "J", "", 0.9, "derived"),
    Term("result", "pue", 1.2, ""),
    Term("factor", "grid FR", None, "g/J"),
]


def tables(api: Api, **chosen: str) -> dict[str, Rows]:
    picked = Chosen(tuple((name, (value,)) for name, value in chosen.items()))
    zone = ZoneInfo("Europe/Paris")
    return provenance.content(View(Asker(Direct(api), "fr"), NOW, zone, chosen=picked))


def api(**more: object) -> Api:
    return Api(now=lambda: NOW, kpis=[kpi("pue", 1.2, **more)])


def test_until_an_indicator_is_chosen_it_says_how() -> None:
    found = tables(api())
    assert found["facts"].empty.startswith("Choisissez un indicateur")
    assert not found["terms"].rows


def test_every_term_is_told_with_its_step_source_coverage_and_quality() -> None:
    rows = tables(api(terms=TERMS), explain="pue")["terms"].rows
    step, name, value, coverage, quality = rows[-1]
    assert step == Text("entrée")
    assert name == Text("energy of cannes/c1", sub="cannes/c1/main")
    assert isinstance(value, Number)
    assert (value.text, value.unit, value.source) == ("2,40", "MWh", "8640000000.0 J")
    assert (coverage, quality) == (Text("100\u00a0%"), Text("mesuré"))


def test_what_a_value_was_computed_from_last_stands_before_all_that_led_to_it() -> None:
    rows = tables(api(terms=TERMS), explain="pue")["terms"].rows
    assert [row[0].text for row in rows] == [  # type: ignore[union-attr]
        "somme", "résultat", "facteur", "entrée",
    ]  # fmt: skip
    assert rows[1][2].text == "1,20"  # type: ignore[union-attr]
    assert rows[2][2].text is None  # type: ignore[union-attr]


def test_a_step_that_this_dashboard_does_not_know_is_said_as_it_stands() -> None:
    odd = Term("guess", "x", 1.0, "furlong")
    row = tables(api(terms=[odd]), explain="pue")["terms"].rows[0]
    assert row[0] == Text("guess")
    assert row[2].unit == "furlong"  # type: ignore[union-attr]


def test_boundary_period_method_parts_and_inputs_are_told() -> None:
    told = api(parts={"a": 0.5}, inputs={"legal_time": "Europe/Paris"}, vintage="open")
    found = tables(told, explain="pue")
    facts = {row[0].text: row[1].text for row in found["facts"].rows}  # type: ignore[union-attr]
    assert facts["Ce qui est compté"] == "site over IT, of the category named"
    assert facts["Méthode"] == "pue@1"
    assert facts["Période"] == "Du 21 nov. 00:00 au 00:00:00 · en cours"
    assert facts["Part : a"] == "0,50"
    assert found["inputs"].rows == [[Text("temps légal"), Text("Europe/Paris")]]


def test_a_long_list_of_doubts_is_cut_and_counted() -> None:
    said = provenance.few("; ".join(f"meter {i}" for i in range(20)), "fr")
    assert said.startswith("meter 0; meter 1")
    assert said.endswith("; et 14 autres")


def test_what_cannot_be_read_or_is_no_indicator_says_so() -> None:
    away = api()
    away.down = {"kpis"}
    assert tables(away, explain="pue")["facts"].error == "kpis is down"
    assert tables(api(), explain="<script>")["facts"].error == "non calculé"
