import json
from typing import Any
from zoneinfo import ZoneInfo

from dash import dcc
from dash.development.base_component import Component

from dashboard.figures.chart import broken, chart, figure, sentence
from dashboard.figures.line import Band, Drawing, Line
from dashboard.format import seconds_of
from tests.build.markup import components, words
from vigie.units import RATIO, WATT

PARIS = ZoneInfo("Europe/Paris")
END = seconds_of("2026-11-22T09:47:00Z")
POINTS = tuple((END - 60 + i, 55e6 + i * 2e5) for i in range(60))
DRAWING = Drawing(
    "power", "Puissance", (Band("", WATT, (Line("Réseau", POINTS, 1),)),), END - 60, END
)


def graph(component: Component) -> Any:
    """The one graph inside."""
    (found,) = [one for one in components(component) if isinstance(one, dcc.Graph)]
    return found


def test_nothing_can_be_sent_away_from_a_chart() -> None:
    config = graph(chart(DRAWING, "fr", PARIS, "/x.csv")).config
    assert config["showSendToCloud"] is False
    assert not config["plotlyServerURL"]
    assert config["displaylogo"] is False
    assert config["locale"] == "fr"


def test_a_chart_says_in_words_what_it_shows() -> None:
    said = sentence(DRAWING, "fr", PARIS)
    assert said == ("Puissance. Réseau : entre 55,0\u00a0MW et 66,8\u00a0MW, 66,8\u00a0MW à 10:46.")
    assert said in words(chart(DRAWING, "fr", PARIS, "/x.csv"))


def test_a_chart_has_its_values_and_its_file_beside_it() -> None:
    page = words(chart(DRAWING, "fr", PARIS, "/values/power.csv"))
    assert "Voir les valeurs" in page
    assert "/values/power.csv" in page
    assert "10:46:59" in page


def test_what_is_drawn_are_plain_lists_scaled_to_the_axis() -> None:
    drawn = figure(DRAWING, "fr", PARIS)
    trace = drawn["data"][0]
    assert trace["type"] == "scatter"
    assert trace["y"][0] == 55
    assert drawn["layout"]["yaxis"]["title"]["text"] == "MW"
    assert json.loads(json.dumps(drawn)) == drawn


def test_a_share_goes_from_nothing_to_all() -> None:
    line = Line("a", ((END, 0.5),), 1)
    drawn = figure(Drawing("s", "S", (Band("", RATIO, (line,), high=1),), 0, 1), "fr", PARIS)
    assert drawn["layout"]["yaxis"]["range"] == [0, 100]
    assert drawn["data"][0]["y"] == [50]


def test_without_values_it_says_why_and_draws_no_empty_axis() -> None:
    empty = Drawing("p", "P", (Band("", WATT, (Line("a", ((END, None),), 1),)),), 0, 1, "Rien ici.")
    page = words(chart(empty, "fr", PARIS, "/x.csv"))
    assert "Rien ici." in page
    assert "graph-p" not in page


def test_an_unreadable_chart_says_so_in_its_place() -> None:
    assert words(broken("le collecteur dort", "fr")).split("\n") == [
        "broken", " le collecteur dort", "Lecture impossible :",
    ]  # fmt: skip
