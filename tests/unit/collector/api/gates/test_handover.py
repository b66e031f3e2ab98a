import socket

import pytest

from collector.api.gates import handover


class Transport:
    """Of a connection, as a loop has it."""

    def __init__(self, held: socket.socket | None) -> None:
        self.held, self.aborted = held, False

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self.held if name == "socket" else None

    def abort(self) -> None:
        assert self.held
        self.aborted = True
        self.held.close()


def test_a_connection_goes_on_where_it_was_given_to() -> None:
    ours, theirs = handover.pair()
    client, server = socket.socketpair()
    with ours, theirs, client:
        transport = Transport(server)
        assert handover.give(ours, transport, b"told", b"read before")
        assert transport.aborted
        taken = handover.take(theirs)
        assert taken is not None
        connection, told, read = taken
        with connection:
            assert (told, read) == (b"told", b"read before")
            client.sendall(b"more")
            connection.setblocking(True)
            assert connection.recv(10) == b"more"
            connection.sendall(b"answer")
        assert client.recv(10) == b"answer"


def test_what_cannot_be_given_stays() -> None:
    ours, theirs = handover.pair()
    assert not handover.give(ours, Transport(None), b"", b"")
    theirs.close()
    client, server = socket.socketpair()
    with ours, client, server:
        transport = Transport(server)
        assert not handover.give(ours, transport, b"", b"")
        assert not transport.aborted


def test_who_waits_for_connections_hears_when_there_will_be_none() -> None:
    ours, theirs = handover.pair()
    theirs.setblocking(False)
    assert handover.take(theirs) is None
    ours.close()
    with theirs, pytest.raises(EOFError):
        handover.take(theirs)
