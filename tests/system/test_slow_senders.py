"""Who sends slowly, or what is dear to read, keeps nobody waiting."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from collector.api.connection import HEAD_SECONDS
from tests.build import crafted
from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed
from vigie.frame import MAX_REQUEST_BYTES, PREFIX, Gap, Header, pack

ALIVE_SECONDS = 1.0
"""Within that /healthz is to answer, whatever goes on."""
IDLE = 400
ASKED = 60


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with Collector(tmp_path_factory.mktemp("slow")) as running:
        yield running


def head(token: str, size: int) -> bytes:
    """The head of a post whose body is said to have `size` bytes."""
    return (
        f"POST /api/v1/frames HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/vnd.vigie.frames\r\nContent-Length: {size}\r\n\r\n"
    ).encode()


@contextlib.contextmanager
def dripping(collector: Collector, begin: bytes, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that sent `begin`, and now a byte in a while."""
    wires = [socket.create_connection(("127.0.0.1", collector.port), 5) for _ in range(count)]
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.5):
            for wire in wires:
                with contextlib.suppress(OSError):
                    wire.send(b"x")

    for wire in wires:
        wire.sendall(begin)
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield wires
    finally:
        over.set()
        thread.join()
        for wire in wires:
            wire.close()


def slowest(collector: Collector, path: str = "/healthz", *, fresh: bool = True) -> float:
    """How long an answer takes in seconds, but for the two longest of many: others use this
    machine too. Each comes on a connection of its own if `fresh`.
    """
    waits, connection = list[float](), http.client.HTTPConnection("127.0.0.1", collector.port)
    for _ in range(ASKED):
        began = time.monotonic()
        connection.request("GET", path)
        assert connection.getresponse().read()
        waits.append(time.monotonic() - began)
        if fresh:
            connection.close()
        time.sleep(0.01)
    connection.close()
    return sorted(waits)[-3]


@pytest.mark.parametrize("half", ["head", "body", "nothing"])
def test_who_never_ends_a_request_keeps_nobody_waiting(collector: Collector, half: str) -> None:
    token = collector.enrol(half, f"slow/{half}")
    whole = head(token, 1_000)
    begin = {"head": whole[:-4] + b"\r\nX-More: ", "body": whole, "nothing": b""}[half]
    good = Agent(f"slow/good-{half}", f"good-{half}", start=time.time_ns())
    sender = Sender(collector.url, collector.enrol(f"good-{half}", good.container))
    with dripping(collector, begin, IDLE):
        worst = slowest(collector)
        began = time.monotonic()
        for tick in range(5):
            sender.held(compressed(good.frame(tick)), good.clock(tick))
        posted = (time.monotonic() - began) / 5
    sender.close()
    print(f"{IDLE} slow senders ({half}): /healthz at most {worst * 1e3:.0f} ms")
    print(f"{IDLE} slow senders ({half}): a frame is held in {posted * 1e3:.0f} ms")
    assert worst < ALIVE_SECONDS


@pytest.mark.slow
def test_who_never_says_what_they_want_is_hung_up_on(collector: Collector) -> None:
    token = collector.enrol("vague", "slow/vague")
    begins = (b"", b"GET / HT", head(token, 10)[:-2])
    for begin in begins:
        with dripping(collector, begin, 20) as wires:
            time.sleep(HEAD_SECONDS + 1)
            for wire in wires:
                wire.settimeout(2)
                with contextlib.suppress(ConnectionError):
                    while wire.recv(1_000):  # an answer, perhaps; then the end, or a timeout fails
                        pass


@pytest.mark.parametrize("line", [b"X-More: " + b"y" * 8_000 + b"\r\n", b"z" * 8_010])
def test_a_head_without_an_end_is_not_read_on(collector: Collector, line: bytes) -> None:
    sent, most = 0, 64 * 2**20
    with socket.create_connection(("127.0.0.1", collector.port), 5) as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-One: ")
        with contextlib.suppress(ConnectionError):
            while sent < most:
                wire.sendall(line)
                sent += len(line)
            wire.recv(1000)
    assert sent < most, "it read 64 MB of headers"
    assert slowest(collector) < ALIVE_SECONDS


def test_who_promises_much_and_sends_little_takes_no_room_of_others(collector: Collector) -> None:
    token = collector.enrol("promising", "slow/promising")
    good = Agent("slow/room", "room", start=time.time_ns())
    sender = Sender(collector.url, collector.enrol("room", good.container))
    with dripping(collector, head(token, MAX_REQUEST_BYTES), 40):
        time.sleep(0.3)
        for tick in range(3):
            sender.held(compressed(good.frame(tick)), good.clock(tick))
    sender.close()


def gaps() -> bytes:
    """A header that is slow to read for its size."""
    many = tuple(Gap(n, n, n, n, "r") for n in range(14_000))
    header = Header("dear", "b", 0, "slow/dear", time.time_ns(), 1, 1, gaps=many)
    assert len(json.dumps(asdict(header), separators=(",", ":"))) < 2**20
    return compressed(*[pack(header, b"")] * 8)


def lists() -> bytes:
    """Headers with a member that nobody knows and that is slow to read; few bytes when sent."""
    text = json.dumps(asdict(Header("dear", "b", 0, "slow/dear", 0, 1, 1)), separators=(",", ":"))
    text = text[:-1] + ',"x":[' + ",".join(["[]"] * 340_000) + "]}"
    one = PREFIX.pack(b"VGF1", len(text), 0) + text.encode()
    return compressed(*[one] * 8)


def alike() -> bytes:
    """Two frames of many equal rows: some megabytes in a few kilobytes."""
    columns = {"host": ["host-1"] * 150_000}
    return compressed(*[crafted.host("slow/dear", [0.0] * 150_000, columns=columns)] * 2)


def wide() -> bytes:
    """Many rows under few bytes."""
    return compressed(crafted.host("slow/dear", [0.0] * 150_000))


@pytest.mark.parametrize("make", [gaps, lists, alike, wide])
def test_what_is_dear_to_read_is_read_beside(
    collector: Collector, make: Callable[[], bytes]
) -> None:
    token = collector.enrol("dear", "slow/dear")
    body, over, answers = make(), threading.Event(), list[int]()

    def press() -> None:
        sender = Sender(collector.url, token)
        while not over.is_set():
            answers.append(sender.post(body, "")[0])
        sender.close()

    thread = threading.Thread(target=press)
    thread.start()
    try:
        worst = slowest(collector, fresh=False)
    finally:
        over.set()
        thread.join()
    print(f"{make.__name__}: {len(body)} bytes, {len(answers)} times ({set(answers)}): "
          f"/healthz at most {worst * 1e3:.0f} ms")  # fmt: skip
    assert worst < ALIVE_SECONDS


def test_thousands_that_say_nothing_leave_room(tmp_path: Path) -> None:
    with Collector(tmp_path) as collector, dripping(collector, b"GET / HT", 3_000):
        assert slowest(collector) < ALIVE_SECONDS
