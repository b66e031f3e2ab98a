import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from agent.relay import wire
from agent.relay.wire import Connection, Request, Response, parsed, problem

POST = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s"


class House:
    """Echoes bodies; may refuse, and has so much room."""

    def __init__(self) -> None:
        self.refusal: Response | None = None
        self.room = 10**6
        self.in_hand = self.most = 0
        self.waiting: list[Request] = []
        self.slow = False

    def admit(self, request: Request, length: int) -> Response | None:
        return self.refusal

    def carry(self, size: int) -> Response | None:
        self.in_hand += size
        self.most = max(self.most, self.in_hand)
        return problem(503, "full", "unavailable", 1) if self.in_hand > self.room else None

    def serve(self, request: Request) -> None:
        if self.slow:
            self.waiting.append(request)
        else:
            request.answer(Response(200, request.body))


@asynccontextmanager
async def served(
    house: House, most: int = 9
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, set[Connection]]]:
    open_: set[Connection] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(house, open_, most), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer, open_
    finally:
        writer.close()
        server.close()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(5_000):
        if holds():
            return
        await asyncio.sleep(0.001)
    pytest.fail("not in time")


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return int(head.split(b" ")[1]), await reader.readexactly(length)


def test_requests_on_one_connection_are_answered_in_turn() -> None:
    async def run() -> None:
        house = House()
        async with served(house) as (reader, writer, _):
            writer.write(POST % (2, b"ab") + POST % (3, b"cde"))
            assert [await answer(reader), await answer(reader)] == [(200, b"ab"), (200, b"cde")]
            for piece in (POST % (4, b"fghi"))[:-2], b"h", b"i":
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            assert await answer(reader) == (200, b"fghi")
        assert house.in_hand == 0

    asyncio.run(run())


def test_what_comes_while_an_answer_is_due_waits_its_turn() -> None:
    async def run() -> None:
        house = House()
        house.slow = True
        async with served(house) as (reader, writer, _):
            writer.write(POST % (1, b"a") + POST % (1, b"b"))
            await until(lambda: bool(house.waiting))
            assert [r.body for r in house.waiting] == [b"a"]
            house.slow = False
            house.waiting[0].answer(Response(503, b""))
            assert [await answer(reader), await answer(reader)] == [(503, b""), (200, b"b")]

    asyncio.run(run())


def test_a_refused_body_is_read_past_and_kept_nowhere() -> None:
    async def run() -> None:
        house = House()
        house.refusal = problem(415, "no", "media_type")
        async with served(house) as (reader, writer, _):
            writer.write(POST % (5 * 10**6, bytes(5 * 10**6)))
            assert (await answer(reader))[0] == 415
            house.refusal = None
            writer.write(POST % (1, b"a"))
            assert await answer(reader) == (200, b"a")
        assert house.most == 1

    asyncio.run(run())


def test_a_body_for_which_there_is_no_room_lets_go_of_all_of_it() -> None:
    async def run() -> None:
        house = House()
        async with served(house) as (reader, writer, _):
            writer.write(POST % (3 * 10**6, bytes(3 * 10**6)))
            assert (await answer(reader))[0] == 503
            assert house.in_hand == 0
            assert house.most < 10**6 + 2**19

    asyncio.run(run())


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nx\r\n\r\n", 400),
     (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
     (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 411),
     (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
     (b"GET /" + b"x" * wire.HEAD_BYTES + b"y" * 9, 431)],
)  # fmt: skip
def test_what_is_no_request_is_told_so_and_hung_up_on(sent: bytes, status: int) -> None:
    async def run() -> None:
        async with served(House()) as (reader, writer, _):
            writer.write(sent)
            assert (await answer(reader))[0] == status
            assert await asyncio.wait_for(reader.read(), 5) == b""

    asyncio.run(run())


def test_patience_ends_with_heads_bodies_and_silence() -> None:
    async def run() -> None:
        for sent, patience in (
            (b"POST", wire.HEAD_SECONDS), (POST % (9, b"x"), wire.BODY_SECONDS),
            (b"", wire.IDLE_SECONDS),
        ):  # fmt: skip
            async with served(House()) as (reader, writer, open_):
                writer.write(sent)
                await until(lambda: bool(open_))
                await asyncio.sleep(0.02)
                (connection,) = open_
                now = asyncio.get_running_loop().time()
                connection.sweep(now + patience - 1)
                assert open_
                connection.sweep(now + patience + 1)
                text = await asyncio.wait_for(reader.read(), 5)
                assert (b" 408 " in text) == sent.endswith(b"x")

    asyncio.run(run())


def test_there_is_an_end_to_connections() -> None:
    async def run() -> None:
        async with served(House(), most=0) as (reader, _, _):
            assert (await answer(reader))[0] == 503

    asyncio.run(run())


def test_header_names_are_read_in_any_case() -> None:
    request = parsed(b"POST /a?b HTTP/1.1\r\nVigie-CLOCK:  b 1 2 ")
    assert request is not None
    assert (request.path, request.headers) == ("/a?b", {"vigie-clock": "b 1 2"})
