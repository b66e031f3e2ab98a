"""The protocol of upsd, against a server that says what a test wants."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from agent.nut.client import MAX_LINE_BYTES, MAX_LINES, Client, Stale, words
from vigie.errors import SourceFailed

Answer = Callable[[str], bytes]


@contextmanager
def upsd(answer: Answer) -> Iterator[int]:
    """A server on a port of its own, for one client; an empty answer hangs up."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                answered = answer(line.decode().strip())
                if not answered:
                    return
                connection.sendall(answered)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def asked(answer: Answer, *, limit: float = 5.0) -> tuple[str, ...]:
    with upsd(answer) as port, Client("127.0.0.1", port, limit_seconds=limit) as client:
        return client.upses()


def test_the_upses_by_name() -> None:
    text = b'BEGIN LIST UPS\nUPS a "Rack 1"\nUPS b "Unavailable"\nEND LIST UPS\n'
    assert asked(lambda _: text) == ("a", "b")


def test_no_ups_is_an_answer() -> None:
    assert asked(lambda _: b"BEGIN LIST UPS\nEND LIST UPS\n") == ()


def test_the_variables_of_a_ups() -> None:
    text = b'BEGIN LIST VAR a\nVAR a ups.status "OL"\nVAR a ups.mfr ""\nEND LIST VAR a\n'
    with (
        upsd(lambda question: text if question == "LIST VAR a" else b"") as port,
        Client("127.0.0.1", port, limit_seconds=5) as client,
    ):
        assert client.variables("a") == {"ups.status": "OL", "ups.mfr": ""}


@pytest.mark.parametrize("code", ["DATA-STALE", "DRIVER-NOT-CONNECTED"])
def test_a_driver_that_is_away_is_told_apart(code: str) -> None:
    with (
        upsd(lambda _: f"ERR {code}\n".encode()) as port,
        Client("127.0.0.1", port, limit_seconds=5) as client,
        pytest.raises(Stale, match=code),
    ):
        client.variables("a")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"ERR ACCESS-DENIED\n", "denied"),
        (b"ERR DATA-STALE\n", "protocol"),  # about no UPS in particular
        (b"220 mail.example ESMTP\n", "protocol"),
        (b"x" * (MAX_LINE_BYTES + 1), "protocol"),
        (b"BEGIN LIST UPS\n" + b'UPS a ""\n' * (MAX_LINES + 1), "protocol"),
        (b"", "read"),
    ],
)
def test_who_is_no_upsd_or_refuses_is_a_failure(answer: bytes, code: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        asked(lambda _: answer)
    assert caught.value.code == code


def test_a_server_that_is_silent_costs_no_more_than_its_limit() -> None:
    with pytest.raises(SourceFailed) as caught:
        asked(lambda _: b"BEGIN LIST UPS\n", limit=0.05)
    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('VAR a b "c d"', ["VAR", "a", "b", "c d"]),
        (r'VAR a b "say \"hi\" \\"', ["VAR", "a", "b", 'say "hi" \\']),
        ('VAR a b ""', ["VAR", "a", "b", ""]),
        ("  ", []),
    ],
)
def test_words_are_quoted_and_escaped(line: str, expected: list[str]) -> None:
    assert words(line) == expected
