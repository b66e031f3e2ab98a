import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.api import idempotency
from collector.api.idempotency import KEPT_SECONDS, MAX_BODY_BYTES, Idempotency
from vigie.database import Database


class Desk:
    """An application that counts what it does, behind the guard."""

    def __init__(self, path: Path) -> None:
        self.path, self.now, self.acts, self.status = path, 1_000_000.0, 0, 200
        self.database = Database(path / "state.db", idempotency.TABLES)
        self.guard = Idempotency(self._app, self.database, lambda: self.now)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        await asyncio.sleep(0)
        self.acts += 1
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        text = json.dumps({"act": self.acts, "body": body.decode()}).encode()
        await send({"type": "http.response.body", "body": text})

    async def post(
        self, key: str = "k", body: bytes = b"{}", path: str = "/api/v1/alerts/1/acknowledge",
        token: str = "t",
    ) -> tuple[int, Any]:  # fmt: skip
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", token.encode())]
        headers += [(b"idempotency-key", key.encode())] if key else []
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        await self.guard(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


def test_the_same_act_sent_twice_happens_once(desk: Desk) -> None:
    first = asyncio.run(desk.post())
    assert asyncio.run(desk.post()) == first
    assert desk.acts == 1


def test_it_happens_once_though_both_come_at_the_same_time(desk: Desk) -> None:
    async def story() -> None:
        answers = await asyncio.gather(*(desk.post() for _ in range(5)))
        assert all(answer == answers[0] for answer in answers)

    asyncio.run(story())
    assert desk.acts == 1


def test_it_happened_although_the_collector_was_started_again(desk: Desk) -> None:
    first = asyncio.run(desk.post())
    desk.guard = Idempotency(desk._app, desk.database, lambda: desk.now)
    assert asyncio.run(desk.post()) == first


def test_after_a_day_a_key_is_new(desk: Desk) -> None:
    asyncio.run(desk.post())
    desk.now += KEPT_SECONDS + 1
    asyncio.run(desk.post())
    assert desk.acts == 2


@pytest.mark.parametrize("path", ["/api/v1/credentials", "/api/v1/credentials/1/rotate"])
def test_an_answer_with_a_secret_is_not_written(desk: Desk, path: str) -> None:
    first = asyncio.run(desk.post(path=path))
    assert asyncio.run(desk.post(path=path)) == first
    assert desk.database.rows("SELECT * FROM idempotency") == []


def test_another_person_or_no_key_is_another_act(desk: Desk) -> None:
    asyncio.run(desk.post())
    asyncio.run(desk.post(token="u"))
    asyncio.run(desk.post(key=""))
    asyncio.run(desk.post(key=""))
    assert desk.acts == 4


def test_one_key_for_two_acts_is_refused(desk: Desk) -> None:
    asyncio.run(desk.post())
    status, problem = asyncio.run(desk.post(body=b'{"other": 1}'))
    assert (status, problem["fault"]) == (422, "idempotency_key_reused")
    assert desk.acts == 1


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_what_failed_may_be_tried_again(desk: Desk, status: int) -> None:
    desk.status = status
    asyncio.run(desk.post())
    desk.status = 200
    assert asyncio.run(desk.post())[0] == 200
    assert desk.acts == 2


def test_acts_are_small_and_so_are_keys(desk: Desk) -> None:
    assert asyncio.run(desk.post(body=bytes(MAX_BODY_BYTES + 1)))[0] == 413
    assert asyncio.run(desk.post(key="k" * 201))[0] == 400
    assert desk.acts == 0
