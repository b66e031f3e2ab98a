"""Wires the dashboard together and serves it. The only place that constructs."""

import logging
import signal
import threading
import time
from typing import Any, Final
from zoneinfo import ZoneInfo

import dash
import waitress

from dashboard.noc import app, gate, login, pulse, stream, values
from dashboard.noc.watch import Watch
from dashboard.session import Sessions
from vigie.client import Client
from vigie.settings import DashboardSettings, host_port

WORK_THREADS: Final = 8
"""For answers; every open page has one more for its stream."""
CONNECTIONS: Final = 2_000
"""A browser keeps up to six; many more than a page needs would wait for those before them."""

LONG_SECONDS: Final = 120.0
"""What the API may take for what is read aside, as indicators of a year."""

_log = logging.getLogger(__name__)


def build(settings: DashboardSettings) -> dash.Dash:
    """The whole application behind its gate."""
    sessions = Sessions(settings.data / "dashboard", lambda token: Client(settings.api, token))
    watch = Watch(
        sessions, ZoneInfo(settings.zone), settings.language,
        lambda token: Client(settings.api, token, timeout=LONG_SECONDS),
    )  # fmt: skip
    made = app.build(watch)
    login.stand(made.server, watch)
    pulse.stand(made.server, watch)
    lines = stream.Lines(
        lambda token: Client(settings.api, token, timeout=stream.TIMEOUT_SECONDS),
        watch.changes, time.monotonic,
    )  # fmt: skip
    stream.stand(made.server, lines, lambda cookie: sessions.find(cookie, watch.now()))
    values.stand(made.server, watch)
    gate.stand(made, watch)
    return made


def serve(settings: DashboardSettings) -> int:
    """Serve until SIGTERM or SIGINT; 0 when ended so, 1 when the address cannot be had."""
    host, port = host_port(settings.listen)
    try:
        server: Any = waitress.create_server(
            build(settings).server, host=host, port=port, ident="",
            threads=WORK_THREADS + stream.MAX_STREAMS, channel_timeout=60,
            max_request_body_size=gate.MAX_BODY_BYTES, connection_limit=CONNECTIONS,
            asyncore_use_poll=True,  # select knows no more than 1024 files
        )  # fmt: skip
    except OSError as error:
        _log.error("cannot listen", extra={"listen": settings.listen, "why": str(error)})
        return 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=server.run, name="waitress", daemon=True).start()
    _log.info("dashboard serves", extra={"listen": settings.listen, "api": settings.api})
    ended.wait()
    server.close()
    return 0
