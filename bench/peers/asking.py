"""The four questions over HTTP: asked of a system, timed, and held against the truth."""

import http.client
import json
import statistics
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.peers.telemetry import Truth, Workload
from vigie.errors import VigieError

QUESTIONS: Final[Mapping[str, str]] = {
    "a": "latest of a container",
    "b": "10 min mean power of every container",
    "c": "fleet power and p95 temperature by minute",
    "d": "20 hottest of the network",
}
ROUNDS: Final = 7
TOLERANCE: Final = 1e-6
"""By how much an answer may differ from the truth, as a share: floats are added in any order."""
NEAREST: Final = 0.02
"""The same of a percentile: some interpolate, some take the nearest rank."""
ASKED: Final = 7
"""The container whose latest is asked, or the last one there is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about: Unix times of the whole, and which container."""

    start: int
    end: int
    container: int
    containers: int

    @classmethod
    def of(cls, work: Workload) -> "Asked":
        """About the end of a workload."""
        return cls(work.start, work.end, min(ASKED, work.containers - 1), work.containers)

    @property
    def ten_minutes(self) -> int:
        """Where the last ten minutes begin, or what there is."""
        return max(self.start, self.end - 600)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as numbers: of a one sum a field, of b a mean a container, of d one sum.

    Of c the power of every minute, and after that the temperature of every minute.
    """

    numbers: Sequence[float]
    tier: str = ""
    """From what it was answered, where the system says so."""


@dataclass(slots=True)
class Web:
    """One kept-alive connection that asks."""

    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    def get(self, path: str, **query: object) -> Any:
        """The JSON that a path answers.

        Raises:
            VigieError: it answers something else than 200.
        """
        return self.call("GET", path + "?" + urllib.parse.urlencode(query, doseq=True))

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The same of any method; None where the answer is empty."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            self._connection.request(method, path, body, dict(self.headers))
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if not 200 <= answer.status < 300:
            raise VigieError(f"{path:.200} answered {answer.status}: {text[:500]!r}")
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text.decode()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@dataclass(frozen=True, slots=True)
class Timed:
    """A question's median, and what it was answered from."""

    milliseconds: float
    first: float
    """The first call's, with cold caches."""
    tier: str


def timed(question: str, ask: Callable[[], Reply], truth: Truth, container: int) -> Timed:
    """Ask once for the truth and several times for the clock.

    Raises:
        VigieError: the answer is not the truth.
    """
    took: list[float] = []
    reply = Reply(())
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        reply = ask()
        took.append((time.perf_counter() - begun) * 1e3)
    wrong = disagreement(question, reply.numbers, truth, container)
    if wrong:
        raise VigieError(f"question {question} ({QUESTIONS[question]}): {wrong}")
    return Timed(statistics.median(took[1:]), took[0], reply.tier)


def disagreement(question: str, numbers: Sequence[float], truth: Truth, container: int) -> str:
    """In what an answer differs from the truth; empty where it does not."""
    if question == "a":
        return _compared(numbers, [float(v) for v in truth.latest[:, container]], TOLERANCE)
    if question == "b":
        return _compared(sorted(numbers), sorted(map(float, truth.power)), TOLERANCE)
    if question == "d":
        return _compared(numbers, [truth.hottest], TOLERANCE)
    power, heat = zip(*truth.fleet, strict=True) if truth.fleet else ((), ())
    half = len(numbers) // 2
    return _compared(numbers[:half], power, TOLERANCE) or _compared(numbers[half:], heat, NEAREST)


def _compared(got: Sequence[float], wanted: Sequence[float], tolerance: float) -> str:
    if len(got) != len(wanted):
        return f"{len(got)} numbers came, {len(wanted)} were sent"
    for number, (one, other) in enumerate(zip(got, wanted, strict=True)):
        if abs(one - other) > tolerance * max(abs(other), 1e-9):
            return f"number {number} is {one}, and {other} was sent"
    return ""
