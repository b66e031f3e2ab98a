"""Tickets as a person notes them; and what is answered of a roster where there is none."""

from collections.abc import Iterator

import pytest

from alerts.lifecycle import Alert, State, Subject
from tests.build.served import Served
from vigie.errors import Refused
from vigie.replies import Alert as Answer
from vigie.replies.roster import AlertCalls, Roster

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("tickets")) as collector:
        collector.service._alerting._evaluate.stop()  # the test says what is wrong
        subject = Subject("paris/a", ("h1", "/srv"))
        alert = Alert("a1", "filesystem_filling", subject, 2, State.FIRING, NOW, NOW, value=0.07)
        collector.service._alerting.register.apply([alert], (), None, NOW)
        yield collector


def operator(served: Served, scope: str = "", role: str = "operator") -> str:
    return served.enrol("person", f"Alice {role}", scope, roles=[role]).token


def test_a_person_notes_a_ticket_and_how_it_stands(served: Served) -> None:
    client = served.holder(operator(served))
    noted = client.post(Answer, "alerts/a1/ticket", {"ticket": " INC-7 ", "status": "open"})
    assert (noted.ticket, noted.ticket_status, noted.state) == ("INC-7", "open", "firing")
    noted = client.post(Answer, "alerts/a1/ticket", {"status": "waiting for  parts"})
    assert (noted.ticket, noted.ticket_status) == ("INC-7", "waiting for parts")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "one of them"),
        ({"ticket": "<b>"}, "INC-1234"),
        ({"status": "a\u202eb"}, "printable"),
        ({"ticket": "x" * 200}, "ticket"),
        ({"tikcet": "A"}, "tikcet"),
    ],
)
def test_what_is_no_ticket_is_refused(served: Served, given: dict[str, str], said: str) -> None:
    with pytest.raises(Refused, match=said) as caught:
        served.holder(operator(served)).post(Answer, "alerts/a1/ticket", given)
    assert caught.value.status == 400


def test_only_who_may_act_there_notes_one(served: Served) -> None:
    for token, status in (
        (operator(served, role="reader"), 403), (operator(served, "lyon"), 404),
    ):  # fmt: skip
        with pytest.raises(Refused) as caught:
            served.holder(token).post(Answer, "alerts/a1/ticket", {"ticket": "A"})
        assert caught.value.status == status


def test_without_a_roster_nobody_is_on_and_nobody_is_next(served: Served) -> None:
    client = served.client()
    assert (client.get(Roster, "roster").posts, client.get(Roster, "roster").faults) == ([], [])
    answer = client.get(AlertCalls, "alerts/a1/calls")
    assert (answer.post, answer.calls, answer.next_at, answer.new_ticket_url) == (
        None, [], None, None,
    )  # fmt: skip
