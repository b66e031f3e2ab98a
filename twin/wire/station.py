"""One container that is played: its model, framed, spooled and sent as by an agent of its own."""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from agent import files
from agent.credential import Credential
from agent.encode import Contents, Encoder
from agent.runner import Moment
from agent.ship import Answer, Line, Shipper
from agent.spool import Spool
from twin.turn import Player
from twin.wire import frames
from twin.wire.couriers import Couriers
from twin.wire.enrolment import AGENT
from twin.wire.frames import Framer
from twin.wire.hoard import Hoard
from vigie import catalogue
from vigie.errors import Unavailable
from vigie.frame import Gap, Happening
from vigie.units import NANOSECONDS_PER_SECOND

SPOOL_SECONDS: Final = 7 * 86_400.0
FRAGMENTS_SECONDS: Final = 60.0
"""How often it is looked what the model holds of stores."""
UNTIL_SECONDS: Final = 60.0
"""How often it is noted how far was played."""
_MICROSECOND: Final = 1_000

log = logging.getLogger(__name__)


class Cable(Line):
    """A connection that is down where the model says so."""

    def __init__(self, url: str, player: Player, *, path: str) -> None:
        super().__init__(url, path=path)
        self._player = player

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request body. Raises Unavailable, as `Line.post`, or while the line is down."""
        if not self._player.connected:
            self.close()
            raise Unavailable("the played line is down")
        return super().post(body, headers)


class Station:
    """Plays one container; one thread at a time."""

    def __init__(
        self, player: Player, folder: Path, credential: Credential, couriers: Couriers, *,
        limit_bytes: int,
    ) -> None:  # fmt: skip
        """`folder` is its own; `limit_bytes` bounds what waits there."""
        self.player, self.path = player, player.path
        self.until = 0
        """How far it was played, in nanoseconds UTC; 0: never."""
        self._folder, self._credential, self._couriers = folder, credential, couriers
        self._spool = Spool(
            folder / "spool", [credential.url], self._gap_frame,
            limit_bytes=limit_bytes, limit_seconds=SPOOL_SECONDS,
        )  # fmt: skip
        self._limit = limit_bytes
        self._encoder = Encoder(AGENT, self._spool.boot, player.path)
        self._framer, self._wire = Framer(), self._line("frames")
        self._shipper = Shipper(
            credential.url, AGENT, credential, self._spool, self._wire, wanted=self._asked
        )
        self._wanted, self._first = threading.Event(), True
        self._devices: frames.Devices = ()
        self._hoard = Hoard(player.path, credential, couriers, self._line)
        self._looked = self._noted = float("-inf")

    def open(self, at: Moment) -> None:
        """Take up what an earlier run left.

        Raises:
            OSError: the folder cannot be read or written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._spool.open(at.seconds)
        try:
            self.until = int((self._folder / "until").read_text())
        except (OSError, ValueError):
            self.until = 0
        self._couriers.add(self._shipper)

    @property
    def crowded(self) -> bool:
        """Whether more than half of what may wait is waiting."""
        return self._spool.bytes > self._limit / 2

    def past(self, times: Sequence[int], step: float) -> None:
        """Play those instants (ns UTC), `step` seconds apart, and tell them all at once."""
        turns = [self.player.step(time, step, history=True) for time in times]
        self.until = times[-1]
        for turn in turns:
            if turn.devices is not None:
                self._devices = turn.devices
        at = Moment.now()
        self._send(at, at.wall, turns[-1].time, Framer().contents(turns))
        self._note(at)

    def tick(self, at: Moment, seconds: float) -> None:
        """Go on by so many seconds, up to now, and tell."""
        turn = self.player.step(at.wall, seconds)
        self.until = at.wall
        contents = self._framer.contents([turn])
        if self._first:
            self._first = False
            started = Happening(catalogue.AGENT_STARTED.code, turn.time // _MICROSECOND)
            contents = contents or [Contents()]
            contents[0].events.insert(0, started)
            self._wanted.set()
        if turn.devices is not None:
            self._devices = turn.devices
            self._wanted.set()
        if self._wanted.is_set():
            self._wanted.clear()
            contents = frames.joined(contents, frames.devices(self._devices))
        self._send(at, turn.time, turn.time, contents)
        self._note(at)
        if at.seconds - self._looked >= FRAGMENTS_SECONDS:
            self._looked = at.seconds
            self._hoard.take(self.player.holdings(), at.wall // NANOSECONDS_PER_SECOND)

    def tend(self, at: Moment) -> None:
        """Drop what the collector holds by now."""
        self._spool.tend(at.seconds)

    def close(self) -> None:
        """Let go; what the collector lacks waits in the spool."""
        self._spool.close()
        self._wire.close()
        self._hoard.close()
        self._write_until()

    def _send(self, at: Moment, wall: int, newest: int, contents: Sequence[Contents]) -> None:
        for some in contents:
            frame = self._encoder.frame(self._spool.next, wall, at.monotonic, some)
            self._spool.append(frame, newest // _MICROSECOND, at.seconds)
        self._spool.tend(at.seconds)
        if contents:
            self._couriers.nudge(self._shipper)

    def _line(self, path: str) -> Cable:
        return Cable(self._credential.url, self.player, path=path)

    def _asked(self, names: Sequence[str]) -> None:
        if catalogue.Device.name in names:
            self._wanted.set()

    def _gap_frame(self, boot: str, sequence: int, gaps: Sequence[Gap]) -> bytes:
        at = Moment.now()
        return self._encoder.gap_frame(boot, sequence, at.wall, at.monotonic, gaps)

    def _note(self, at: Moment) -> None:
        if at.seconds - self._noted >= UNTIL_SECONDS:
            self._noted = at.seconds
            self._write_until()

    def _write_until(self) -> None:
        try:
            files.replace(self._folder / "until", str(self.until).encode())
        except OSError as error:
            log.warning("cannot be noted", extra={"file": self._folder, "error": error})
