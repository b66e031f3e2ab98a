"""A collector's API played from plain data, for tests of what asks it. No product code runs it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from vigie import replies
from vigie.client import Client, build
from vigie.errors import Refused, Unavailable
from vigie.indicators import indicator

T = TypeVar("T")
CODE = "one-time-code"
TOKEN = "token-of-ada"
PERSON = replies.Session(
    principal="ada", name="Ada Lovelace", kind="person", roles=["operator", "reader"], scope="",
    expires=None,
)  # fmt: skip
GIB = 2**30
STREAM_SECONDS = 600
EVENTS: dict[str, list[Any]] = {
    "learned": ["2026-11-21T12:00:00Z"], "container": ["local/this"], "agent": ["agent-1"],
    "code": ["agent_started"], "severity": ["info"], "keys": ["{}"], "detail": ["vigie 0.1.0"],
}  # fmt: skip
KEYS = {"host": "this", "role": "it", "mount": "/"}
RANGES = {
    "cpu_busy_ratio": (0.05, 0.6), "memory_total_bytes": (24.0 * GIB, 24.0 * GIB),
    "memory_available_bytes": (18.0 * GIB, 20.0 * GIB), "cpu_count": (900.0, 900.0),
    "network_receive_bytes_total": (2e5, 4e6), "network_transmit_bytes_total": (5e4, 8e5),
    "available_bytes": (41.0 * GIB, 41.0 * GIB),
    "read_bytes_total": (1e4, 3e6), "written_bytes_total": (2e5, 9e6),
}  # fmt: skip
"""Lowest and highest value of each field that a series has; others are unknown."""


def spelled(at: float) -> str:
    """Unix seconds as the API writes times."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def container(path: str = "local/this", at: float | None = None, **more: Any) -> replies.Container:
    """One container in good health."""
    site, _, name = path.rpartition("/")
    given: dict[str, Any] = {
        "path": path, "name": name, "site": site, "site_name": site.title(),
        "operator": "Commune", "region": "Île-de-France", "zone": "FR", "status": "operating",
        "simulated": False, "state": "nominal", "worst": None, "alerts": 0, "hosts": ["this"],
        "last_seen": None if at is None else spelled(at),
    }  # fmt: skip
    return replies.Container(**given | more)


def alert(identity: str, since: float, **more: Any) -> replies.Alert:
    """One alert that fires."""
    given: dict[str, Any] = {
        "id": identity, "rule": "filesystem_filling", "priority": 1, "state": "firing",
        "container": "local/this", "subject": "local/this/this/var",
        "title": "Disque presque plein", "advice": "Libérer de la place dans /var.",
        "value": "2,1 % libres", "since": spelled(since), "changed": spelled(since),
        "simulated": False,
    }  # fmt: skip
    return replies.Alert(**given | more)


def kpi(name: str, value: float | None = None, **more: Any) -> replies.Kpi:
    """One indicator of a day that is over; null with a reason unless a value is given."""
    one = indicator(name)
    assert one is not None
    given: dict[str, Any] = {
        "indicator": name, "scope": "", "period": "last_day",
        "from_time": "2026-11-20T23:00:00Z", "to_time": "2026-11-21T23:00:00Z", "value": value,
        "unit": one.unit.symbol, "method": one.method, "boundary": one.boundary, "coverage": 0.98,
        "quality": None if value is None else "measured",
        "reason": "aucun compteur" if value is None else None, "simulated_share": 0.0,
        "vintage": "closed",
    }  # fmt: skip
    return replies.Kpi(**given | more)


