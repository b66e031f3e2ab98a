"""Long work on the store, one at a time, in a thread of its own; what it did can be asked."""

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vigie.errors import Refused

log = logging.getLogger(__name__)

REMEMBERED: Final = 20
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written, and where."""

    place: str
    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task; numbers are those of a backup."""

    detail: str
    findings: tuple[Finding, ...] = ()
    files: int = 0
    copied_files: int = 0
    copied_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work; times in Unix seconds, progress in bytes."""

    id: str
    kind: str
    state: str
    started: float
    ended: float | None = None
    done: int = 0
    total: int = 0
    outcome: Outcome = Outcome("")


class Stopped(Exception):
    """The collector ends: a task that is told so leaves what it did as it is."""


Tell = Callable[[int, int], None]
"""Called with bytes done and bytes in all; raises `Stopped`."""
Work = Callable[[Tell], Outcome]


class Tasks:
    """The task that runs, and the last ones that did."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells Unix time."""
        self._clock = clock
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self, kind: str, work: Work) -> Task:
        """Begin a task.

        Raises:
            Refused: 409, another one runs.
        """
        with self._lock:
            running = [task for task in self._tasks.values() if task.state == RUNNING]
            if running:
                said = f"{running[0].kind} {running[0].id} is under way; wait for it"
                raise Refused(409, said)
            task = Task(secrets.token_hex(4), kind, RUNNING, self._clock())
            self._tasks[task.id] = task
            while len(self._tasks) > REMEMBERED:
                del self._tasks[next(iter(self._tasks))]
            self._thread = threading.Thread(
                target=self._run, args=(task, work), name=kind, daemon=True
            )
            self._thread.start()
        return task

    def task(self, name: str) -> Task:
        """One of them. Raises Refused (404) where there is none of that id."""
        with self._lock:
            found = self._tasks.get(name)
        if found is None:
            raise Refused(404, f"no task {name!r:.80}, or it was too long ago")
        return found

    def all(self) -> Sequence[Task]:
        """The newest last."""
        with self._lock:
            return list(self._tasks.values())

    def stop(self) -> None:
        """Have what runs end soon, and wait for it."""
        self._stopping = True
        if self._thread is not None:
            self._thread.join()

    def _run(self, task: Task, work: Work) -> None:
        def tell(done: int, total: int) -> None:
            if self._stopping:
                raise Stopped
            self._now(task.id, done=done, total=total)

        try:
            outcome = work(tell)
        except Stopped:
            self._end(task.id, FAILED, Outcome("the collector ended meanwhile; begin again"))
        except Exception as error:  # one task: the collector goes on without it
            log.exception("a task failed", extra={"task": task.kind})
            self._end(task.id, FAILED, Outcome(str(error) or type(error).__name__))
        else:
            self._end(task.id, DONE, outcome)

    def _now(self, name: str, *, done: int, total: int) -> None:
        with self._lock:
            self._tasks[name] = replace(self._tasks[name], done=done, total=total)

    def _end(self, name: str, state: str, outcome: Outcome) -> None:
        with self._lock:
            known = self._tasks[name]
            done = known.total if state == DONE else known.done
            self._tasks[name] = replace(
                known, state=state, outcome=outcome, ended=self._clock(), done=done
            )
