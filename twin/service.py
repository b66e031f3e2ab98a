"""The twin as a program: stations made, their past played, and then every one of them on time."""

import contextlib
import fcntl
import gc
import heapq
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from agent.runner import Moment
from twin.turn import Player
from twin.wire.couriers import Couriers
from twin.wire.enrolment import AGENT, Registry
from twin.wire.station import Station
from vigie.errors import SettingsError
from vigie.network.network import Network
from vigie.network.places import inside
from vigie.settings import TwinSettings
from vigie.units import NANOSECONDS_PER_SECOND

PAST_SECONDS: Final = 170.0
"""Between two instants of the past: readings of a period of a minute are joined up to 180 s."""
SLICE_SECONDS: Final = 7_200.0
"""How much past one frame tells: all containers in turn, so that none comes late."""
CROWDED_SECONDS: Final = 30.0
"""How long the past waits for room in a spool before it goes on, and old frames are dropped."""
LONGEST_TICKS: Final = 10
"""After a longer sleep than so many periods the model goes on from where it was."""
LEAST_SECONDS: Final = 1.0
"""Of one step of the model, unless the period is shorter."""
LEAST_SPOOL_BYTES: Final = 2**20
ENDING_SECONDS: Final = 2.0
WARM_SECONDS: Final = 60.0

Cast = Callable[[bytes], Sequence[Player]]
"""Makes the players; given is the key that hides the names of objects."""

log = logging.getLogger(__name__)


class Twin:
    """Plays a network from start to end."""

    def __init__(self, settings: TwinSettings, network: Network, cast: Cast) -> None:
        self._settings, self._network, self._cast = settings, network, cast
        self._ending = threading.Event()
        self._couriers = Couriers()
        self._registry = Registry(settings.upstream, settings.data, self._ending)

    def stop(self) -> None:
        """End `run`; may be called from a signal handler."""
        self._ending.set()

    def run(self) -> None:
        """Play until `stop`.

        Raises:
            SettingsError: nothing of the network is simulated, or another twin plays here.
            VigieError: the containers cannot be enrolled.
            OSError: the data directory cannot be used.
        """
        home = self._settings.data / AGENT
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home):
            stations = self._stations()
            self._couriers.start()
            try:
                self._past(stations)
                self._present(stations)
            finally:
                self._couriers.close(ENDING_SECONDS)
                for station in stations:
                    station.close()
                log.info("twin ended")

    def _stations(self) -> list[Station]:
        paths = played(self._network, self._settings.scopes)
        if not paths:
            raise SettingsError(
                "twin: no container of the network is simulated within these scopes; mark one "
                "with simulated = true, or name others with --scopes"
            )
        (first,) = self._registry.credentials(paths[:1]) or (None,)
        if first is None:
            return []
        players = self._cast(self._registry.key(first))
        known = self._registry.credentials([player.path for player in players])
        weights = [_weight(self._network, p.path, full=self._settings.full) for p in players]
        share = self._settings.spool_bytes / (sum(weights) or 1.0)
        stations = [
            Station(
                player, self._registry.folder(player.path), credential, self._couriers,
                limit_bytes=max(LEAST_SPOOL_BYTES, int(share * weight)),
            )
            for player, credential, weight in zip(players, known, weights, strict=False)
        ]  # fmt: skip
        for station in stations:
            station.open(Moment.now())
        log.info("twin started", extra={"containers": len(stations)})
        return stations

    def _past(self, stations: Sequence[Station]) -> None:
        """Play what was, hour by hour, up to now; what an earlier run has told is left out."""
        began, step = time.monotonic(), int(PAST_SECONDS * NANOSECONDS_PER_SECOND)
        start = time.time_ns() - int(self._settings.history * NANOSECONDS_PER_SECOND)
        for station in stations:
            station.until = max(station.until, start)
        at = start
        while not self._ending.is_set() and at + step <= (now := time.time_ns()):
            end = min(at + int(SLICE_SECONDS * NANOSECONDS_PER_SECOND), now)
            for station in stations:
                if self._ending.is_set():
                    return
                times = range(station.until + step, end + 1, step)
                if times:
                    self._room(station)
                    _guarded(station.path, station.past, times, PAST_SECONDS)
            at = end
        if self._settings.history:
            seconds = round(time.monotonic() - began, 1)
            log.info("past played", extra={"seconds": seconds, "containers": len(stations)})

    def _room(self, station: Station) -> None:
        end = time.monotonic() + CROWDED_SECONDS
        while station.crowded and time.monotonic() < end and not self._ending.is_set():
            self._ending.wait(0.1)
            station.tend(Moment.now())

    def _present(self, stations: Sequence[Station]) -> None:
        """Give every station its turn once a period, one after the other all through it."""
        period = int(self._settings.period * NANOSECONDS_PER_SECOND)
        least = min(LEAST_SECONDS, self._settings.period)
        most = max(LONGEST_TICKS * self._settings.period, 2 * PAST_SECONDS)
        now, warm = time.time_ns(), time.monotonic() + WARM_SECONDS
        due = [(now, number) for number in range(len(stations))]
        while due and not self._ending.is_set():
            at, number = due[0]
            wait = (at - time.time_ns()) / NANOSECONDS_PER_SECOND
            if 0 < wait <= self._settings.period:  # more: the clock was set back
                self._ending.wait(wait)
                continue
            station, moment = stations[number], Moment.now()
            seconds = (moment.wall - station.until) / NANOSECONDS_PER_SECOND
            _guarded(station.path, station.tick, moment, min(max(seconds, least), most))
            offset = period * number // len(stations)
            heapq.heapreplace(due, (next_due(time.time_ns(), period, offset), number))
            if time.monotonic() >= warm:
                warm = float("inf")
                # What is there now stays: later collections need not look at it again.
                gc.collect()
                gc.freeze()


def played(network: Network, scopes: Sequence[str]) -> list[str]:
    """Paths of the containers that the twin stands in for, within any of the scopes."""
    return [
        c.path
        for c in network.containers
        if network.simulated(c.path) and any(inside(c.path, s) for s in scopes or ("",))
    ]


def next_due(now: int, period: int, offset: int) -> int:
    """The next instant after `now` that is `offset` past a multiple of `period`; all in ns."""
    return (now - offset) // period * period + period + offset


def _weight(network: Network, path: str, *, full: bool) -> float:
    """How much a container tells, beside others: by its GPUs as played."""
    container = network.container(path)
    if container is None:
        return 1.0
    return 1.0 + (container.capacity.gpus or 0) * (1.0 if full else container.scale) / 100


def _guarded(path: str, play: Callable[..., None], *arguments: object) -> None:
    try:
        play(*arguments)
    except Exception:  # isolation point: one container
        log.exception("container cannot be played", extra={"container": path})


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the folder: two twins in one would write over each other."""
    file = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(f"twin.data: another twin runs with {home.parent}") from error
        yield
    finally:
        os.close(file)
