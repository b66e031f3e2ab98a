"""A source in a process of its own, so that one that hangs in a driver can be ended.

The process is ended as a group when it does not answer in time. One that outlives even SIGKILL is
left behind and remembered: no second one is started beside it, and every turn says so at once.
"""

import contextlib
import logging
import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from agent import child, clock
from agent.breaker import Breaker
from agent.source import Found, Source
from agent.tool import KILL_SECONDS
from vigie.errors import Absent, SourceFailed

ABSENT_SECONDS: Final = 300.0
"""How long it is taken as known that the machine does not have what the source reads."""
CLOSE_SECONDS: Final = 1.5
"""How long its process may take to end by itself when nothing more is wanted."""
MARGIN_SECONDS: Final = 1.0
MAX_ANSWER_BYTES: Final = 64 * 2**20
_MILLISECONDS: Final = 1_000

log = logging.getLogger(__name__)


class Broke(Exception):
    """The source raised what no source should; its own words."""


class Apart:
    """Another source, read in a child process; keeps the contract of a source itself.

    It returns before its own limit: that of the other, and the time that ending it may take.
    """

    apart = False

    def __init__(
        self,
        source: Source,
        *,
        kill: Callable[[int, int], None] = os.killpg,
        seconds: Callable[[], float] = clock.seconds,
    ) -> None:
        """`kill` ends a process group; `seconds` is a clock that never steps."""
        self.name, self.measurements = source.name, source.measurements
        self.reads, self.runs = source.reads, source.runs
        self.period_seconds = source.period_seconds
        self.limit_seconds = source.limit_seconds + KILL_SECONDS + MARGIN_SECONDS
        self._source, self._limit = source, source.limit_seconds
        self._kill, self._seconds = kill, seconds
        self._breaker = Breaker()
        self._wanted = self._there = False
        self._absence, self._absent_until = "", 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self._left: subprocess.Popen[bytes] | None = None
        self._why: SourceFailed | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes: the one that serves, and one that could not be ended."""
        return tuple(p.pid for p in (self._child, self._left) if p is not None)

    @property
    def starts(self) -> int:
        """How often its process was started."""
        return self._breaker.starts

    def open(self) -> None:
        """Open the other source over there; raises as that does, or as `read`."""
        self._wanted, self._there = True, False
        self._reopen(self._seconds() + self._limit)

    def read(self, now: int) -> Found:
        """One turn of the other source.

        Raises:
            Absent: as the other source.
            SourceFailed: as the other; or `timeout` it did not answer and was ended, `stuck` it
                could not be ended or is not to be started again yet, `died` its process ended.
            Broke: the other source has a bug.
        """
        if not self._wanted:
            raise SourceFailed("closed", f"{self.name}: read before open")
        until = self._seconds() + self._limit
        if not self._there:
            self._reopen(until)
        told = self._ask(child.packed(("read", now)), until)
        return child.understood(told, self.measurements)

    def close(self) -> None:
        """Let its process end; harmless when there is none."""
        self._wanted, self._absent_until = False, 0.0
        self._let_go()

    def _let_go(self) -> None:
        process, self._child, self._there = self._child, None, False
        if process is None:
            return
        _shut(process)
        try:
            process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._end(process)

    def _reopen(self, until: float) -> None:
        """Have a process with the source in it, and the source open there."""
        if self._seconds() < self._absent_until:
            raise Absent(self._absence)
        if self._child is None:
            try:
                body = child.packed(pickle.dumps(self._source))
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                words = f"{self.name} cannot be pickled: {error}"
                raise SourceFailed("contract", words) from error
            self._child = self._started()
            try:
                self._ask(body, until)
            except SourceFailed:
                self._let_go()
                raise
        try:
            self._ask(child.packed(("open",)), until)
        except Absent as absence:
            # A process that has nothing to read is not kept, nor started again all the time.
            self._let_go()
            self._absence, self._absent_until = str(absence), self._seconds() + ABSENT_SECONDS
            raise
        self._there = True

    def _started(self) -> "subprocess.Popen[bytes]":
        """A new process, unless an old one hangs or died only just now."""
        if self._left is not None and self._left.poll() is None:
            raise SourceFailed(
                "stuck", f"{self.name}: process {self._left.pid} hangs in the kernel and cannot be "
                "ended; look at the device, restart the host if it stays so",
            )  # fmt: skip
        self._left = None
        now = self._seconds()
        wait = self._breaker.wait(now)
        if wait and self._why is not None:
            code = "stuck" if self._why.code == "timeout" else self._why.code
            raise SourceFailed(code, f"{self._why}; start {self.starts + 1} in {wait:.0f} s")
        self._breaker.start(now)
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100 - "" is here
        try:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", child.CODE, self.name],  # the name is for `ps`
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
        except OSError as error:
            self._breaker.fail(now)
            self._why = SourceFailed("died", f"{self.name}: {sys.executable}: {error.strerror}")
            raise self._why from error

    def _ask(self, body: bytes, until: float) -> tuple[Any, ...]:
        """What the process answers; it is ended if it does not in time, or answers nonsense."""
        process = self._child
        assert process is not None  # noqa: S101 - whoever asks has started it
        try:
            kind, *rest = child.answered(self._exchange(process, body, until))
        except (OSError, EOFError, SourceFailed) as error:  # no time left is an OSError too
            raise self._gave_up(process, error) from error
        if kind == "absent":
            raise Absent(*rest)
        if kind == "failed":
            raise SourceFailed(*rest)
        if kind == "broke":
            raise Broke(*rest)
        return tuple(rest)

    def _exchange(self, process: "subprocess.Popen[bytes]", body: bytes, until: float) -> bytes:
        assert process.stdin is not None  # noqa: S101 - as it was started
        assert process.stdout is not None  # noqa: S101
        into, out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(into, False)
        while body:
            self._ready(into, select.POLLOUT, until)
            body = body[os.write(into, body) :]
        (length,) = child.LENGTH.unpack(self._bytes(out, child.LENGTH.size, until))
        if length > MAX_ANSWER_BYTES:
            raise SourceFailed("contract", f"an answer of {length} bytes")
        return self._bytes(out, length, until)

    def _bytes(self, descriptor: int, count: int, until: float) -> bytes:
        received = bytearray()
        while len(received) < count:
            self._ready(descriptor, select.POLLIN, until)
            piece = os.read(descriptor, count - len(received))
            if not piece:
                raise EOFError
            received += piece
        return bytes(received)

    def _ready(self, descriptor: int, event: int, until: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left = max(0.0, until - self._seconds())
        if not poll.poll(left * _MILLISECONDS):
            raise TimeoutError

    def _gave_up(self, process: "subprocess.Popen[bytes]", error: Exception) -> SourceFailed:
        """End a process that is of no use any more; what to say of it."""
        self._child, self._there = None, False
        _shut(process)
        self._end(process)
        self._breaker.fail(self._seconds())
        if isinstance(error, TimeoutError):
            left = f"; process {process.pid} cannot be ended" if self._left else ""
            words = f"no answer after {self._limit:g} s{left}"
            self._why = SourceFailed("timeout", f"{self.name}: {words}")
        elif isinstance(error, SourceFailed):
            self._why = SourceFailed(error.code, f"{self.name}: {error}")
        else:
            self._why = SourceFailed("died", f"{self.name}: its process {_end_of(process)}")
        fields = {"source": self.name, "pid": process.pid, "start": self.starts}
        log.warning("source process given up", extra={**fields, "reason": self._why})
        return self._why

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill it with its children; remember it if it does not go."""
        with contextlib.suppress(ProcessLookupError):
            self._kill(process.pid, signal.SIGKILL)
        try:
            process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._left = process


def guarded(sources: Iterable[Source]) -> tuple[Source, ...]:
    """The same sources, those that may hang for good each in a process of its own."""
    return tuple(Apart(source) if source.apart else source for source in sources)


def _shut(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _end_of(process: "subprocess.Popen[bytes]") -> str:
    status = process.returncode
    if status is None or status >= 0:
        return f"ended with status {status}"
    return f"was ended by signal {-status} ({signal.strsignal(-status)})"
