"""The asking verbs against a server that answers what a collector would."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build.answers import Answers, answering
from tests.house import ROOT
from vigie.__main__ import main


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIGIE_TOKEN", raising=False)
    (tmp_path / ".vigie").mkdir()
    for name in ("reader", "registrar"):
        (tmp_path / ".vigie" / f"{name}.token").write_text(f"{name}-token\n")
    with answering() as answers:
        monkeypatch.setenv("VIGIE_URL", answers.url)
        yield answers


TABLE = {
    "as_of": "2026-01-31T08:00:00Z",
    "tier": "raw",
    "columns": {"host": ["a", "b"], "load1": [0.5, None]},
    "coverage": 1.0,
}
ENROLMENT = {"principal": "p1", "code": "c0de", "expires": "2026-01-31T09:00:00Z"}
SECRET = {
    "principal": "p1", "credential": "k2", "token": "vigie_k2_s", "expires": None, "container": "",
}  # fmt: skip
PRINCIPAL = {
    "id": "p1", "kind": "person", "name": "ada", "roles": ["operator"], "scope": "",
    "simulated": False, "created": "2026-01-31T08:00:00Z",
    "credentials": [
        {"id": "k1", "created": "c", "expires": None, "last_used": None, "revoked": None}
    ],
}  # fmt: skip
KPI = {
    "indicator": "carbon_location", "scope": "local/this", "period": "day", "from_time": "f",
    "to_time": "t", "value": None, "unit": "g", "method": "scope2-location@1", "boundary": "b",
    "coverage": 0.0, "quality": None, "reason": "no grid zone declared", "simulated_share": 0.0,
    "vintage": "v",
}  # fmt: skip


def asked(collector: Answers) -> tuple[str, str, Any]:
    (one,) = collector.asked
    return one.method, one.path, one.body


FRAGMENTS = {
    "as_of": "2026-01-31T08:00:00Z", "complete": False,
    "inventories": [
        {"container": "s/c1", "host": "h1", "store": "pool", "records": 7, "held": 9, "wanted": 3,
         "gaps": 1, "learned": "2026-01-31T08:00:00Z", "simulated": True},
    ],
    "margins": [
        {"store": "pool", "scheme": "3-of-5", "objects": 4, "containers_tolerated": None,
         "margins": [{"margin": -1, "objects": 1}, {"margin": 2, "objects": 3}]},
    ],
}  # fmt: skip


def test_fragments_are_shown_with_what_is_missing(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, FRAGMENTS)
    assert main(["query", "fragments", "--scope", "s", "--without", "s/c2"]) == 0
    assert asked(collector)[:2] == ("GET", "/api/v1/fragments?scope=s&without=s%2Fc2")
    shown = capsys.readouterr().out
    assert re.search(r"s/c1 +h1 +pool +7 +9 +3 +1", shown)
    assert re.search(r"pool +3-of-5 +-1 LOST +1 +25.0000% +–", shown)
    assert "INCOMPLETE" in shown
    assert "SIMULATED" in shown


def test_fragments_without_margins_say_why(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, {**FRAGMENTS, "margins": None})
    assert main(["query", "fragments"]) == 0
    assert "whole network" in capsys.readouterr().out


def test_latest_prints_rows_and_what_to_trust(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, TABLE)
    assert main(["query", "latest", "host", "--fields", "load1", "--where", "host:a"]) == 0
    method, path, _ = asked(collector)
    assert (method, path) == (
        "GET",
        "/api/v1/latest/host?fields=load1&where=host%3Aa",
    )
    assert collector.asked[0].headers["Authorization"] == "Bearer reader-token"
    out = capsys.readouterr().out
    assert "a       0.5" in out
    assert "b         –" in out
    assert "as of 2026-01-31T08:00:00Z · tier raw · coverage 100%" in out


def test_series_says_from_when_in_utc(collector: Answers) -> None:
    collector.then(200, TABLE)
    words = ["--from", "2026-01-31T08:00+01:00", "--step", "5m", "--by", "host", "--agg", "max"]
    assert main(["query", "series", "host", *words]) == 0
    path, _, query = asked(collector)[1].partition("?")
    assert path == "/api/v1/series/host"
    said = {"from=2026-01-31T07%3A00%3A00Z", "step=5m", "by=host", "agg=max"}
    assert set(query.split("&")) == said


def test_what_stands_out_the_past_and_energy_are_asked_of_their_routes(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, wanted in (
        (["series", "gpu", "--top", "3", "--by", "site"], "series/gpu?by=site&top=3"),
        (
            ["latest", "gpu", "--fields", "power_watts", "--top", "3", "--rank", "lowest"],
            "latest/gpu?fields=power_watts&top=3&rank=lowest",
        ),
        (
            ["at", "gpu", "--at", "2026-01-31T08:00Z", "--age", "1h"],
            "state/gpu?age=1h&at=2026-01-31T08%3A00%3A00Z",
        ),
    ):
        collector.then(200, TABLE)
        assert main(["query", *words]) == 0
        assert collector.asked[-1].path == f"/api/v1/{wanted}"
    columns = {"site": ["a"], "energy_joules_total": [7.2e6]}
    collector.then(200, {**TABLE, "columns": columns})
    assert main(["query", "energy", "gpu", "--by", "site"]) == 0
    _, _, query = collector.asked[-1].path.partition("?")
    assert set(query.split("&")) == {"by=site", "agg=increase", "fields=energy_joules_total"}
    assert capsys.readouterr().out.splitlines()[-3].split() == ["a", "7200000", "2"]


def test_events_need_no_measurement(collector: Answers) -> None:
    collector.then(200, TABLE)
    assert main(["query", "events"]) == 0
    assert asked(collector)[1] == "/api/v1/events"


def test_every_verb_prints_json(collector: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    containers = {"as_of": "t", "network": "n", "network_version": "v", "commit": 1}
    for words, answer in (
        (["query", "latest", "host"], TABLE),
        (["kpi", "show"], {"as_of": "t", "network_version": "v", "kpis": [KPI]}),
        (["network", "show"], {**containers, "containers": []}),
        (["credentials", "list"], {"principals": [PRINCIPAL]}),
        (["enroll", "person", "ada"], ENROLMENT),
        (["catalogue", "gpu"], None),
        (["network", "check", str(ROOT / "docs/examples/network.toml")], None),
    ):
        if answer is not None:
            collector.then(200, answer)
        assert main([*words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)


def test_an_unknown_kpi_says_why(collector: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    collector.then(200, {"as_of": "t", "network_version": "v" * 64, "kpis": [KPI]})
    assert main(["kpi", "show"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"carbon_location +– +– +day", out)
    assert "local/this carbon_location: unknown: no grid zone declared" in out


def test_kpis_are_shown_by_family_as_people_say_them_and_stamped(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    energy = {**KPI, "indicator": "energy_site", "unit": "J", "value": 7.2e9, "previous": 3.6e9,
              "simulated_share": 0.5, "quality": "measured", "coverage": 0.97,
              "inputs": {"doubts": "s/c/in: counter jumped"}}  # fmt: skip
    cue = {**KPI, "indicator": "cue", "unit": "g/J", "value": 44.2 / 3.6e6,
           "category": "interim, category 1"}  # fmt: skip
    collector.then(200, {"as_of": "t", "network_version": "v" * 64, "kpis": [energy, cue]})
    words = ["--scope", "perimeter:south", "--period", "month", "--at", "2026-03-29"]
    assert main(["kpi", "show", *words]) == 0
    path = "/api/v1/kpis?scope=perimeter%3Asouth&period=month&at=2026-03-29&language=en"
    assert asked(collector)[1] == path
    out = capsys.readouterr().out
    assert re.search(r"energy_site +2.00 MWh +1.00 MWh .* measured +97% +SIMULATED 50%", out)
    assert re.search(r"cue +44.2 gCO2e/kWh", out)
    assert out.index("Energy, heat and water") < out.index("energy_site") < out.index("Carbon\n")
    assert "energy_site: s/c/in: counter jumped" in out
    assert "cue: interim, category 1" in out


def test_one_family_is_shown_alone(collector: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    power = {**KPI, "indicator": "power", "unit": "W", "value": 700.0}
    collector.then(200, {"as_of": "t", "network_version": "v" * 64, "kpis": [power, KPI]})
    assert main(["kpi", "show", "--family", "energy"]) == 0
    out = capsys.readouterr().out
    assert "700 W" in out
    assert "carbon_location" not in out


def test_a_kpi_is_explained_like_a_bill(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    terms = [
        {"step": "result", "name": "pue", "value": 1.25, "unit": ""},
        {"step": "input", "name": "site", "value": 4.5e9, "unit": "J",
         "source": "s/c/in (meter, measured)", "coverage": 1.0, "quality": "measured"},
        {"step": "sum", "name": "E_DC", "value": 4.5e9, "unit": "J"},
    ]  # fmt: skip
    pue = {**KPI, "indicator": "pue", "unit": "", "value": 1.25, "terms": terms,
           "inputs": {"legal_time": "Europe/Paris"}, "sentence": "Under 12 months."}  # fmt: skip
    collector.then(200, {"as_of": "t", "network_version": "v" * 64, "kpis": [pue]})
    assert main(["kpi", "explain", "pue", "--period", "last_day"]) == 0
    path = "/api/v1/kpis?period=last_day&language=en&indicator=pue&explain=true"
    assert asked(collector)[1] == path
    out = capsys.readouterr().out
    assert re.search(r"site +1.25 MWh +100% +measured +s/c/in \(meter, measured\)", out)
    assert out.index("s/c/in") < out.index("E_DC") < out.index("= pue 1.25")
    assert "legal_time: Europe/Paris" in out
    assert "Under 12 months." in out


@pytest.mark.usefixtures("collector")
def test_explain_wants_the_name_of_an_indicator(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kpi", "explain"]) != 0
    assert "name an indicator" in capsys.readouterr().err


def test_a_newcomer_gets_a_code_that_works_once(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(201, ENROLMENT)
    words = ["enroll", "agent", "gpu-01", "--scope", "cannes/c1/gpu-01", "--expires", "10m"]
    assert main(words) == 0
    method, path, body = asked(collector)
    assert (method, path) == ("POST", "/api/v1/principals")
    assert body["scope"] == "cannes/c1/gpu-01"
    assert body["expires_seconds"] == 600
    assert collector.asked[0].headers["Authorization"] == "Bearer registrar-token"
    assert "vigie agent run --enrol c0de" in capsys.readouterr().out


def test_an_agent_is_enrolled_for_one_place_only(collector: Answers) -> None:
    assert main(["enroll", "agent", "gpu-01"]) == 2
    assert not collector.asked


def test_a_redeemed_token_is_for_its_owner_alone(collector: Answers, tmp_path: Path) -> None:
    collector.then(200, SECRET)
    assert main(["enroll", "redeem", "c0de", "--into", "new.token"]) == 0
    assert asked(collector)[2] == {"code": "c0de"}
    assert "Authorization" not in collector.asked[0].headers
    file = tmp_path / "new.token"
    assert file.read_text() == "vigie_k2_s\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_code_is_not_spent_where_its_token_cannot_go(collector: Answers, tmp_path: Path) -> None:
    (tmp_path / "old.token").touch()
    assert main(["enroll", "redeem", "c0de", "--into", "old.token"]) == 1
    assert main(["enroll", "redeem", "c0de", "--into", "nowhere/new.token"]) == 1
    assert main(["enroll", "redeem", "c0de"]) == 2
    assert not collector.asked


def test_a_code_that_is_refused_leaves_no_file(collector: Answers, tmp_path: Path) -> None:
    collector.then(401, {"detail": "this code is unknown, used or too old"})
    assert main(["enroll", "redeem", "c0de", "--into", "new.token"]) == 1
    assert not (tmp_path / "new.token").exists()


def test_credentials_are_listed_rotated_and_revoked(
    collector: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(200, {"principals": [PRINCIPAL, {**PRINCIPAL, "credentials": []}]})
    collector.then(200, SECRET).then(204)
    assert main(["credentials", "list"]) == 0
    assert "not redeemed" in capsys.readouterr().out
    assert main(["credentials", "rotate", "k1", "--into", "new.token"]) == 0
    assert (tmp_path / "new.token").read_text() == "vigie_k2_s\n"
    assert main(["credentials", "revoke", "k2"]) == 0
    assert [one.path for one in collector.asked[1:]] == [
        "/api/v1/credentials/k1/rotate",
        "/api/v1/credentials/k2/revoke",
    ]


def test_a_refusal_is_one_line_and_exit_one(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.then(403, {"title": "Forbidden", "detail": "this needs the role registrar"})
    assert main(["credentials", "revoke", "k1"]) == 1
    assert capsys.readouterr().err == "vigie credentials: this needs the role registrar\n"


def test_a_wrong_network_file_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "n.toml").write_text("[[sites]]\nid = 'a'\n")
    assert main(["network", "check", str(tmp_path / "n.toml")]) == 1
    assert f"{tmp_path}/n.toml:1: sites[1]: name is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["query", "latest"], "latest: of which measurement?"),
        (["query", "latest", "hst"], "did you mean host?"),
        (["query", "events", "host"], "all of them are in one table"),
        (["catalogue", "gpus"], "did you mean gpu?"),
        (["network", "check"], "check: which file?"),
        (["credentials", "revoke"], "revoke: which credential?"),
        (["credentials", "rotate", "k1"], "--into: name the file"),
        (["enroll", "person", "ada", "--expires", "soon"], "--expires: a duration"),
    ],
)
def test_what_was_left_out_or_misspelt_is_told(
    collector: Answers, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(words) == 2
    assert told in capsys.readouterr().err
    assert not collector.asked