PARTIES = (
    replies.Party("country:US", "country", "US", 3),
    replies.Party("supplier:nvidia", "supplier", "NVIDIA", 3),
)
LEFT = replies.WhatIf(
    "", "v1", ["country:US"], [],
    [replies.StoreLeft("pool", "3-of-5", 1000, 700, 300, [replies.Margin(2, 1000)],
                       [replies.Margin(-1, 300), replies.Margin(0, 700)], simulated=True)],
    ["local/this"], [], [replies.CapacityLeft("gpus", "1", 100.0, 25.0, 0)], ["ville"], 1.0,
)  # fmt: skip
OBJECTIVES = (
    replies.Objective("SOV-1", "Strategic sovereignty", {"v1": 15.0}, []),
    replies.Objective("SOV-8", "Environmental", {"v1": 5.0}, [
        replies.EvidenceLine("indicator", "pue", "PUE", 1.2, "", None, "pue@1", "measured", 0.9,
                             0.25),
        replies.EvidenceLine("declared", "exit_drill", "exit_drill", None, "", "aucune preuve",
                             "", None, 0.0, 0.0),
    ]),
)  # fmt: skip


class News:
    """How often something was told to all open streams."""

    def __init__(self) -> None:
        self.told = 0
        self._turn = threading.Condition()

    def tell(self) -> None:
        """Every stream that is open says that there is news."""
        with self._turn:
            self.told += 1
            self._turn.notify_all()

    def after(self, seen: int, *, seconds: float) -> int:
        """How much was told, once that is more than was seen or so long has passed."""
        with self._turn:
            self._turn.wait_for(lambda: self.told != seen, seconds)
            return self.told


@dataclass
class Api:
    """What it answers; a test changes it while it runs. `down` names paths that answer 503."""

    now: Callable[[], float] = time.time
    containers: list[replies.Container] | None = None
    alerts: list[replies.Alert] = field(default_factory=list)
    kpis: list[replies.Kpi] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    person: replies.Session = PERSON
    revoked: bool = False
    asked: list[str] = field(default_factory=list)
    news: News = field(default_factory=News)
    codes: set[str] = field(default_factory=lambda: {CODE})
    stopped_at: float | None = None
    fault: str | None = None
    traits: list[replies.Trait] = field(default_factory=list)
    checks: list[replies.ChecklistItem] = field(default_factory=list)
    changes: list[replies.ContainerChange] = field(default_factory=list)
    parties: list[replies.Party] = field(default_factory=lambda: list(PARTIES))
    left: replies.WhatIf | None = LEFT
    objectives: list[replies.Objective] = field(default_factory=lambda: list(OBJECTIVES))

    def at(self) -> float:
        """When the newest reading was taken."""
        return self.now() if self.stopped_at is None else self.stopped_at

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """The reply to `GET /api/v1/<path>`, or None: no such route."""
        at, now = self.at(), spelled(self.now())
        if path == "sessions/current":
            return asdict(self.person)
        if path == "containers":
            known = self.containers or [container(at=at)]
            since = "2026-11-20T08:00:00Z"
            return asdict(
                replies.Containers(now, "Réseau local", "v1", 1, known, since, self.fault)
            )
        if path == "alerts":
            return asdict(replies.Alerts(now, self.alerts))
        if path == "kpis":
            return asdict(replies.Kpis(now, "v1", self.kpis))
        if path == "events":
            return self.table(EVENTS | {"time": [spelled(at - 60)]})
        if path.startswith("latest/"):
            return self.table(self.latest(path.removeprefix("latest/"), at))
        if path.startswith("series/"):
            return self.table(series(query))
        return self.declared(path, now)

    def declared(self, path: str, now: str) -> Any:
        """The reply to a question about what is declared, or None: no such route."""
        if path == "whatif/parties":
            return asdict(replies.Parties(now, "v1", self.parties))
        if path == "whatif":
            return asdict(self.left) if self.left else None
        if path == "sovereignty/evidence":
            return asdict(replies.SovereigntyEvidence(
                now, "v1", "", "élément de preuve, pas une évaluation", "Framework v1.2.1",
                self.objectives,
            ))  # fmt: skip
        if path.startswith("sites/"):
            site = path.removeprefix("sites/")
            return asdict(
                replies.Site(now, site, site.title(), "v1", simulated=False, traits=self.traits)
            )
        if path.endswith("/checklist"):
            ready = all(item.state == "done" for item in self.checks)
            return asdict(replies.Checklist(
                now, "local/this", "commissioning", "v1", simulated=False, ready=ready,
                items=self.checks,
            ))  # fmt: skip
        if path.endswith("/history"):
            return asdict(replies.ContainerHistory("local/this", self.changes))
        return None

    def latest(self, measurement: str, at: float) -> dict[str, list[Any]]:
        """The newest row of everything that this machine reads."""
        base: dict[str, list[Any]] = {
            "time": [spelled(at)], "container": ["local/this"], "host": ["this"],
            "quality": [0], "suspect": [0],
        }  # fmt: skip
        own = LATEST.get(measurement)
        if own is None:
            return {"time": [], "container": [], "host": []}
        found = {name: [value(at) if callable(value) else value] for name, value in own.items()}
        own_rows = base | found
        return own_rows | {k: [v] for k, v in self.values.items() if k in own}

    def table(self, columns: dict[str, list[Any]]) -> dict[str, Any]:
        """Columns as a reply."""
        return asdict(replies.Table(spelled(self.now()), "raw", columns))

    def acknowledge(self, identity: str, note: str | None) -> dict[str, Any] | None:
        """The alert of that id, taken by the person; None: no such alert."""
        for index, one in enumerate(self.alerts):
            if one.id == identity:
                taken = asdict(one) | {
                    "state": "acknowledged", "acknowledged_by": self.person.name,
                    "acknowledged_at": spelled(self.now()), "note": note,
                }  # fmt: skip
                self.alerts[index] = replies.Alert(**taken)
                return taken
        return None


