"""The collector as a program: everything is made and joined here, started and ended in order."""

import asyncio
import contextlib
import gc
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, FastAPI

from alerts.incidents import book
from collector import alerting, findings, process, tokens
from collector import networks as versions
from collector import people as persons
from collector.api import (
    containers,
    credentials,
    events,
    fragments,
    health,
    holds,
    idempotency,
    incidents,
    kpis,
    latest,
    lifecycle,
    networks,
    principals,
    series,
    sessions,
    sovereignty,
    sql,
    stream,
)
from collector.api import devices as equipment
from collector.api import reports as reported
from collector.api import state as pasts
from collector.api import store as whole
from collector.api.app import App, application
from collector.api.asking import Gate
from collector.api.frames import Frames
from collector.api.gates.gates import Gates
from collector.api.server import Server, bound
from collector.counters import Counters
from collector.declared import Declared
from collector.duties import violations
from collector.duties.commissioning import Commissioning
from collector.duties.evidence import Evidence
from collector.duties.expire import Expire
from collector.duties.facts import Around
from collector.duties.flush import Flush
from collector.duties.grids import Grids
from collector.duties.holdings import Holdings
from collector.duties.incidents import Incidents
from collector.duties.kpis import Indicators
from collector.duties.margins import Count
from collector.duties.merge import Merge
from collector.duties.reload import Reload
from collector.duties.repairs import Repairs
from collector.duties.reports import Reporting
from collector.duties.roll import Roll
from collector.duties.room import Room
from collector.duties.sovereignty import Sovereignty
from collector.duties.verify import Verify
from collector.grid import vintages
from collector.grid.ladder import Ladder
from collector.grid.providers import providers
from collector.grid.table import Packaged
from collector.grid.vintages import Vintages
from collector.intake.decode import decode
from collector.intake.door import Door
from collector.inventory import devices
from collector.inventory import key as object_key
from collector.inventory.fragments import Fragments
from collector.inventory.margins import Margins
from collector.keeping.keeper import Keeper
from collector.networks import Networks
from collector.people import People
from collector.reports import desk
from collector.schedule import Schedule
from collector.signing import NAME as SIGNING_KEY
from collector.signing import Signer
from collector.sql.children import Children
from collector.store import state
from collector.store.expiry.holds import Holds
from collector.store.quarantine import Found, Quarantine
from collector.store.questions.answer import Questions
from collector.store.questions.levels import Levels
from collector.store.store import Store
from vigie.fragments import CONTENT_TYPE
from vigie.network.places import inside
from vigie.settings import CollectorSettings, host_port

log = logging.getLogger(__name__)

TABLES: Final = (
    *persons.TABLES, *devices.TABLES, *idempotency.TABLES, *state.TABLES, *alerting.TABLES,
    *object_key.TABLES, *versions.TABLES, *vintages.TABLES, *desk.TABLES,
    *violations.TABLES, *book.TABLES, *findings.TABLES,
)  # fmt: skip
CONNECTIONS: Final = 10_000
"""Every agent keeps one open."""
FILES_EACH: Final = 2
"""Files and sockets of ours for each of them, where the system lets us."""
GARBAGE_OBJECTS: Final = 50_000
"""New objects before garbage is looked for: a group of frames alone makes thousands."""
FRAGMENTS: Final = "fragments.db"
USES_SECONDS: Final = 60.0
MERGE_FLUSHES: Final = 2
"""How many flushes make a merge worth its while; likewise below."""
EXPIRE_FLUSHES: Final = 5
VERIFY_SECONDS: Final = 600.0
ROOM_SECONDS: Final = 300.0
ROLLS_A_FLUSH: Final = 2
FOLD_SECONDS: Final = 10.0
COUNT_SECONDS: Final = 60.0
RELOAD_SECONDS: Final = 2.0


