"""A collector's alerts in one process with a clock that obeys: what is read, and who is told what.

::

    story = Story(tmp_path)
    story.reads(Filesystem, mount="/", size_bytes=100, available_bytes=5)
    story.until("6min")
    assert story.told == [(300, "firing", "filesystem_filling")]
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from alerts.delivery import outbox
from alerts.delivery.message import Message
from alerts.lifecycle import Alert
from alerts.receivers.declared import Declared, Routing, everybody
from alerts.receivers.outcome import Outcome, Receiver, Verdict
from alerts.register import TABLES, Register
from alerts.rulebook import Rulebook
from collector.counters import Counters
from collector.duties.deliver import Deliver
from collector.duties.evaluate import Evaluate
from collector.store import schema
from vigie import catalogue
from vigie.database import Database, Table
from vigie.document import duration
from vigie.shape import Kind, Measurement, Value

START = 1_800_000_000.0
"""When every story begins, Unix time."""
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CONTAINER = "paris/a"
RECENT = pa.schema([pa.field("position", pa.int64(), nullable=False), *schema.EVENTS])


class Rows:
    """The seam of the store's newest rows, in memory."""

    def __init__(self) -> None:
        self.commit = 0
        self.rows: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
        self._tables: dict[str, pa.Table] = {}

    def put(
        self,
        measurement: type[Measurement],
        container: str,
        time: float,
        values: Mapping[str, Value],
    ) -> None:
        """The newest row of one series, unless a newer one is there."""
        row: dict[str, Any] = {f.name: None for f in measurement.values}
        row |= {key.name: "host-1" if key.name == "host" else "test" for key in measurement.keys}
        for name, value in values.items():
            declared = measurement.field(name)
            worded = declared is not None and declared.kind is Kind.STATE
            row[name] = declared.codes.index(str(value)) if declared and worded else value
        row |= {"time": round(time * 1e6), "container": container, "quality": 0, "suspect": 0}
        series = (container, *(str(row[key.name]) for key in measurement.keys))
        known = self.rows.setdefault(measurement.name, {})
        if series not in known or known[series]["time"] <= row["time"]:
            known[series] = row
        self._tables.pop(measurement.name, None)
        self.commit += 1

    def table(self, measurement: str) -> pa.Table:
        """The newest row of every series."""
        declared = catalogue.measurement(measurement)
        if measurement not in self._tables and declared and measurement in self.rows:
            self._tables[measurement] = pa.Table.from_pylist(
                list(self.rows[measurement].values()), schema=schema.raw(declared)
            )
        return self._tables.get(measurement, pa.table({}))

    def wait(self, after: int, timeout: float) -> int:
        """Nothing to wait for."""
        return self.commit


class Store:
    """The seam of the store: newest rows, and events by position."""

    def __init__(self) -> None:
        self.live = Rows()
        self.events: list[dict[str, Any]] = []

    def happens(
        self, code: str, time: float, learned: float, *, container: str = CONTAINER,
        detail: str = "", **keys: str,
    ) -> None:  # fmt: skip
        """One event came."""
        self.live.commit += 1
        self.events.append({
            "position": self.live.commit, "time": round(time * 1e6),
            "learned": round(learned * 1e6), "container": container, "agent": "agent-1",
            "code": code, "severity": "warning", "keys": json.dumps(keys), "detail": detail,
        })  # fmt: skip

    def events_since(self, position: int) -> pa.Table:
        """Events after that position."""
        newer = [event for event in self.events if event["position"] > position]
        return pa.Table.from_pylist(newer, schema=RECENT)


@dataclass
class Desk:
    """A receiver that notes what it is told, and can be down or break."""

    clock: Callable[[], float]
    verdict: Verdict = Verdict.DELIVERED
    attempts: list[float] = field(default_factory=list)
    taken: list[tuple[float, Message]] = field(default_factory=list)
    crash: Exception | None = None

    def deliver(self, message: Message, now: float) -> Outcome:
        """Take it, or not."""
        self.attempts.append(now)
        if self.crash is not None:
            raise self.crash
        if self.verdict is Verdict.DELIVERED:
            self.taken.append((now, message))
        return Outcome(self.verdict, "as the story says")


@dataclass
class Sensor:
    """Something that is read again and again."""

    measurement: type[Measurement]
    container: str
    every: float
    values: dict[str, Value]
    due: float


