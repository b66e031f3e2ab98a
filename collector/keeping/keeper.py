"""What people may have done with the store as a whole, as the API asks for it."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from collector import times
from collector.counters import Counters
from collector.keeping import check
from collector.keeping.backup import STAGING, back_up, check_target
from collector.keeping.status import Status
from collector.keeping.tasks import Task, Tasks
from collector.store.parts import Parts
from vigie.replies import StoreFinding, StoreStatus, StoreTask


class Keeper:
    """One store's; safe to use from any thread."""

    def __init__(
        self, parts: Parts, others: Mapping[str, Path], counters: Counters,
        clock: Callable[[], float], *, keys: Sequence[Path] = (),
    ) -> None:  # fmt: skip
        """`others` are databases that belong to the store, by name, `keys` secrets beside them.

        `clock` tells Unix time.
        """
        self._parts, self._others, self._keys, self._clock = parts, others, keys, clock
        self._status, self._tasks = Status(parts, counters), Tasks(clock)
        shutil.rmtree(parts.directory / STAGING, ignore_errors=True)  # a crash may have left it

    def status(self) -> StoreStatus:
        """How full the store is."""
        return self._status.now(self._clock())

    def measure(self) -> None:
        """Say as metrics when the disk will be full."""
        self._status.measure(self._clock())

    def verify(self) -> StoreTask:
        """Begin to read everything. Raises Refused (409) while another task runs."""
        return reply(self._tasks.start("verify", lambda tell: check.running(self._parts, tell)))

    def back_up(self, target: Path) -> StoreTask:
        """Begin a backup.

        Raises:
            Refused: 400, it may not be put there; 409, another task runs.
        """
        check_target(target, self._parts.directory)
        return reply(self._tasks.start("backup", lambda tell: back_up(
            self._parts, self._others, target, self._clock, tell, keys=self._keys
        )))  # fmt: skip

    def task(self, name: str) -> StoreTask:
        """How far a task is. Raises Refused (404) where there is none of that id."""
        return reply(self._tasks.task(name))

    def stop(self) -> None:
        """Have what runs end soon."""
        self._tasks.stop()


def reply(task: Task) -> StoreTask:
    """A task as the API tells it."""
    done = task.outcome
    return StoreTask(
        task.id, task.kind, task.state, times.text(task.started),
        None if task.ended is None else times.text(task.ended), task.done, task.total,
        done.detail, [StoreFinding(f.place, f.problem) for f in done.findings],
        done.files, done.copied_files, done.copied_bytes,
    )  # fmt: skip
