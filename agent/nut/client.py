"""A client of upsd, the server of Network UPS Tools: lists UPSes and their variables, changes none.

Protocol: "Network protocol information" of the NUT developer guide; NUT 1.5 and later speak it.
"""

import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from vigie.errors import SourceFailed

PORT_SECONDS: Final = 2.0
"""How long a connection may take to be made."""
MAX_LINE_BYTES: Final = 4096
MAX_LINES: Final = 4096
"""A real UPS has some hundred variables; whoever sends more is no upsd."""
STALE: Final = frozenset({"DATA-STALE", "DRIVER-NOT-CONNECTED"})
"""Answers of an upsd which is well, about a UPS whose driver is not."""


class Stale(Exception):
    """Of this UPS nothing is known now; the words of upsd."""


class Client:
    """One connection to upsd, for one turn; every call ends before the turn's time is over."""

    def __init__(self, host: str, port: int, *, limit_seconds: float) -> None:
        """Connect.

        Raises:
            OSError: nobody answers there.
        """
        self._where, self._until = f"{host}:{port}", time.monotonic() + limit_seconds
        self._socket = socket.create_connection((host, port), min(PORT_SECONDS, limit_seconds))
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._socket.close()

    def upses(self) -> tuple[str, ...]:
        """The names of all UPSes.

        Raises:
            SourceFailed: upsd refuses, or does not speak its protocol, or too slowly.
        """
        try:
            return tuple(line[1] for line in self._list("UPS", 3))
        except Stale as stale:
            raise SourceFailed("protocol", f"upsd at {self._where}: {stale}") from stale

    def variables(self, ups: str) -> dict[str, str]:
        """All variables of a UPS.

        Raises:
            Stale: its driver is away, or says nothing new.
            SourceFailed: as `upses`.
        """
        return {line[2]: line[3] for line in self._list(f"VAR {ups}", 4)}

    def _list(self, what: str, length: int) -> Iterator[list[str]]:
        """The entries of `LIST what`, each of `length` words."""
        try:
            self._socket.sendall(f"LIST {what}\n".encode())
            first = self._line()
            if first != f"BEGIN LIST {what}":
                raise _refusal(first, f"upsd at {self._where}: LIST {what}")
            for _ in range(MAX_LINES):
                line = self._line()
                if line == f"END LIST {what}":
                    return
                entry = words(line)
                if len(entry) == length:
                    yield entry
        except TimeoutError as error:
            raise SourceFailed("timeout", f"upsd at {self._where}: no answer in time") from error
        except OSError as error:
            raise SourceFailed("read", f"upsd at {self._where}: {error.strerror}") from error
        raise SourceFailed("protocol", f"upsd at {self._where}: LIST {what} has no end")

    def _line(self) -> str:
        while b"\n" not in self._rest:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            more = self._socket.recv(65_536)
            if not more:
                raise SourceFailed("read", f"upsd at {self._where} hung up")
            self._rest += more
            if len(self._rest) > MAX_LINE_BYTES and b"\n" not in self._rest:
                raise SourceFailed("protocol", f"{self._where} is no upsd: its lines have no end")
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace").strip()


def _refusal(answer: str, what: str) -> Exception:
    """The error that an answer other than the list stands for."""
    code = answer.removeprefix("ERR ").partition(" ")[0]
    if code in STALE:
        return Stale(code)
    if code == "ACCESS-DENIED":
        return SourceFailed("denied", f"{what}: access denied; let this host in by upsd.conf")
    return SourceFailed("protocol", f"{what}: answered {answer[:80]!r}")


def words(line: str) -> list[str]:
    r"""The words of a line: parted by blanks, quoted where they hold some; `\` escapes."""
    found: list[str] = []
    word, quoted, escaped, begun = "", False, False, False
    for letter in line:
        if escaped:
            word, escaped = word + letter, False
        elif letter == "\\":
            escaped = begun = True
        elif letter == '"':
            quoted, begun = not quoted, True
        elif letter == " " and not quoted:
            if begun:
                found.append(word)
            word, begun = "", False
        else:
            word, begun = word + letter, True
    return [*found, word] if begun else found
