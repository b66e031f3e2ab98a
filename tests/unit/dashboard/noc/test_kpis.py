from zoneinfo import ZoneInfo

import pytest

from dashboard.format import seconds_of
from dashboard.noc import kpis
from dashboard.noc.chosen import Chosen
from dashboard.noc.shown import Cell, Number, Rows, Text
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build.played import Api, Direct, kpi
from vigie.indicators import FAMILIES, indicator
from vigie.replies import Kpi

NOW = seconds_of("2026-11-22T09:47:00Z")
PARIS = ZoneInfo("Europe/Paris")
KWH = 3.6e6
COSTS = next(family for family in FAMILIES if family.name == "cost")


def view(language: str = "fr", **chosen: str) -> View:
    picked = Chosen(tuple((name, (value,)) for name, value in chosen.items()))
    return View(Asker(Direct(Api(now=lambda: NOW)), language), NOW, PARIS, chosen=picked)


def cells(name: str, *known: Kpi, language: str = "fr", **chosen: str) -> dict[str, Cell]:
    """The row of an indicator, by column."""
    one = indicator(name)
    assert one is not None
    told = {each.indicator: each for each in known}
    rows = kpis.rows([one], told, lambda n: f"/e?explain={n}", view(language, **chosen))
    return dict(zip(kpis.COLUMNS, rows.rows[0], strict=True))


def text(cell: Cell) -> str:
    assert isinstance(cell, Text)
    return cell.text


def number(cell: Cell) -> Number:
    assert isinstance(cell, Number)
    return cell


@pytest.mark.parametrize(
    ("name", "value", "fr", "en"),
    [
        ("energy_site", 12.34e6 * 3600, "12,3 MWh", "12.3 MWh"),
        ("pue", 1.234, "1,23 ", "1.23 "),
        ("ref", 0.4567, "45,7 %", "45.7 %"),
        ("cue", 50 / KWH, "50,0 gCO₂e/kWh", "50.0 gCO₂e/kWh"),
        ("wue", 0.0018 / KWH, "1,80 L/kWh", "1.80 L/kWh"),
        ("carbon_gpu_hour", 171 / 3600, "171 gCO₂e/h", "171 gCO₂e/h"),
        ("gpu_hours_served", 1234 * 3600, "1\u202f234 h·GPU", "1,234 h·GPU"),
        ("carbon_location", 25.7e6, "25,7 tCO₂e", "25.7 tCO₂e"),
    ],
)
def test_values_are_said_in_the_units_of_people(name: str, value: float, fr: str, en: str) -> None:
    for language, said in (("fr", fr), ("en", en)):
        shown = number(cells(name, kpi(name, value), language=language)["value"])
        assert f"{shown.text} {shown.unit}" == said


def test_an_unknown_value_says_why_and_is_no_zero() -> None:
    shown = number(cells("pue", kpi("pue"))["value"])
    assert (shown.text, shown.note) == (None, "aucun compteur")
    assert number(cells("pue")["value"]).note == "non calculé"


def test_the_share_that_the_twin_plays_is_said_of_every_value_unknown_ones_too() -> None:
    half = cells("pue", kpi("pue", 1.2, simulated_share=0.5))["value"]
    assert number(half).stamp == "SIMULÉ 50 %"
    assert number(cells("pue", kpi("pue", simulated_share=1.0))["value"]).stamp == "SIMULÉ 100 %"
    assert number(cells("pue", kpi("pue", 1.2))["value"]).stamp == ""


def test_beside_a_ratio_stands_how_its_absolute_went() -> None:
    site = kpi("energy_site", 11 * KWH, previous=10 * KWH)
    shown = cells("pue", kpi("pue", 1.2, previous=1.5), site)["trend"]
    assert text(shown) == "↘ −20,0\u00a0%"
    assert isinstance(shown, Text)
    assert shown.sub.replace("\u00a0", " ") == (
        "avant : 1,50 · Énergie du site : 11,0 kWh (↗ +10,0 %)"
    )


def test_a_ratio_goes_by_points_and_what_is_steady_has_a_level_arrow() -> None:
    assert text(cells("ref", kpi("ref", 0.5, previous=0.45))["trend"]) == "↗ +5,0\u00a0pt"
    assert text(cells("ref", kpi("ref", 0.5, previous=0.5))["trend"]) == "→ 0,0\u00a0pt"
    assert text(cells("energy", kpi("energy", KWH, previous=KWH))["trend"]) == "→ 0,0\u00a0%"
    assert text(cells("energy", kpi("energy", KWH, previous=0.0))["trend"]) == "↗ +1,00\u00a0kWh"


def test_without_a_period_before_there_is_no_trend() -> None:
    shown = cells("energy", kpi("energy", KWH))["trend"]
    assert shown == Text("–", sub="période d'avant inconnue")


def test_category_coverage_quality_and_method_stand_beside_the_value() -> None:
    row = cells("pue", kpi("pue", 1.2, category="interim, category 1"))
    assert text(row["category"]) == "intermédiaire, catégorie 1"
    assert text(row["coverage"]) == "98\u00a0%"
    assert text(row["quality"]) == "mesuré"
    assert text(row["method"]) == "pue@1"


def test_a_sentence_without_which_a_value_must_not_be_read_stands_under_its_name() -> None:
    name = cells("nuclear_share", kpi("nuclear_share", 0.6, sentence="Ne s'additionne pas."))
    shown = name["indicator"]
    assert isinstance(shown, Text)
    assert shown.sub == "Ne s'additionne pas."
    assert shown.href == "/e?explain=nuclear_share"


def test_what_is_explained_now_is_marked() -> None:
    assert cells("pue", explain="pue")["indicator"].current  # type: ignore[union-attr]
    assert not cells("pue", explain="ref")["indicator"].current  # type: ignore[union-attr]


def test_costs_are_there_where_the_api_tells_them() -> None:
    def link(_: str) -> str:
        return "/"

    assert kpis.rows(COSTS.indicators, {}, link, view()) == Rows([], keys=[])
    told = {"cost": kpi("cost", 12_345.0)}
    (row,) = kpis.rows(COSTS.indicators, told, link, view()).rows
    assert number(row[1]).unit == "k€"


def test_parts_are_told_largest_first_unknown_last_and_the_rest_counted() -> None:
    one = indicator("s4_can_read")
    assert one is not None
    parts: dict[str, float | None] = {"US": 0.8, "DE": None, "FR": 0.9, "CA": 0.1}
    said = kpis.parts(one, kpi("s4_can_read", 0.8, parts=parts), "fr", 3).replace("\u00a0", " ")
    assert said == "France : 90,0 % · États-Unis : 80,0 % · Canada : 10,0 % · et 1 autre"
    all_of_it = kpis.parts(one, kpi("s4_can_read", 0.8, parts=parts), "en", 9)
    assert all_of_it.replace("\u00a0", " ").endswith("Germany: unknown")


def test_the_span_is_that_of_the_longest_and_not_of_a_live_value() -> None:
    live = kpi("power", 1.0, from_time="2026-11-22T09:46:00Z", to_time="2026-11-22T09:47:00Z")
    found = {"power": live, "pue": kpi("pue", 1.2)}
    assert kpis.span(found, view()) == "Du 21 nov. 00:00 au 00:00:00"


def test_layers_of_reach_have_the_words_of_the_screen() -> None:
    one = indicator("s13_foreign_law")
    assert one is not None
    assert kpis.part_name(one, "ownership", "fr") == "actionnariat"
