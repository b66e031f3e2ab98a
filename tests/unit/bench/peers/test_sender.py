"""The sender: containers keep their connection, refusals are sent again, answers are whole."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers.sender import Requests, Target, complete, send
from bench.peers.server import calls
from vigie.errors import VigieError

GOOD = b"HTTP/1.1 204 No Content\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
WRONG = b"HTTP/1.1 400 Bad\r\nContent-Length: 4\r\n\r\nnope"


@pytest.fixture
def server() -> Iterator[tuple[int, list[bytes], list[bytes]]]:
    """A server of one connection at a time: its port, the bodies it got, answers to give first."""
    listening = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []
    answers: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                while head := lines.readline():
                    size = 0
                    while (line := lines.readline()) != b"\r\n":
                        name, _, value = line.partition(b":")
                        size = int(value) if name.lower() == b"content-length" else size
                    got.append(head.split()[1] + b" " + lines.read(size))
                    connection.sendall(answers.pop(0) if answers else GOOD)

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1], got, answers
    listening.close()


def test_requests_go_as_they_are_and_a_busy_server_gets_them_again(
    server: tuple[int, list[bytes], list[bytes]], tmp_path: Path
) -> None:
    port, got, answers = server
    answers += [GOOD, BUSY]
    requests = Requests.written(tmp_path / "r", [b"one", b"two", b"three"], 3)
    outcome = send(Target(port, "/w", {}), requests, range(3), 1)
    assert got == [b"/w one", b"/w two", b"/w two", b"/w three"]
    assert (outcome.acknowledged, outcome.refused) == (3, 1)


def test_what_is_refused_for_good_ends_it_with_the_reason(
    server: tuple[int, list[bytes], list[bytes]], tmp_path: Path
) -> None:
    port, _, answers = server
    answers.append(WRONG)
    requests = Requests.written(tmp_path / "r", [b"one"], 1)
    with pytest.raises(VigieError, match=r"(?s)400.*nope"):
        send(Target(port, "/w", {}), requests, range(1), 1)


def test_a_container_keeps_its_connection_in_every_tick(tmp_path: Path) -> None:
    requests = Requests.written(tmp_path / "r", [b"x"] * 10, 5)
    lanes = [list(lane) for lane in requests.lanes(range(10), 2)]
    assert lanes == [[0, 2, 4, 5, 7, 9], [1, 3, 6, 8]]
    assert len(requests.lanes(range(10), 64)) == 5, "no more than there are requests of a tick"


def test_an_answer_is_whole_when_its_length_is_there() -> None:
    assert complete(GOOD)
    assert not complete(WRONG[:-1])
    assert complete(WRONG)
    assert not complete(GOOD[:-1])


def test_the_calls_of_strace_are_its_total() -> None:
    table = "100.00  0.001  5  {calls}total\n"
    assert calls(table.format(calls="206 ")) == 206
    assert calls(table.format(calls="206  3 ")) == 206
    assert calls("") == 0