class Service:
    """One collector on one data directory."""

    def __init__(self, settings: CollectorSettings, written: Declared) -> None:
        """Make everything; nothing runs yet.

        Raises:
            VigieError: another collector uses the directory, or there is no sound network.
        """
        self._settings, self._directory = settings, settings.data / "collector"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = process.locked(self._directory / "lock")
        self._counters = Counters()
        self._damage: list[Found] = []
        quarantine = Quarantine(self._directory / "quarantine", self._damage.append)
        self._database = state.open_state(self._directory / "state.db", TABLES, quarantine)
        self._networks = Networks(self._database)
        self._reload = Reload(written.network, self._networks, self._counters)
        self._reload.start(time.time())
        self._people = People(self._database, time.time_ns)
        self._store = Store(
            self._directory, decode, settings.store, self._database, self._counters, time.time_ns
        )
        self._keeper = Keeper(
            self._store.parts, {FRAGMENTS: self._directory / FRAGMENTS}, self._counters, time.time,
            keys=(self._directory / SIGNING_KEY,),
        )  # fmt: skip
        self._providers = providers(settings.grid)
        self._vintages = Vintages(self._database)
        self._inventories = devices.Inventories(self._database)
        self._margins = Margins()
        self._fragments = self._inventory()
        self._holdings = Holdings(self._fragments, self._margins, self._store.live,
                                  self._people.simulated)  # fmt: skip
        self._violations = violations.Violations(self._database, self._holdings,
                                                 self._networks.current)  # fmt: skip
        self._publisher = stream.Publisher(self._counters)
        self._children = Children(self._counters)
        self._schedule = Schedule(self._counters)
        self._alerting = alerting.Alerting(
            written, self._database,
            alerting.Around(self._store, self._people, self._networks, self._fragments,
                            self._margins, self._hears, self._publisher.publish),
            self._counters,
        )  # fmt: skip
        self._commissioning = Commissioning(self._store, written.receivers,
                                            self._alerting.messages.taken)  # fmt: skip
        self._loading = threading.Thread(target=self._load, name="fragments", daemon=True)
        self._hindrance, self._failed = "starting", False
        self._caught_up = False
        self._server = Server(self._app(), CONNECTIONS, self._publisher.close)

    def _inventory(self) -> Fragments:
        return Fragments(self._directory / FRAGMENTS, self._store.quarantine, self._margins,
                         self._counters, time.time)  # fmt: skip

    def run(self) -> int:
        """Serve until told to end; 0 when all went well.

        Raises:
            VigieError: somebody else listens there.
        """
        listening = bound(*host_port(self._settings.listen))
        process.allow_files(FILES_EACH * CONNECTIONS)
        process.allocate()
        tokens.ensure(self._settings.data, self._people)
        recovery = threading.Thread(target=self._recover, name="recovery", daemon=True)
        recovery.start()
        try:
            self._server.run([listening])
        finally:
            listening.close()
            self._store.give_up()
            recovery.join()
            self._end()
        return int(self._failed)

    def stop(self) -> None:
        """End `run`, from any thread."""
        self._server.should_exit = True

    def _recover(self) -> None:
        """Take frames, then know again what was known, and begin to work."""
        began = time.monotonic()
        gc.set_threshold(GARBAGE_OBJECTS)
        try:
            self._store.begin(self._damage)
            self._hindrance = ""
            self._counters.set("recovery_acknowledging_seconds", time.monotonic() - began)
            log.info("ready", extra={"listen": self._settings.listen,
                                     "data": str(self._directory)})  # fmt: skip
            self._store.catch_up()
            if self._store.catching_up:
                return  # we are told to end
            gc.freeze()  # what is here by now stays, and is not looked through again and again
            self._start()
        except Exception:
            # Nothing can be acknowledged: end, and let whoever started us start us again.
            log.critical("the store does not open", exc_info=True)
            self._failed = self._server.should_exit = True
            return
        self._caught_up = True
        self._counters.set("recovery_seconds", time.monotonic() - began)
        log.info("caught up", extra={"seconds": round(time.monotonic() - began, 1)})
        self._loading.start()
        try:
            self._store.prove()
        except Exception:
            log.exception("the newest files cannot be verified; the duty comes to them later")

    def _load(self) -> None:
        """Read the fragments; until then they are neither taken nor told, and all else is."""
        try:
            self._fragments.load()
        except Exception:
            log.exception("the fragments do not open; the next start tries again")
            self._failed = True

    def _start(self) -> None:
        """Begin the duties."""
        every, store = self._schedule.every, self._store
        flush = self._settings.store.flush
        every(flush, "flush", Flush(store, process.give_back).run)
        every(flush * MERGE_FLUSHES, "merge", Merge(store).run)
        every(flush * EXPIRE_FLUSHES, "expire", Expire(store).run)
        every(VERIFY_SECONDS, "verify", Verify(store).run)
        every(ROOM_SECONDS, "room", Room(self._keeper).run)
        every(flush / ROLLS_A_FLUSH, "roll", Roll(store).run)
        every(USES_SECONDS, "note uses", lambda _: self._people.note_uses())
        for duty in self._alerting.duties():
            every(*duty)
        every(FOLD_SECONDS, "fold fragments", lambda _: self._fragments.fold())
        every(RELOAD_SECONDS, "reload the network", self._reload.run)
        if self._providers:
            grid = self._settings.grid
            asking = Grids(self._providers, self._vintages, self._networks.current,
                           self._counters, back=grid.back)  # fmt: skip
            every(grid.every, "grids", asking.run)
        every(COUNT_SECONDS, "violations", self._violations.run)
        found = findings.Around(self._store, self._networks, self._holdings, self._violations,
                                self._alerting.messages, self._played)  # fmt: skip
        for duty in findings.duties(self._alerting.own, found, self._database, self._counters):
            every(*duty)
        every(COUNT_SECONDS, "margins", Count(self._margins, self._counters).run)
        self._schedule.start()
        self._alerting.start()

    def _end(self) -> None:
        """End the duties, then write what is in memory; each step whatever became of the last."""
        steps: Sequence[tuple[str, Callable[[], object]]] = (
            *self._alerting.ends(),
            ("schedule", self._schedule.stop),
            ("tasks", self._keeper.stop),
            ("queries", self._children.close),
            ("fragments", self._close_fragments),
            ("uses", self._people.note_uses),
            ("flush", self._last_flush),
            ("store", self._store.close),
            ("copy", self._back_up),
            ("database", self._database.close),
        )
        for name, step in steps:
            try:
                step()
            except Exception:
                log.exception("the end is not clean; the next start recovers", extra={"step": name})
                self._failed = True
        self._lock.close()

    def _close_fragments(self) -> None:
        self._fragments.close()
        if self._loading.ident is not None:
            self._loading.join()

    def _last_flush(self) -> None:
        if self._caught_up:
            Flush(self._store).run(datetime.now(UTC))

    def _back_up(self) -> None:
        state.back_up(self._database, self._directory / "state.db")

    def _behind(self) -> str:
        """Why not all that is held can be asked for."""
        return self._hindrance or ("" if self._caught_up else self._store.catching_up or "starting")

    def _why_not(self) -> str:
        if self._hindrance:
            return self._hindrance
        return "the disk is nearly full" if self._store.full else ""

    def _hears(self) -> bool:
        """Whether agents can be heard: what they send is taken."""
        return not (self._why_not() or self._store.behind)

    def _app(self) -> App:
        known, counters, clock = self._people.caller, self._counters, time.time_ns
        door = Door(known, lambda: bool(self._why_not()), counters, clock)
        told = Door(
            known, lambda: bool(self._why_not()), counters, clock,
            kind=CONTENT_TYPE, name="fragments",
        )  # fmt: skip
        taking = Frames(door, self._store, self._inventories, self._counters)
        telling = fragments.Told(told, self._fragments)
        self._gates = Gates(self._settings.gates, taking, self._people, self._counters)
        open_routers = [health.routes(self._why_not, self._behind, self._counters)]
        api = application(self._people, self._routers(), open_routers, self._lifespan)
        return App(
            taking, telling, api, self._database,
            clock=time.time, behind=self._behind, gates=self._gates, counters=counters,
        )  # fmt: skip

    def _routers(self) -> list[APIRouter]:
        store, people, clock = self._store, self._people, time.time
        questions, gate = Questions(store), Gate(self._counters)
        levels = lambda: Levels(self._networks.current())  # noqa: E731
        ladder = Ladder(store, self._vintages, self._providers, Packaged(), self._played)
        indicators = Indicators(store, self._networks.at, Around(
            ladder, people.simulated, Repairs(self._alerting.register), self._holdings,
            self._violations.between,
        ))  # fmt: skip
        reports = desk.Desk(self._database)
        reporting = Reporting(indicators.facts, self._networks.current, reports)
        vanishing = Sovereignty(indicators, self._holdings, self._networks.current)
        return [
            latest.routes(store.live, self._inventories, levels, people, clock),
            series.routes(questions, gate, levels, people, clock),
            pasts.routes(questions, gate, levels, people, clock),
            events.routes(store, people, clock),
            equipment.routes(self._inventories, people, clock),
            fragments.routes(
                self._fragments, self._margins, lambda: object_key.key(self._database),
                people, clock,
            ),
            containers.routes(
                self._networks, store.live, people, fault=self._reload.fault,
                alerts=self._alerting.register.opened, clock=clock,
            ),
            lifecycle.routes(self._networks, people, self._commissioning, clock),
            networks.routes(self._networks, people, clock),
            *self._alerting.routes(clock),
            self._incidents(clock),
            kpis.routes(indicators, clock),
            sovereignty.routes(vanishing, clock),
            sql.routes(store, self._networks, people, self._children, clock),
            reported.routes(reporting, reports, clock),
            stream.routes(self._publisher, people, lambda: store.live.commit),
            whole.routes(self._keeper, store.parts, people, clock),
            holds.routes(Holds(self._database), self._networks, clock),
            principals.routes(people),
            credentials.routes(people),
            sessions.routes(people),
        ]  # fmt: skip

    def _incidents(self, clock: Callable[[], float]) -> APIRouter:
        signer = Signer(self._directory)
        known = Incidents(self._database, lambda: self._alerting.rules, self._networks,
                          self._alerting.register.silences.all)  # fmt: skip
        evidence = Evidence(known, self._database, self._store.parts, signer, self._directory)
        return incidents.routes(known, evidence, signer, clock)

    def _played(self, path: str) -> bool:
        """Whether the twin stands in for a container: by the network, or by who sends."""
        senders = self._people.simulated()
        return self._networks.current().simulated(path) or any(inside(path, s) for s in senders)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        live = self._store.live
        ticking = asyncio.create_task(stream.tick(self._publisher, lambda: live.commit))
        await self._gates.open(self._server.adopt)
        yield
        self._gates.close()
        ticking.cancel()
