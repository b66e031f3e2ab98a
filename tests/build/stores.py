"""A store in a folder, opened and closed as a collector does, for tests."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from collector.counters import Counters
from collector.store import state
from collector.store.catchup import Recovery
from collector.store.groups import Appended
from collector.store.quarantine import Found, Quarantine
from collector.store.store import Store
from tests.build import requests
from tests.build.requests import START
from vigie.errors import Unavailable
from vigie.settings import StoreSettings


class Opened:
    """One run of a collector's store; `now` is its clock, in microseconds."""

    def __init__(
        self, directory: Path, settings: StoreSettings | None = None,
        kind: Callable[..., Store] = Store, *, begun: bool = False,
    ) -> None:  # fmt: skip
        """`begun` alone: it takes, and catches up when it is told to."""
        self.directory = directory
        self.now = START
        self.fatal: list[BaseException] = []
        found: list[Found] = []
        quarantine = Quarantine(directory / "quarantine", found.append)
        self.database = state.open_state(directory / "state.db", state.TABLES, quarantine)
        self.counters = Counters()
        self.store = kind(
            directory, requests.decode, settings or StoreSettings(sync=0, reserve_bytes=0),
            self.database, self.counters, lambda: self.now * 1_000, fatal=self.fatal.append,
        )  # fmt: skip
        if begun:
            self.store.begin(found)
        else:
            self.recovery: Recovery = self.store.open(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self.database.close()

    def send(self, *bodies: bytes) -> list[Appended]:
        """Append requests, and wait until all are acknowledged."""
        answers: list[Appended | Exception] = []
        arrived = threading.Semaphore(0)

        def done(answer: Appended | Exception) -> None:
            answers.append(answer)
            arrived.release()

        sent = requests.envelope(self.now)
        for body in bodies:
            self.store.append(sent, body, requests.decode(body, sent), done)
        for _ in bodies:
            if not arrived.acquire(timeout=60):
                raise Unavailable("no acknowledgement")
        failed = [a for a in answers if isinstance(a, Exception)]
        if failed:
            raise failed[0]
        return [a for a in answers if isinstance(a, Appended)]

    def flush(self) -> None:
        """Bring the tail into the tables."""
        self.store.flush(self.now * 1_000)

    def rows(self, table: str, *columns: str, scopes: Sequence[str] = ("",)) -> list[Any]:
        """All rows of a table, sorted; of one column its values alone."""
        found = self.store.scan(table, list(columns) or None, None, None, scopes, {})
        rows = [tuple(row.values()) for row in found.to_pylist()]
        return sorted(row[0] for row in rows) if len(columns) == 1 else sorted(rows, key=repr)

    def codes(self) -> list[str]:
        """Codes of all events there are."""
        return [str(code) for code in self.rows("events", "code")]


def moment(microseconds: int) -> datetime:
    """A time of the store as callers say it."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
