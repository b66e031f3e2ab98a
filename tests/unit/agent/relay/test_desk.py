import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from agent.relay import desk as desks
from agent.relay.clocks import Clocks
from agent.relay.desk import Desk
from agent.relay.known import Known, Person
from agent.relay.shelf import Shelf
from agent.relay.through import Through
from agent.relay.wants import Wants
from agent.relay.wire import Request, Response
from tests.build.parcels import MACHINE, frame, kept, parcel, zipped
from vigie.errors import Refused, Unavailable
from vigie.frame import CONTENT_TYPE, MAX_REQUEST_BYTES

UP = "http://127.0.0.1:1"


class Guests(Known):
    """Knows `a`; the upstream knows `b`, and refuses `c`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path / "known.json", UP, lambda: "", time.time)

    def look(self, token: str) -> Person | None:
        return Person("id", "a", "site/c1", None) if token == "a" else None

    def ask(self, token: str) -> Person:
        if token == "b":
            return Person("id-b", "b", "site", None)
        raise Refused(401, "no") if token == "c" else Unavailable("away", 10)


class Site:
    """A desk with a shelf, and whoever asks it."""

    def __init__(self, path: Path) -> None:
        self.shelf = Shelf(path / "spool", [UP], MACHINE, limit_bytes=10**7, limit_seconds=3600)
        self.shelf.open(0.0)
        self.clocks, self.wants = Clocks(MACHINE), Wants()
        self.desk = Desk(
            self.shelf, Guests(path), clocks=self.clocks, wants=self.wants, through=Through(UP),
            page=lambda desk: f"frames {desk.counts.frames}\n",
        )  # fmt: skip

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """One request, as a connection would bring it."""
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(method, path, told, body, future.set_result)
        refusal = self.desk.admit(request, len(body)) or self.desk.carry(len(body))
        if refusal is not None:
            return refusal
        self.desk.serve(request)
        response = await asyncio.wait_for(future, 10)
        self.desk.carry(-len(body))
        return response

    async def post(self, body: bytes, token: str = "a", **headers: str) -> Response:
        told = {"authorization": f"Bearer {token}", "content_type": CONTENT_TYPE,
                "content_encoding": "zstd"}  # fmt: skip
        return await self.ask("POST", "/api/v1/frames", body, **{**told, **headers})


def at(path: Path, act: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        site = Site(path)
        try:
            await act(site)
        finally:
            site.desk.close(5.0)

    asyncio.run(run())


def test_held_is_said_of_what_is_on_disk(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        answer = await site.post(zipped(frame(1), frame(2)), vigie_clock="b1 5 6")
        assert answer.status == 200
        assert json.loads(answer.body)["held"] == [
            {"container": "site/c1", "agent": "a1", "boot": "b1", "held": [[1, 2]]}
        ]
        assert site.shelf.bytes > 0
        assert site.clocks.header([kept(1, parcel(frame(1)))], time.time_ns()).startswith("b1 ")

    at(tmp_path, act)


def test_what_is_wanted_of_an_agent_comes_with_its_answer(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        site.wants.told(UP, {("site/c1", "a1"): ("device",)})
        assert json.loads((await site.post(zipped(frame(1)))).body)["wants"] == ["device"]
        other = await site.post(zipped(frame(1, agent="a2")))
        assert json.loads(other.body)["wants"] == []

    at(tmp_path, act)


@pytest.mark.parametrize(
    ("token", "status"), [("a", 200), ("b", 200), ("c", 401), ("d", 503), ("", 401)]
)
def test_who_sends_is_known_or_asked_about(tmp_path: Path, token: str, status: int) -> None:
    async def act(site: Site) -> None:
        assert (await site.post(zipped(frame(1)), token)).status == status

    at(tmp_path, act)


@pytest.mark.parametrize(
    ("body", "headers", "status", "fault"),
    [
        (zipped(frame(1)), {"content_type": "text/plain"}, 415, "media_type"),
        (zipped(frame(1)), {"content_encoding": "gzip"}, 415, "media_type"),
        (zipped(frame(1)), {"vigie_clock": "b1 x 1"}, 400, "clock"),
        (zipped(frame(1)), {"vigie_clock": "b1 1 1,b2 1 1"}, 400, "clock"),
        (b"nonsense", {}, 400, "zstd"),
        (zipped(frame(1, container="site/c2")), {}, 403, "scope"),
        (bytes(MAX_REQUEST_BYTES + 1), {}, 413, "too_large"),
    ],
)
def test_what_is_wrong_is_refused_and_counted_and_nothing_is_kept(
    tmp_path: Path, body: bytes, headers: dict[str, str], status: int, fault: str
) -> None:
    async def act(site: Site) -> None:
        answer = await site.post(body, **headers)
        assert (answer.status, json.loads(answer.body)["fault"]) == (status, fault)
        assert site.desk.counts.refused == {fault: 1}
        assert site.shelf.bytes == 0

    at(tmp_path, act)


def test_a_disk_that_refuses_gives_503_and_readyz_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(site: Site) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("agent.files.append", full)
        answer = await site.post(zipped(frame(1)))
        assert (answer.status, answer.after) == (503, 30)
        assert (await site.ask("GET", "/readyz")).status == 503
        assert (await site.ask("GET", "/healthz")).status == 200

    at(tmp_path, act)


def test_too_much_in_hand_gives_503_and_one_request_always_fits(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        assert site.desk.carry(desks.IN_HAND_BYTES + 1) is None
        answer = site.desk.carry(1)
        assert answer is not None
        assert answer.status == 503

    at(tmp_path, act)


def test_the_rest_of_the_api_is_not_to_be_had_here(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        assert (await site.ask("GET", "/api/v1/latest/gpu")).status == 404
        assert (await site.ask("GET", "/api/v1/frames")).status == 405
        away = await site.ask("GET", "/api/v1/fragments/key")
        assert away.status == 503, "the upstream is away"
        assert (await site.ask("GET", "/metrics")).body == b"frames 0\n"

    at(tmp_path, act)