LATEST: dict[str, dict[str, Any]] = {
    "host": {
        "boot_time_seconds": lambda at: at - 93_000, "cpu_count": 2, "cpu_busy_ratio": 0.134,
        "load1": 0.82, "memory_total_bytes": 24 * GIB, "memory_available_bytes": 18 * GIB,
        "swap_used_bytes": None,
        "network_receive_bytes_total": lambda at: int(at * 1e6),
        "network_transmit_bytes_total": lambda at: int(at * 2e5),
        "pressure_cpu_seconds_total": lambda at: at * 0.02,
        "pressure_memory_seconds_total": 0.0,
        "pressure_io_seconds_total": lambda at: at * 0.001,
    },
    "filesystem": {
        "mount": "/", "size_bytes": 64 * GIB, "available_bytes": 41 * GIB,
        "inodes_total": 4_000_000, "inodes_available": 3_600_000, "read_only": False,
    },
    "disk_io": {
        "device": "vda", "read_bytes_total": lambda at: int(at * 3e5),
        "written_bytes_total": lambda at: int(at * 1e6),
        "io_time_seconds_total": lambda at: at * 0.07,
    },
    "source": {
        "source": "host", "status": 0, "duration_seconds": 0.004, "age_seconds": 0.6,
        "failures_total": 0, "timeouts_total": 0, "spool_frames": None,
    },
    "gpu": {
        "gpu": "GPU-5f1c", "up": True, "utilization_ratio": 0.83, "memory_used_bytes": 61 * GIB,
        "power_watts": 631.9, "temperature_celsius": 59.0, "temperature_margin_celsius": None,
        "throttle_reasons": 0b100, "recovery_action": 1,
    },
    "disk": {
        "disk": "eui.0025385b", "health_ratio": 0.7, "health_reason": 5,
        "temperature_celsius": 41.0, "endurance_used_ratio": 0.12,
        "power_on_seconds_total": 31_000_000.0, "power_mode": 0, "smart_age_seconds": 212.0,
    },
    "power": {
        "meter": "nut:ups1", "role": "ups", "phase": "all", "method": "gauge",
        "power_watts": 1820.0, "energy_joules_total": 7.2e9, "on_battery": False,
        "battery_charge_ratio": 1.0, "energy_error_ratio": 0.02,
    },
    "device": {
        "device": "vda", "kind": "disk", "model": "Virtio", "serial": "QM0001", "firmware": "1.0",
        "size": "64 Go",
    },
}  # fmt: skip


