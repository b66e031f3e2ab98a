import asyncio
import json
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
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
def ask(tmp_path: Path, indicators: Indicators) -> Ask:
    """Ask as a reader of the container a/b; `token` says otherwise."""
    people = People(Database(tmp_path / "s.db", persons.TABLES), lambda: 1_000_000_000)
    code = people.enrol(Newcomer("person", "Ada", ("reader",), "a/b"), ROOT).code
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
            datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC),
        )
    ]  # fmt: skip


@pytest.mark.parametrize("asked", ["", "a", "a/b"])
def test_a_caller_gets_indicators_of_no_more_than_its_scope(
    ask: Ask, indicators: Indicators, asked: str
) -> None:
    assert ask(scope=asked)[0] == 200
    assert indicators.asked == [Question("a/b")]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"scope": "c/d"}, 403),
        ({"from": "yesterday"}, 400),
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
