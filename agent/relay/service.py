"""The running relay: the one place that constructs and wires its parts."""

import asyncio
import contextlib
import logging
import resource
import signal
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from agent import alone, clock
from agent.credential import Credential
from agent.relay.carry import MAX_REPLY_BYTES, Carrier
from agent.relay.clocks import Clocks
from agent.relay.desk import Desk
from agent.relay.known import AGAIN_SECONDS, Known
from agent.relay.page import Page
from agent.relay.shelf import Shelf
from agent.relay.through import Through
from agent.relay.wants import Wants
from agent.relay.wire import Connection
from agent.ship import Line
from vigie.errors import SettingsError, VigieError
from vigie.settings import RelaySettings, host_port

SPARE_FILES: Final = 256
"""Descriptors that are not for agents' connections."""
MAX_CONNECTIONS: Final = 20_000
SWEEP_SECONDS: Final = 5.0
UPSTREAM_SECONDS: Final = 30.0
"""How long an upstream may take over a request of many frames."""
KEEP_SECONDS: Final = 1.0
"""Who is newly known is written so soon."""
MACHINE: Final = Path("/proc/sys/kernel/random/boot_id")

log = logging.getLogger(__name__)


class Relay:
    """One relay from start to end."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._home = settings.data / "relay"
        self._ending = asyncio.Event()

    async def run(self, code: str | None = None) -> None:
        """Take and send until SIGTERM or SIGINT.

        Raises:
            SettingsError: what is set cannot work.
            Refused: the one-time code is.
            Unavailable: the code cannot be redeemed now.
            OSError: the data directory cannot be used.
        """
        if not self._settings.upstreams:
            raise SettingsError("relay.upstreams: a relay sends to a collector; name one")
        self._home.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        with alone.alone(self._home, "relay.data"):
            credentials = self._credentials()
            if code and not credentials[0].token:
                await asyncio.to_thread(credentials[0].redeem, code)
                log.info("enrolled", extra={"scope": credentials[0].scope})
            await self._serve(credentials)

    def _credentials(self) -> list[Credential]:
        own = self._home / "credential"
        return [Credential.load(u.credential or own, u.url) for u in self._settings.upstreams]

    async def _serve(self, credentials: Sequence[Credential]) -> None:
        settings, first, machine = self._settings, credentials[0], _machine()
        shelf = Shelf(
            self._home / "spool", [c.url for c in credentials], machine,
            limit_bytes=settings.spool_bytes, limit_seconds=settings.spool_age,
        )  # fmt: skip
        shelf.open(clock.seconds())
        known = Known(self._home / "known.json", first.url, partial(_token, first), time.time)
        known.load()
        clocks, wants = Clocks(machine), Wants()
        carriers = [
            Carrier(
                c, shelf, Line(c.url, timeout=UPSTREAM_SECONDS, most=MAX_REPLY_BYTES),
                clocks=clocks, wants=wants, dead=self._home / "spool" / "dead",
            )
            for c in credentials
        ]  # fmt: skip
        desk = Desk(
            shelf, known, clocks=clocks, wants=wants, through=Through(first.url),
            page=Page(shelf, known, carriers),
        )  # fmt: skip
        asking = threading.Event()
        asker = threading.Thread(target=_refresh, args=(known, asking), daemon=True)
        try:
            server, connections = await self._listen(desk)
            for carrier in carriers:
                carrier.start()
            asker.start()
            log.info("relay started", extra={"listen": settings.listen, "upstream": first.url})
            await self._wait(connections)
            server.close()
            for connection in list(connections):
                connection.end()
        finally:
            asking.set()
            desk.close(5.0)
            await asyncio.sleep(0)  # those whose frames were just written hear of it
            for carrier in carriers:
                carrier.close(1.0)
            shelf.close()
            known.keep()
            log.info("relay ended")

    async def _listen(self, desk: Desk) -> tuple[asyncio.Server, set[Connection]]:
        connections: set[Connection] = set()
        host, port = host_port(self._settings.listen)
        most = min(MAX_CONNECTIONS, _files() - SPARE_FILES)
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: Connection(desk, connections, most), host, port, backlog=4096
            )
        except OSError as error:
            raise VigieError(
                f"{self._settings.listen}: {error.strerror}; choose another with --listen"
            ) from error
        return server, connections

    async def _wait(self, connections: set[Connection]) -> None:
        """Until the end; hang up on the impatient meanwhile."""
        loop = asyncio.get_running_loop()
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), SWEEP_SECONDS)
            now = loop.time()
            for connection in list(connections):
                connection.sweep(now)


def _token(credential: Credential) -> str:
    if not credential.token:
        credential.reload()
    return credential.token


def _refresh(known: Known, ending: threading.Event) -> None:
    asked = clock.seconds()
    while not ending.wait(KEEP_SECONDS):
        try:
            known.keep()
            if clock.seconds() - asked >= AGAIN_SECONDS:
                asked = clock.seconds()
                known.refresh()
        except Exception:  # isolation point: the duty of asking again
            log.exception("credentials not asked about")


def _machine() -> str:
    """16 characters that change when this machine starts anew."""
    return MACHINE.read_text(encoding="ascii").strip().replace("-", "")[:16]


def _files() -> int:
    """Descriptors that this process may have open, after asking for all it can get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, MAX_CONNECTIONS + SPARE_FILES) if hard > 0 else MAX_CONNECTIONS + SPARE_FILES
    if most > soft:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return soft
