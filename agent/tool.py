"""A program of the system that a source starts: one at a time, bounded, ended as a group.

A program that hangs in a driver may outlive even SIGKILL. It is then left behind and remembered:
no second one is started beside it, and the source says so at every turn.
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vigie.errors import Absent, SourceFailed

KILL_SECONDS: Final = 2.0
"""How long a killed program may take to go."""
MAX_OUTPUT_BYTES: Final = 16 * 2**20
_PIECE_BYTES: Final = 65_536
MAX_COMPLAINTS: Final = 4096


@dataclass(frozen=True, slots=True)
class Done:
    """What a program left: its exit status, what it wrote, its first complaint, and all of them."""

    status: int
    out: bytes
    complaint: str
    complaints: str = ""


def where(program: str) -> str | None:
    """The path of an installed program, or None; administrators' folders count."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    return shutil.which(program, path=path)


class Tool:
    """One program; `run` is called from one thread."""

    def __init__(
        self, program: str, *, limit_seconds: float, grant: str = "",
        kill: Callable[[int, int], None] = os.killpg,
    ) -> None:  # fmt: skip
        """`grant` is the command that installs it; `kill` ends a process group."""
        self.program, self._limit, self._grant, self._kill = program, limit_seconds, grant, kill
        self._left: subprocess.Popen[bytes] | None = None

    def find(self) -> str:
        """Where the program is.

        Raises:
            Absent: it is not installed.
        """
        found = where(self.program)
        if found is None:
            raise Absent(f"{self.program} is not installed" + (self._grant and f": {self._grant}"))
        return found

    def run(self, *arguments: str) -> Done:
        """Run it to its end, whatever its exit status.

        Raises:
            Absent: it is not installed.
            SourceFailed: `timeout` it was ended, `stuck` one before it could not be ended,
                `tool` it could not be started or wrote too much.
        """
        if self._left is not None and self._left.poll() is None:
            raise SourceFailed(
                "stuck", f"{self.program} (process {self._left.pid}) hangs in the kernel and "
                "cannot be ended; look at the device, restart the host if it stays so",
            )  # fmt: skip
        self._left = None
        try:
            process = subprocess.Popen(
                [self.find(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            )  # fmt: skip
        except OSError as error:
            raise SourceFailed("tool", f"{self.program}: {error.strerror}") from error
        until = time.monotonic() + self._limit
        try:
            out, err = _written(process, until)
            process.wait(max(0.0, until - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            self._end(process)
            raise SourceFailed(
                "timeout", f"{self.program} {' '.join(arguments)}: no end after {self._limit:g} s"
            ) from error
        except OverflowError as error:
            self._end(process)
            raise SourceFailed("tool", f"{self.program} {' '.join(arguments)}: {error}") from error
        _shut(process)
        complaints = err.decode(errors="replace").strip()[:MAX_COMPLAINTS]
        complaint = complaints.partition("\n")[0][:300]
        return Done(process.returncode, out, complaint, complaints)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill it with its children; remember it if it does not go."""
        with contextlib.suppress(ProcessLookupError):
            self._kill(process.pid, signal.SIGKILL)
        _shut(process)
        try:
            process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._left = process


def _written(process: "subprocess.Popen[bytes]", until: float) -> tuple[bytes, bytes]:
    """All that it writes to stdout and to stderr, until both are closed.

    Raises:
        TimeoutError: they are not at that time of the monotonic clock.
        OverflowError: it is more than `MAX_OUTPUT_BYTES`, and may be without end.
    """
    written = [bytearray(), bytearray()]
    with selectors.DefaultSelector() as waiting:
        for pipe, into in zip((process.stdout, process.stderr), written, strict=True):
            assert pipe is not None  # noqa: S101 - as it was started
            waiting.register(pipe, selectors.EVENT_READ, into)
        while waiting.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            for ready, _ in waiting.select(left):
                piece = os.read(ready.fd, _PIECE_BYTES)
                ready.data.extend(piece)
                if not piece:
                    waiting.unregister(ready.fileobj)
                if len(ready.data) > MAX_OUTPUT_BYTES:
                    raise OverflowError(f"wrote more than {MAX_OUTPUT_BYTES} bytes")
    return bytes(written[0]), bytes(written[1])


def _shut(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