class Story:
    """A clock, a store, rules, alerts, and receivers."""

    tables: tuple[Table, ...] = (*TABLES, *outbox.TABLES)

    def __init__(
        self, folder: Path, *, rules: str | None = None,
        receivers: Sequence[Declared] | None = None, simulated: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.folder, self.now, self.simulated = folder, START, simulated
        self.resting: set[str] = set()
        """Containers that are not in service."""
        self.deaf = False
        """Whether the collector can take nothing in."""
        self.step = 1.0
        self.store, self.sensors = Store(), dict[tuple[str, ...], Sensor]()
        self.announced: list[tuple[str, dict[str, Any]]] = []
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        own = folder / "rules"
        own.mkdir(exist_ok=True)
        if rules is not None:
            (own / "own.toml").write_text(rules)
        self.rule_file = own / "own.toml"
        self.receivers = receivers if receivers is not None else [declared("desk", secret)]
        self.desks = {d.name: Desk(lambda: self.now) for d in self.receivers}
        self.starts()

    def starts(self) -> None:
        """The collector starts on what is on disk."""
        self.database = Database(self.folder / "state.db", self.tables)
        self.counters = Counters()
        self.rulebook = Rulebook(self.rule_file.parent)
        self.outbox = outbox.Outbox(self.database)
        self.register = Register(
            self.database, self.outbox, self.routing(), lambda: self.rulebook.rules
        )
        self.evaluate = Evaluate(
            self.store, self.rulebook, self.register, self.counters,
            simulated=lambda: self.simulated,
            in_service=lambda path: path not in self.resting,
            hears=lambda: not self.deaf,
            publish=lambda event, data: self.announced.append((event, data)),
        )  # fmt: skip
        self.deliver = Deliver(
            self.outbox, self.receivers, self.counters,
            make=self._desk, clock=lambda: self.now, draw=lambda: 1.0,
        )  # fmt: skip

    def routing(self) -> Routing:
        """Who is told of an alert."""
        return everybody(self.receivers)

    def _desk(self, declared: Declared) -> Receiver:
        return self.desks[declared.name]

    def crashes(self) -> None:
        """The process ends without a word; another starts."""
        self.database.close()
        self.starts()

    @property
    def desk(self) -> Desk:
        """The first receiver."""
        return self.desks[self.receivers[0].name]

    def reads(
        self, measurement: type[Measurement], *, container: str = CONTAINER, every: str = "10s",
        **values: Value,
    ) -> None:  # fmt: skip
        """From now on this is what is read."""
        keys = (str(values.get(key.name, "")) for key in measurement.keys)
        self.sensors[measurement.name, container, *keys] = Sensor(
            measurement, container, duration(every), dict(values), self.now
        )

    def falls_silent(self, measurement: type[Measurement] | None = None) -> None:
        """From now on nothing comes (of that measurement)."""
        for key in [k for k in self.sensors if measurement is None or k[0] == measurement.name]:
            del self.sensors[key]

    def until(self, time: str, *, deliver: bool = True) -> None:
        """Let the story go on until that time, step by step."""
        end = START + duration(time)
        while self.now < end:
            self.tick(deliver=deliver)
            self.now += self.step
        self.tick(deliver=deliver)

    def tick(self, *, deliver: bool = True) -> None:
        """One moment: read, look, tell."""
        for sensor in self.sensors.values():
            if self.now >= sensor.due:
                self.store.live.put(sensor.measurement, sensor.container, self.now, sensor.values)
                sensor.due = self.now + sensor.every
        self.evaluate.run(datetime.fromtimestamp(self.now, UTC))
        if deliver:
            self.delivers()

    def delivers(self) -> None:
        """Every worker sends what is due."""
        for name in self.deliver.lines:
            for _ in range(1_000):
                if self.deliver.turn(name, self.now) > 0:
                    break

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """What the first receiver took: at which second, which state, of which rule."""
        return self.told_to(self.receivers[0].name)

    def told_to(self, name: str) -> list[tuple[int, str, str]]:
        """What a receiver took."""
        found = []
        for time, message in self.desks[name].taken:
            data = json.loads(message.body)["data"]
            found.append((round(time - START), data["state"], data["rule"]))
        return found

    def alert(self, rule: str) -> Alert:
        """The one alert of that rule."""
        (found,) = self.register.of(rule).values()
        return found


def declared(name: str, secret: Path, **more: Any) -> Declared:
    """A receiver at an address that nobody calls."""
    return Declared(name, "webhook", f"http://{name}.example/hook", secret, **more)
