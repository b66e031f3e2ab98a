"""The running agent: the one place that constructs and wires its parts."""

import gc
import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

from agent import clock, exposition, files, runner
from agent.alone import alone
from agent.apart import Apart, guarded
from agent.credential import Credential
from agent.devices import Devices
from agent.encode import Contents, Encoder
from agent.health import Vitals
from agent.identity import credentials, home, identity
from agent.runner import Moment, Runner, Tick
from agent.ship import Line, Shipper
from agent.source import Source
from agent.sources import sources as all_sources
from agent.spool import Spool
from agent.usage import Usage
from vigie import catalogue
from vigie.errors import SettingsError, Unavailable
from vigie.frame import Gap, Happening
from vigie.settings import AgentSettings, host_port
from vigie.units import MICROSECONDS_PER_SECOND, NANOSECONDS_PER_SECOND

INVENTORY_PAUSE_SECONDS: Final = 30.0
"""At most one inventory in that time, however often it is asked for."""
WARM_TICKS: Final = 5
NANOSECONDS_PER_MICROSECOND: Final = NANOSECONDS_PER_SECOND // MICROSECONDS_PER_SECOND

log = logging.getLogger(__name__)


def periods(settings: AgentSettings, sources: Sequence[Source]) -> dict[str, float]:
    """Seconds between two turns of each source, its own unless settings say otherwise.

    Raises:
        SettingsError: settings name a source that does not exist.
    """
    known = {s.name: s.period_seconds for s in sources}
    known[runner.OWN] = catalogue.Source.period_seconds
    for name in (*settings.periods, *settings.off):
        if name not in known:
            raise SettingsError(f"agent: no source {name!r}; there are: {', '.join(known)}")
    return known | {name: float(period) for name, period in settings.periods.items()}


