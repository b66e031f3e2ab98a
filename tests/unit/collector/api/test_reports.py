"""Reports over the API: who may take which step, and what a collector that measures little says."""

import time
from collections.abc import Iterator

import pytest

from tests.build.served import Served
from vigie.client import Client
from vigie.errors import Refused
from vigie.replies import Ledger, Report, Reports, Thresholds

THIS_YEAR = time.gmtime().tm_year


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("reports")) as collector:
        yield collector


@pytest.fixture
def as_(served: Served) -> "As":
    return As(served)


class As:
    """Callers by role."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def __call__(self, role: str, scope: str = "", name: str = "") -> Client:
        secret = self._served.enrol("person", name or role, scope, roles=[role])
        return self._served.holder(secret.token)


def drafted(caller: Client, year: int = THIS_YEAR - 1, site: str = "local") -> Report:
    return caller.post(Report, "reports", {"form": "fr", "site": site, "year": year})


def step(caller: Client, report: Report, act: str, note: str = "") -> Report:
    return caller.post(Report, f"reports/{report.id}/{act}", {"hash": report.hash, "note": note})


def test_a_report_goes_from_draft_to_sent_by_those_whose_task_it_is(as_: As) -> None:
    report = drafted(as_("operator"))
    assert (report.state, report.complete, len(report.fields)) == ("draft", True, 40)
    unknown = {field.code for field in report.fields if field.value is None}
    assert {"E_DC", "PUE", "SIRET", "DC_LAU"} <= unknown
    assert all(field.reason for field in report.fields if field.code in unknown)
    assert not any(field.verified for field in report.fields), "nobody has read the French form"
    report = step(as_("auditor"), report, "review")
    report = step(as_("publisher"), report, "attest")
    report = step(as_("publisher"), report, "send", "receipt 42")
    assert [(s.state, s.person) for s in report.steps] == [
        ("draft", "operator"), ("reviewed", "auditor"), ("attested", "publisher"),
        ("sent", "publisher"),
    ]  # fmt: skip
    listed = as_("reader").get(Reports, "reports").reports
    assert [(r.id, r.state, r.fields) for r in listed if r.id == report.id] == [
        (report.id, "sent", [])
    ]


@pytest.mark.parametrize(
    ("role", "act"), [("operator", "review"), ("auditor", "attest"), ("reader", "send")]
)
def test_nobody_takes_a_step_that_is_another_role_s(as_: As, role: str, act: str) -> None:
    report = drafted(as_("operator"))
    with pytest.raises(Refused, match="needs the role"):
        step(as_(role), report, act)


def test_a_year_that_runs_can_be_drafted_and_not_attested(as_: As) -> None:
    report = drafted(as_("operator"), THIS_YEAR)
    assert not report.complete
    report = step(as_("auditor"), report, "review")
    with pytest.raises(Refused, match="not over"):
        step(as_("publisher"), report, "attest")
    with pytest.raises(Refused, match="has not begun"):
        drafted(as_("operator"), THIS_YEAR + 1)


def test_what_does_not_exist_or_lies_outside_is_refused(as_: As) -> None:
    with pytest.raises(Refused, match="no site 'ghost'"):
        drafted(as_("operator"), site="ghost")
    with pytest.raises(Refused, match="no form 'us'"):
        as_("operator").post(Report, "reports", {"form": "us", "site": "local", "year": 2020})
    report = drafted(as_("operator"))
    elsewhere = as_("auditor", "other/place", "eve")
    with pytest.raises(Refused, match="outside your scope"):
        elsewhere.get(Report, f"reports/{report.id}")
    with pytest.raises(Refused, match="outside your scope"):
        step(elsewhere, report, "review")
    assert elsewhere.get(Reports, "reports").reports == []
    with pytest.raises(Refused, match="no pilot 'p'"):
        as_("reader").get(Ledger, "pilots/p/ledger", **{"from": "2026-01-01T00:00:00Z"})


def test_a_site_whose_power_nobody_declared_is_not_said_to_be_below(as_: As) -> None:
    [found] = as_("reader").get(Thresholds, "thresholds").thresholds
    assert (found.subject, found.state, found.unknown) == ("local", "unknown", ["local/this"])
