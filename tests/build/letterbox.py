"""A mail server on a port of its own, that takes letters or behaves as it is told to."""

import base64
import contextlib
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

TICK = 0.1


@dataclass
class Letterbox:
    """What it answers, and what it was given."""

    port: int = 0
    greeting: bytes = b"220 letterbox.example ESMTP"
    replies: dict[str, bytes] = field(default_factory=dict)
    """What to say to a verb, or to `.` at the end of a letter, in place of yes."""
    refused: dict[str, bytes] = field(default_factory=dict)
    """What to say to an address."""
    drip: bool = False
    secure: ssl.SSLContext | None = None
    """With it STARTTLS is offered, and names and passwords are asked for behind it."""
    at_once: bool = False
    """TLS from the first byte on."""
    letters: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """Every command, in its order; `TLS` where it began."""
    names: list[str | None] = field(default_factory=list)
    """What TLS was asked for."""
    _server: socketserver.ThreadingTCPServer | None = None
    _ending: threading.Event = field(default_factory=threading.Event)

    def open(self) -> None:
        """Begin to listen."""
        box = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                talk = _Talk(box, self)
                with contextlib.suppress(OSError):
                    talk.run()
                talk.close()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens there any more."""
        self._ending.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _yes(_: str) -> bytes:
    return b"250 yes"


class _Talk:
    """One connection."""

    def __init__(self, box: Letterbox, handler: socketserver.StreamRequestHandler) -> None:
        self._box, self._handler = box, handler
        self._sock, self._read = handler.request, handler.rfile
        self._verbs: dict[str, Callable[[str], bytes]] = {
            "EHLO": self._hello, "STARTTLS": lambda _: b"220 go on", "AUTH": self._proof,
            "RCPT": self._recipient, "DATA": lambda _: b"354 go on",
        }  # fmt: skip
        self._open = not box.secure

    def run(self) -> None:
        box = self._box
        if box.drip:
            while not box._ending.wait(TICK):
                self._sock.sendall(b"2")
            return
        if box.at_once:
            self._secure()
        self._say(box.greeting)
        while line := self._read.readline():
            command = line.decode().strip()
            verb = command.partition(" ")[0].upper()
            box.heard.append(command)
            if verb == "QUIT":
                return
            reply = box.replies.get(verb) or self._verbs.get(verb, _yes)(command)
            self._say(reply)
            if verb == "STARTTLS" and reply.startswith(b"2"):
                self._secure()
            if verb == "DATA" and reply.startswith(b"3"):
                self._letter()

    def close(self) -> None:
        """TLS took the socket over; nobody else closes it."""
        self._read.close()
        self._sock.close()

    def _hello(self, _: str) -> bytes:
        if self._box.secure is None:
            return b"250 letterbox.example"
        return b"250-letterbox.example\r\n250 " + (b"AUTH PLAIN" if self._open else b"STARTTLS")

    def _proof(self, command: str) -> bytes:
        _, user, password = base64.b64decode(command.split()[2]).split(b"\0")
        return b"235 yes" if (user, password) == (b"vigie", b"open sesame") else b"535 no"

    def _recipient(self, command: str) -> bytes:
        address = command.partition("<")[2].partition(">")[0]
        self._box.recipients.append(address)
        return self._box.refused.get(address, b"250 yes")

    def _letter(self) -> None:
        lines = []
        while (line := self._read.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        reply = self._box.replies.get(".", b"250 taken")
        if reply.startswith(b"2"):
            self._box.letters.append(b"".join(lines))
        self._say(reply)

    def _secure(self) -> None:
        context = self._box.secure
        assert context is not None
        context.sni_callback = lambda _, name, __: self._box.names.append(name)
        self._sock = context.wrap_socket(self._sock, server_side=True)
        self._read = self._sock.makefile("rb")
        self._box.heard.append("TLS")
        self._open = True

    def _say(self, reply: bytes) -> None:
        self._sock.sendall(reply + b"\r\n")
