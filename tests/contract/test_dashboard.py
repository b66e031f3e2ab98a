"""What every page of the dashboard keeps to: who may come in, what may go out, how it draws."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import plotly.offline
import pytest
from dash import dcc
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dashboard import service
from dashboard.figures.chart import chart
from dashboard.noc import app, curves, gate
from dashboard.noc.curves import Wanted
from dashboard.noc.screens import SCREENS
from dashboard.questions import Asker
from tests.build.markup import components
from tests.build.played import CODE, TOKEN, Api, Direct, served
from tests.house import modules
from vigie.settings import DashboardSettings

ASSETS = app.ASSETS
OURS = ("noc.js", "noc.css")
FORBIDDEN = {  # plotly traces that fetch from elsewhere, or need WebGL
    "choropleth", "choroplethmap", "scattergeo", "scattermap", "densitymap", "scattergl",
    "heatmapgl", "splom", "parcoords", "scatter3d", "surface", "mesh3d",
}  # fmt: skip
BODY = {"output": "board.data", "outputs": {"id": "board", "property": "data"}, "inputs": [],
        "changedPropIds": []}  # fmt: skip


@pytest.fixture(scope="module")
def api() -> Iterator[tuple[Api, str]]:
    played = Api()
    with served(played) as url:
        yield played, url


@pytest.fixture
def client(api: tuple[Api, str], tmp_path: Path) -> FlaskClient:
    played, url = api
    played.codes, played.revoked = {CODE}, False
    made = service.build(DashboardSettings(data=tmp_path, api=url))
    made.enable_dev_tools(debug=False)
    made_client: FlaskClient = made.server.test_client()
    return made_client


@pytest.fixture
def person(client: FlaskClient) -> FlaskClient:
    assert client.get(f"/login?code={CODE}").status_code == 303
    return client


def csrf(client: FlaskClient) -> str:
    client.get("/session")
    cookie = client.get_cookie("_csrf_token")
    assert cookie is not None
    return cookie.value


# --- Who may come in


def test_a_stranger_is_served_nothing_but_the_way_in(client: FlaskClient) -> None:
    rules = [str(rule) for rule in client.application.url_map.iter_rules()]
    paths = [re.sub(r"<[^>]*>", "x", rule) for rule in rules]
    assert "/_dash-update-component" in paths
    for path in {*paths, "/site/local/this", "/assets/noc.js", "/_mcp", "/_dash-ws-callback"}:
        for method in ("get", "post", "put", "delete"):
            answer: TestResponse = getattr(client, method)(path, buffered=True)
            open_to_all = path in {"/healthz", "/login"} or (path, method) == ("/logout", "post")
            assert answer.status_code == 401 or open_to_all, (method, path)
            assert b"_dash-config" not in answer.data


def test_a_link_with_a_code_works_once_and_leaves_the_address(client: FlaskClient) -> None:
    answer = client.get(f"/login?code={CODE}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in str(answer.headers)
    client.delete_cookie("vigie_session")
    assert client.get(f"/login?code={CODE}").status_code == 403


def test_after_signing_in_the_page_that_was_asked_for_opens(client: FlaskClient) -> None:
    asked = client.get("/site/local/this?period=1h").get_data(as_text=True)
    assert 'name="next" value="/site/local/this?period=1h"' in asked
    for to, leads in (("/site/local/this?period=1h", "/site/local/this?period=1h"),
                      ("//evil.example/", "/"), ("https://evil.example/", "/"),
                      ("/\\evil.example", "/"), ("/_dash-layout", "/")):  # fmt: skip
        answer = client.post("/login", data={"code": "wrong", "next": to})
        assert answer.status_code == 403
        assert f'name="next" value="{leads}"' in answer.get_data(as_text=True)


def test_what_a_stranger_types_is_never_markup(client: FlaskClient) -> None:
    answer = client.get("/site/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert b"<script" not in answer.data


def test_a_callback_needs_the_word_that_only_our_pages_know(person: FlaskClient) -> None:
    assert person.post("/_dash-update-component", json=BODY).status_code == 403
    wrong = person.post("/_dash-update-component", json=BODY, headers={"X-CSRFToken": "x"})
    assert wrong.status_code == 403
    right = person.post("/_dash-update-component", json=BODY, headers={"X-CSRFToken": csrf(person)})
    assert right.status_code != 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
)
def test_another_site_can_do_nothing_here(person: FlaskClient, headers: dict[str, str]) -> None:
    assert person.post("/logout", headers=headers).status_code == 403
    assert person.post("/login", headers=headers).status_code == 403
    sent = {**headers, "X-CSRFToken": csrf(person)}
    assert person.post("/_dash-update-component", json=BODY, headers=sent).status_code == 403


def test_leaving_ends_the_session(person: FlaskClient) -> None:
    kept = person.get_cookie("vigie_session")
    assert kept is not None
    assert person.post("/logout").status_code == 303
    person.set_cookie("vigie_session", kept.value)
    assert person.get("/").status_code == 401


def test_paths_that_are_no_page_of_ours_are_404(person: FlaskClient) -> None:
    for path in ("/admin", "/site/", "/_mcp", "/favicon", "/values/none.csv", "/assets/none.js"):
        assert person.get(path, buffered=True).status_code == 404, path


def test_chart_values_are_a_file_with_utc_times(person: FlaskClient) -> None:
    answer = person.get("/values/processor.csv?site=local/this&period=15min&lang=en")
    head, first, *_ = answer.get_data(as_text=True).splitlines()
    assert answer.mimetype == "text/csv"
    assert head == "time,this (1)"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z,0\.\d+", first)


# --- What may go out


def test_every_answer_has_the_headers(person: FlaskClient) -> None:
    for path in ("/", "/login", "/healthz", "/admin", "/assets/noc.js", "/_dash-layout"):
        headers = person.get(path, buffered=True).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-"), path
        assert "unsafe-eval" not in policy
        assert "unsafe-inline" not in policy.split("style-src")[0]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store", path


def test_pages_name_no_other_host(person: FlaskClient) -> None:
    page = person.get("/").get_data(as_text=True)
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert "plotly-cartesian.min.js" in page
    assert "plotly.min.js" not in page
    for name in OURS:
        assert not re.search(r"https?://", (ASSETS / name).read_text(encoding="utf-8"))


def test_no_program_may_drive_the_dashboard_from_outside(person: FlaskClient) -> None:
    rules = " ".join(str(rule) for rule in person.application.url_map.iter_rules())
    assert "mcp" not in rules
    assert "ws-callback" not in rules


# --- How it draws


def test_only_the_factory_makes_charts() -> None:
    for path, tree in modules().items():
        if not path.startswith("dashboard/") or path == "dashboard/figures/chart.py":
            continue
        for node in ast.walk(tree):
            named = getattr(node, "attr", getattr(node, "id", ""))
            assert named != "Graph", f"{path}: charts are made by dashboard.figures.chart"
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in FORBIDDEN, f"{path}: {node.value}"


def drawn() -> Iterator[Any]:
    """Every chart that the screens can hold."""
    ask = Asker(Direct(Api()), "fr", "local/this")
    for draw in curves.CURVES.values():
        for span in curves.PERIODS:
            drawing = draw(Wanted(ask, span, 1_795_340_820.0))
            yield chart(drawing, "fr", ZoneInfo("Europe/Paris"), "/values/x.csv")


def test_no_chart_can_be_uploaded_and_each_is_described() -> None:
    graphs = 0
    for component in components(list(drawn())):
        if isinstance(component, dcc.Graph):
            graphs += 1
            graph: Any = component
            config = graph.config
            assert config["showSendToCloud"] is False
            assert not config["plotlyServerURL"]
            assert config["displaylogo"] is False
            figure = graph.figure
            assert all(trace["type"] == "scatter" for trace in figure["data"])
            assert all(len(trace["x"]) <= 1500 for trace in figure["data"])
    assert graphs >= 20


def test_layouts_place_their_charts_through_the_factory() -> None:
    places = 0
    for screen in SCREENS:
        shown = list(components(screen.layout("fr")))
        found = [c for c in shown if "chart-place" in (getattr(c, "className", "") or "")]
        assert len(found) <= 6
        assert not any(isinstance(c, dcc.Graph) for c in shown)
        places += len(found)
    assert places


def test_the_plotly_here_is_the_one_that_dash_was_made_for() -> None:
    ours = (ASSETS / "plotly" / "plotly-cartesian.min.js").read_text(encoding="utf-8")[:400]
    version = re.search(r"v(\d+\.\d+\.\d+)", ours)
    assert version is not None
    assert version[1] == plotly.offline.get_plotlyjs_version()
    assert (ASSETS / "plotly" / "LICENSE").read_text(encoding="utf-8").startswith("MIT")


def test_the_gate_stands_over_every_callback_path() -> None:
    assert gate.known("/_dash-update-component")
    assert not gate.known("/console")