class Agent:
    """One agent from start to end."""

    def __init__(
        self, settings: AgentSettings, *, sources: Sequence[Source] | None = None,
        limit: float | None = None,
    ) -> None:  # fmt: skip
        """`sources` instead of all; `limit` is as the runner's."""
        self._settings, self._limit = settings, limit
        self._sources = guarded(all_sources(settings) if sources is None else sources)
        self._periods = periods(settings, self._sources)
        self._data = home(settings)
        self._ending = threading.Event()
        self._inventory = threading.Event()
        self._inventory_sent = float("-inf")
        self._runner: Runner | None = None
        self._usage = Usage()

    def stop(self) -> None:
        """End `run`; may be called from a signal handler."""
        self._ending.set()
        if self._runner is not None:
            self._runner.wake()

    def run(self, code: str | None = None) -> None:
        """Read, spool and send until `stop`.

        Raises:
            SettingsError: what is set cannot work.
            Refused: the one-time code is.
            OSError: the data directory cannot be used.
        """
        self._data.mkdir(parents=True, exist_ok=True)
        with alone(self._data, "agent.data"):
            known = self._credentials(code)
            if self._ending.is_set():
                return
            who = identity(self._settings, known)
            self._serve(who.host, who.container, known)

    def _credentials(self, code: str | None) -> list[Credential]:
        found = credentials(self._settings)
        if code and found and not found[0].token:
            self._redeem(found[0], code)
        return found

    def _redeem(self, credential: Credential, code: str) -> None:
        """Enrol, waiting for an upstream that does not answer yet."""
        failures = 0
        while not self._ending.is_set():
            failures += 1
            try:
                credential.redeem(code)
            except Unavailable as error:
                log.warning("enrolment waits for its upstream", extra={"reason": error})
                self._ending.wait(error.retry_after or min(5.0, 0.5 * failures))
            else:
                log.info("enrolled", extra={"upstream": credential.url, "scope": credential.scope})
                return

    def _serve(self, host: str, container: str, credentials: Sequence[Credential]) -> None:
        urls = [c.url for c in credentials]
        encoder: Encoder | None = None

        def gap_frame(boot: str, sequence: int, gaps: Sequence[Gap]) -> bytes:
            assert encoder is not None  # noqa: S101 - made before the spool is opened
            at = Moment.now()
            return encoder.gap_frame(boot, sequence, at.wall, at.monotonic, gaps)

        spool = Spool(
            self._data / "spool", urls, gap_frame,
            limit_bytes=self._settings.spool_bytes, limit_seconds=self._settings.spool_age,
        )  # fmt: skip
        encoder = Encoder(host, spool.boot, container)
        spool.open(clock.seconds())
        self._note(spool.boot)
        shippers = [
            Shipper(c.url, host, c, spool, Line(c.url), wanted=self._asked) for c in credentials
        ]
        self._runner = Runner(
            self._sources, self._periods, off=self._settings.off, limit=self._limit,
            vitals=lambda: self._vitals(spool, shippers),
        )  # fmt: skip
        page = exposition.Exposition(container)
        server = self._listen(page)
        self._inventory.set()
        for shipper in shippers:
            shipper.start()
        log.info("agent started", extra={"host": host, "container": container, "boot": spool.boot})
        try:
            self._loop(self._runner, Desk(host, encoder, spool, page, self._periods))
        finally:
            self._end(shippers, spool, server)

    def _note(self, boot: str) -> None:
        """Write which boot this is, for people; a full disk must not stop the agent."""
        try:
            files.replace(self._data / "boot", boot.encode())
        except OSError as error:
            log.warning("boot cannot be noted", extra={"file": self._data / "boot", "error": error})

    def _loop(self, turns: Runner, desk: "Desk") -> None:
        """Tick at every multiple of a period, until the end."""
        ticks, due, late = 0, 0, Tick()
        while not self._ending.is_set():
            wait = (due - time.time_ns()) / NANOSECONDS_PER_SECOND
            if 0 < wait <= turns.shortest:  # more: the clock was set back
                late.extend(turns.sleep(wait))
                continue
            at = Moment.now()
            tick = turns.tick(at)
            late.extend(tick)
            desk.emit(at, late, first=ticks == 0, inventory=self._take_inventory(at.seconds))
            due, late, ticks = turns.next_tick(at.wall), Tick(), ticks + 1
            if ticks == WARM_TICKS:
                # What is there now stays: later collections need not look at it again.
                gc.collect()
                gc.freeze()

    def _asked(self, names: Sequence[str]) -> None:
        if catalogue.Device.name in names:
            self._inventory.set()

    def _take_inventory(self, now: float) -> bool:
        if not self._inventory.is_set() or now - self._inventory_sent < INVENTORY_PAUSE_SECONDS:
            return False
        self._inventory.clear()
        self._inventory_sent = now
        return True

    def _vitals(self, spool: Spool, shippers: Sequence[Shipper]) -> Vitals:
        children = [pid for s in self._sources if isinstance(s, Apart) for pid in s.pids]
        frames, size = spool.waiting
        return Vitals(
            size, frames, spool.dropped, sum(s.refused for s in shippers),
            self._usage.cpu_seconds(children), self._usage.memory_bytes(children),
        )  # fmt: skip

    def _listen(self, page: exposition.Exposition) -> exposition.Server | None:
        address = self._settings.metrics_listen
        try:
            return exposition.Server(host_port(address), page, clock.seconds)
        except OSError as error:
            log.warning("metrics are not served", extra={"address": address, "error": error})
            return None

    def _end(
        self, shippers: Sequence[Shipper], spool: Spool, server: exposition.Server | None
    ) -> None:
        until = clock.seconds() + 1.0
        for shipper in shippers:
            shipper.close(max(0.0, until - clock.seconds()))
        spool.close()
        if self._runner is not None:
            self._runner.close(0.3)
        if server is not None:
            server.close()
        log.info("agent ended")


class Desk:
    """Where what was read becomes a frame in the spool, and a page of metrics."""

    def __init__(
        self, host: str, encoder: Encoder, spool: Spool, page: exposition.Exposition,
        periods: dict[str, float],
    ) -> None:  # fmt: skip
        self._host, self._encoder, self._spool, self._page = host, encoder, spool, page
        self._periods = periods
        self._inventory = Devices(host)

    def emit(self, at: Moment, tick: Tick, *, first: bool, inventory: bool) -> None:
        """Frame, spool and show what one tick gave."""
        contents = Contents()
        time_us = at.wall // NANOSECONDS_PER_MICROSECOND
        if first:
            contents.events.append(Happening(catalogue.AGENT_STARTED.code, time_us))
        for change in tick.changes:
            keys = {"host": self._host, "source": change.source}
            words = f"{change.before} → {change.after}: {change.detail}".removesuffix(": ")
            contents.events.append(
                Happening(catalogue.SOURCE_CHANGED.code, time_us, keys, words[:1000])
            )
        for reading in tick.readings:
            if reading.found.devices is not None:
                inventory |= self._inventory.take(reading.source, reading.found.devices)
            added = contents.add(reading.time, reading.found, self._host)
            for rows in added:
                self._page.update(reading.source, rows, self._periods[reading.source], at.seconds)
        if inventory:
            contents.inventories.append(self._inventory.snapshot())
        try:
            frame = self._encoder.frame(self._spool.next, at.wall, at.monotonic, contents)
        except Exception:  # isolation point: one frame
            log.exception("frame cannot be written", extra={"sequence": self._spool.next})
        else:
            self._spool.append(frame, time_us, at.seconds)
        self._spool.tend(at.seconds)
