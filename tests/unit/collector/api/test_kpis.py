import asyncio
import json
from collections.abc import Callable, MutableMapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from collector import people as persons
from collector.api import kpis
from collector.api.app import application
from collector.duties.kpis import Question
from collector.people import Caller, Newcomer, People
from vigie.database import Database
from vigie.replies import Kpis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = Caller("root", "root", "service", frozenset({"registrar"}), "", "c", None, simulated=False)
Ask = Callable[..., tuple[int, Any]]


class Indicators:
    """Keeps the questions."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def answer(self, question: Question, now: datetime) -> Kpis:
        assert now == NOW
        self.asked.append(question)
        return Kpis("now", "version", [])


@pytest.fixture
def indicators() -> Indicators:
    return Indicators()


@pytest.fixture
def ask(ask_as: Callable[[str], Ask]) -> Ask:
    """Ask as a reader of the container a/b; `token` says otherwise."""
    return ask_as("reader")


@pytest.fixture
def ask_as(tmp_path: Path, indicators: Indicators) -> Callable[[str], Ask]:
    """Ask as somebody with a role in the container a/b."""
    people = People(Database(tmp_path / "s.db", persons.TABLES), lambda: 1_000_000_000)
    return partial(asker, people, indicators)


def asker(people: People, indicators: Indicators, role: str) -> Ask:
    code = people.enrol(Newcomer("person", f"Ada, {role}", (role,), "a/b"), ROOT).code
    reader = people.redeem(code).token
    router = kpis.routes(indicators, NOW.timestamp)  # type: ignore[arg-type]
    app = application(people, [router], [])

    def get(*, token: str = reader, **query: str) -> tuple[int, Any]:
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "GET", "path": "/api/v1/kpis", "root_path": "",
            "query_string": urlencode(query).encode(), "http_version": "1.1", "scheme": "http",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }  # fmt: skip
        asyncio.run(app(scope, receive, send))
        body = b"".join(m.get("body", b"") for m in sent)
        return sent[0]["status"], json.loads(body)

    return get


def test_a_question_is_put_as_it_was_asked(ask: Ask, indicators: Indicators) -> None:
    start, end = "2026-02-01T00:00:00Z", "2026-02-02T01:00:00+01:00"
    status, body = ask(scope="a/b/host", period="day", language="en", **{"from": start, "to": end})
    assert (status, body) == (200, {"as_of": "now", "network_version": "version", "kpis": []})
    assert indicators.asked == [
        Question(
            "a/b/host", "en", "day",
            datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC), within="a/b",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("asked", ["", "a", "a/b"])
def test_a_caller_gets_indicators_of_no_more_than_its_scope(
    ask: Ask, indicators: Indicators, asked: str
) -> None:
    assert ask(scope=asked)[0] == 200
    assert indicators.asked == [Question("a/b", within="a/b")]


def test_a_perimeter_is_asked_for_as_far_as_the_caller_may_see(
    ask: Ask, indicators: Indicators
) -> None:
    assert ask(scope="perimeter:south")[0] == 200
    assert indicators.asked == [Question("perimeter:south", within="a/b")]


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("2026-03-29", date(2026, 3, 29)),
        ("2026-03-29T02:30:00+02:00", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_period_is_named_by_an_instant_or_a_local_date(
    ask: Ask, indicators: Indicators, given: str, at: date
) -> None:
    assert ask(period="day", at=given)[0] == 200
    assert indicators.asked == [Question("a/b", word="day", at=at, within="a/b")]


def test_some_indicators_are_asked_for_with_their_terms(ask: Ask, indicators: Indicators) -> None:
    assert ask(indicator="pue", explain="true")[0] == 200
    assert indicators.asked == [Question("a/b", only=("pue",), within="a/b", explain=True)]


def test_only_who_has_the_role_is_told_what_things_cost(
    ask_as: Callable[[str], Ask], indicators: Indicators
) -> None:
    for role in ("reader", "auditor", "finance"):
        assert ask_as(role)()[0] == 200
    assert [question.finance for question in indicators.asked] == [False, False, True]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"scope": "c/d"}, 403),
        ({"from": "yesterday"}, 400),
        ({"at": "2026-02-30"}, 400),
        ({"vintage": "now"}, 400),
        ({"language": "de"}, 400),
        ({"token": "vigie_x_y"}, 401),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_problem_document(
    ask: Ask, indicators: Indicators, query: dict[str, str], status: int
) -> None:
    found, body = ask(**query)
    assert (found, body["status"]) == (status, status)
    assert body["detail"]
    assert indicators.asked == []
