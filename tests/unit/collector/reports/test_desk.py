"""A report goes from draft to sent, step by step, by two people at least, and never changes."""

from pathlib import Path

import pytest

from collector.reports.desk import TABLES, Desk, Report
from vigie.database import Database
from vigie.errors import Refused

CONTENT = {"fields": {"E_DC": 1.5}}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Database(tmp_path / "state.db", TABLES))


def drafted(desk: Desk, content: dict[str, object] | None = None) -> Report:
    return desk.draft("eu", "s", 2026, content or CONTENT, person="ann", now=1.0)


def step(desk: Desk, report: Report, state: str, person: str, note: str = "") -> Report:
    return desk.advance(report.id, state, digest=report.hash, person=person, note=note, now=2.0)


def test_each_step_is_by_somebody_and_about_that_content(desk: Desk) -> None:
    report = drafted(desk)
    report = step(desk, report, "reviewed", "bob")
    report = step(desk, report, "attested", "cy")
    report = step(desk, report, "sent", "cy", "receipt 42")
    assert report.state == "sent"
    assert [(s.state, s.person) for s in report.steps] == [
        ("draft", "ann"), ("reviewed", "bob"), ("attested", "cy"), ("sent", "cy"),
    ]  # fmt: skip
    assert desk.report(report.id) == report
    assert report.content == CONTENT


@pytest.mark.parametrize("state", ["attested", "sent", "draft"])
def test_no_step_is_left_out_or_taken_back(desk: Desk, state: str) -> None:
    with pytest.raises(Refused, match=f"not {state}"):
        step(desk, drafted(desk), state, "bob", "r")


def test_who_reviewed_does_not_attest(desk: Desk) -> None:
    report = step(desk, drafted(desk), "reviewed", "bob")
    with pytest.raises(Refused, match="somebody else"):
        step(desk, report, "attested", "bob")


def test_a_step_about_other_content_is_refused(desk: Desk) -> None:
    report = drafted(desk)
    with pytest.raises(Refused, match="something else by now"):
        desk.advance(report.id, "reviewed", digest="0", person="bob", note="", now=2.0)


def test_sending_needs_a_receipt_and_is_the_end(desk: Desk) -> None:
    report = step(desk, drafted(desk), "reviewed", "bob")
    report = step(desk, report, "attested", "cy")
    with pytest.raises(Refused, match="receipt"):
        step(desk, report, "sent", "cy")
    report = step(desk, report, "sent", "cy", "r")
    with pytest.raises(Refused, match="is sent"):
        step(desk, report, "sent", "cy", "r")


def test_a_correction_is_a_new_report_that_names_the_one_that_was_sent(desk: Desk) -> None:
    first = drafted(desk)
    assert drafted(desk, {"other": 1}).corrects is None
    for state, person in (("reviewed", "bob"), ("attested", "cy"), ("sent", "cy")):
        step(desk, first, state, person, "r")
    again = drafted(desk, {"fields": {"E_DC": 2}})
    assert again.corrects == first.id
    assert again.hash != first.hash
    assert next(r.id for r in desk.reports("s")) == first.id


def test_an_unknown_report_is_said_to_be_none(desk: Desk) -> None:
    with pytest.raises(Refused, match="no report 'x'"):
        desk.report("x")