def series(query: dict[str, list[str]]) -> dict[str, list[Any]]:
    """A slow wave of every field asked for, with a hole in the middle."""
    step = float(query["step"][0])
    start = datetime.fromisoformat(query["from"][0]).timestamp()
    end = datetime.fromisoformat(query["to"][0]).timestamp()
    first = -(-start // step) * step
    times = [first + i * step for i in range(int((end - first) / step))]
    times = [t for i, t in enumerate(times) if not 0.4 < i / len(times) < 0.5]
    wave = [abs((t / 600) % 2 - 1) for t in times]
    columns: dict[str, list[Any]] = {"time": [spelled(t) for t in times]}
    for key in filter(None, query.get("by", [""])[0].split(",")):
        columns[key] = [KEYS[key]] * len(times)
    for name in query["fields"][0].split(","):
        low, high = RANGES.get(name, (0.0, 0.0))
        columns[name] = [low + (high - low) * w for w in wave] if high else [None] * len(wave)
    return columns


class Direct(Client):
    """A client that asks a played API in the same process."""

    def __init__(self, api: Api) -> None:
        super().__init__("http://127.0.0.1:1", TOKEN)
        self.api = api

    def get(self, reply: type[T], path: str, **query: object) -> T:
        """As the client's."""
        if path in self.api.down:
            raise Unavailable(f"{path} is down")
        if self.api.revoked:
            raise Refused(401, "no such credential")
        asked = {k: [str(v)] for k, v in query.items() if v is not None}
        found = self.api.answer(path, asked)
        if found is None:
            raise Refused(404, f"no route {path}")
        made: T = build(reply, json.loads(json.dumps(found)))
        return made


class Server(ThreadingHTTPServer):
    """The server of one played API."""

    daemon_threads = True

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api = api


class Handler(BaseHTTPRequestHandler):
    """Asks the played API."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, query = self._asked()
        if not self._may(path):
            return
        if path == "stream":
            self._stream()
            return
        found = self.server.api.answer(path, query)
        self._reply(200 if found is not None else 404, found or {"detail": "no such route"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        path, _ = self._asked()
        if path == "sessions":
            self._redeem(body)
        elif not self._may(path):
            return
        elif path == "sessions/checks":
            self._check(body["tokens"])
        else:
            taken = self.server.api.acknowledge(path.split("/")[1], body.get("note"))
            self._reply(200 if taken else 404, taken or {"detail": "no such alert"})

    def do_DELETE(self) -> None:
        self._asked()
        self.server.api.revoked = True
        self._reply(200, {})

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        self.server.api.asked.append(f"{self.command} {self.path}")
        parts = urlsplit(self.path)
        return unquote(parts.path).removeprefix("/api/v1/"), parse_qs(parts.query)

    def _may(self, path: str) -> bool:
        api = self.server.api
        if api.revoked or self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._reply(401, {"detail": "no such credential"})
        elif path in api.down:
            self._reply(503, {"detail": f"{path} is down"})
        else:
            return True
        return False

    def _check(self, tokens: list[str]) -> None:
        known = [self.server.api.person if token == TOKEN else None for token in tokens]
        self._reply(200, asdict(replies.Standings(known)))

    def _redeem(self, body: dict[str, Any]) -> None:
        api = self.server.api
        if body.get("code") not in api.codes:
            self._reply(403, {"detail": "no such code"})
            return
        api.codes.discard(body["code"])
        api.revoked = False
        self._reply(200, asdict(replies.Secret("ada", "credential-1", TOKEN, None)))

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        news = self.server.api.news
        seen = news.told
        try:
            for _ in range(STREAM_SECONDS):
                now = news.after(seen, seconds=1)
                self.wfile.write(b": alive\n\n" if now == seen else b"event: alert\ndata: {}\n\n")
                self.wfile.flush()
                seen = now
        except OSError:
            return

    def _reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def served(api: Api) -> Iterator[str]:
    """The address at which this API answers, until the end of the block."""
    server = Server(api)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
