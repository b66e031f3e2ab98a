"""Rules before a played network: what the twin tells goes the way of frames into a store's memory.

::

    story = Watched(tmp_path, network(), scenario="power")
    story.until("1h")
    assert story.fired == {("ups_on_battery", "site/c1")}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from agent.encode import Encoder
from alerts.lifecycle import Alert, State
from collector.counters import Counters
from collector.duties.commitments import Around, Commitments
from collector.duties.own import Own
from collector.intake.decode import decode
from collector.kpis.sovereignty.rules import Judged
from collector.store.apply import Entry, Memory
from collector.store.entry import Clock, Envelope
from tests.build.alarm import Story
from twin.player import ContainerPlayer
from twin.wire.frames import Framer
from twin.world import players
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.places import Lifecycle
from vigie.units import NANOSECONDS_PER_SECOND

AGENT: Final = "twin"
BOOT: Final = "boot-1"
COMMITMENT_SECONDS: Final = 60.0
LATE_SECONDS: Final = 48 * 3_600


class Stored(dict[str, int]):
    """Every table has its rows already, so that only the newest are kept here."""

    def get(self, key: str, default: Any = None) -> Any:
        """The position up to which a table has its rows: further than any."""
        return 2**62


class Played:
    """The seam of the store, fed with frames as the store is, and nothing on disk."""

    def __init__(self) -> None:
        self.memory, self.position = Memory(LATE_SECONDS, Counters()), 0

    @property
    def live(self) -> Any:
        """The newest rows."""
        return self.memory.live

    def events_since(self, position: int) -> pa.Table:
        """Events after that position."""
        return self.memory.recent.since(position)

    def take(self, body: bytes, path: str, received: int, monotonic: int) -> None:
        """One request, as it came at that time (ns UTC) from an agent of that monotonic clock."""
        clocks = {BOOT: Clock(BOOT, received, monotonic)}
        envelope = Envelope("p", path, True, received, True, clocks)
        self.position += 1
        entry = Entry(self.position, envelope, decode(body, envelope))
        self.memory.apply([entry], Stored())


class Line:
    """One container's agent: frames wait while its line is down."""

    def __init__(self, player: ContainerPlayer, start: float) -> None:
        self.player, self._start, self._sequence = player, start, 0
        self._framer, self._encoder = Framer(), Encoder(AGENT, BOOT, player.path)
        self._waiting: list[bytes] = []

    def tick(self, store: Played, now: float, seconds: float) -> None:
        """Go on by so many seconds up to Unix time `now`, and send."""
        at = round(now * NANOSECONDS_PER_SECOND)
        monotonic = at - round((self._start - 3_600) * NANOSECONDS_PER_SECOND)
        turn = self.player.step(at, seconds)
        for contents in self._framer.contents([turn]):
            self._waiting.append(
                self._encoder.frame(self._sequence, turn.time, monotonic, contents)
            )
            self._sequence += 1
        if self.player.connected:
            for body in self._waiting:
                store.take(body, self.player.path, at, monotonic)
            self._waiting.clear()


@dataclass(frozen=True, slots=True)
class Fired:
    """One alert that opened: when, counted from the first fault, and what it is about."""

    at: float
    rule: str
    container: str
    alert: Alert


class Watched(Story):
    """A story whose readings the twin plays; faults begin `lead` seconds after it."""

    store: Any

    def __init__(
        self, folder: Path, network: Network, *, scenario: str = "", scopes: Sequence[str] = (),
        lead: float = 600.0, step: float = 10.0, full: bool = False, **more: Any,
    ) -> None:  # fmt: skip
        """`more` is as for a story; with `full` the scales of the network are not heeded."""
        played = [p for p in players(network, scopes=scopes, scenario=scenario, full=full)
                  if isinstance(p, ContainerPlayer)]  # fmt: skip
        self.played, self.network, self.judged = Played(), network, Judged()
        super().__init__(folder, simulated=frozenset(p.path for p in played), **more)
        self.resting = {
            c.path for c in network.containers if c.lifecycle is not Lifecycle.IN_SERVICE
        }
        self.step, self.begins = step, self.now + lead
        for player in played:
            player.model.faults.begin(self.begins)
        self.lines = [Line(player, self.now) for player in played]
        self.opened: list[Fired] = []

    def starts(self) -> None:
        """The collector starts on what it knows, and looks for what nobody sends."""
        own = Own()
        self.store = own.beside(self.played)
        around = Around(lambda: self.network, self, dict, lambda _: True)
        self.commitments = Commitments(own, self.played.live, around)
        super().starts()

    def tick(self, *, deliver: bool = False) -> None:
        """One moment: every container tells, and the rules look."""
        self.tells()
        self.looks()
        if deliver:
            self.delivers()

    def tells(self) -> None:
        """Every container tells."""
        for line in self.lines:
            line.tick(self.played, self.now, self.step)

    def looks(self) -> None:
        """The rules look, and what they open is noted."""
        now = datetime.fromtimestamp(self.now, UTC)
        if self.now % COMMITMENT_SECONDS < self.step:
            self.commitments.run(now)
        for alert in self.evaluate.run(now):
            if alert.state is State.FIRING and alert.changed == self.now:
                since = self.now - self.begins
                self.opened.append(Fired(since, alert.rule, alert.subject.container, alert))

    @property
    def fired(self) -> set[tuple[str, str]]:
        """Rules that fired, each with the container."""
        return {(one.rule, one.container) for one in self.opened}


def operating(network: Network, sites: Sequence[str]) -> Network:
    """The same, as if the cooling and the hand-over of heat that these sites plan were there."""
    return replace(network, sites=tuple(
        replace(
            site,
            cooling=tuple(replace(c, status=Status.OPERATING) for c in site.cooling),
            heat=tuple(replace(h, status=Status.OPERATING) for h in site.heat),
        )
        if site.id in sites else site
        for site in network.sites
    ))  # fmt: skip


def smaller(network: Network, scales: Mapping[str, float]) -> Network:
    """The same network, some of its containers played at another scale."""
    containers = tuple(
        replace(c, scale=scales[c.path]) if c.path in scales else c for c in network.containers
    )
    return replace(network, containers=containers)
