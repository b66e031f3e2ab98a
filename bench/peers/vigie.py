"""Vigie's collector, everything on: authentication, journal, live, rules, rollups, flush, merge."""

import json
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.peers import frames
from bench.peers.asking import Asked, Reply, Web
from bench.peers.sender import Target
from bench.peers.server import Server
from bench.peers.system import HEAT, POWER, Disk, System, haste
from bench.peers.telemetry import FIELDS, HOTTEST, MINUTE, STEP, Workload
from vigie.catalogue import VERSION, Gpu
from vigie.client import Client
from vigie.frame import CONTENT_TYPE
from vigie.replies import Enrolment, Secret

LARGE = 30_000_000
"""Values of a workload that takes so long that rollups would begin in the middle of it."""
SETTLED_SECONDS = 60.0
"""And five flushes: after that it is measured as it stands."""


class Vigie(System):
    """Its rollups are made as it goes; a question that begins within a minute is asked of rows."""

    name, title, package, program = "vigie", "Vigie", "vigie", sys.executable
    formats = {"frames": (256, 64)}  # noqa: RUF012  a table

    @classmethod
    def version(cls) -> str:
        """There is one of the catalogue."""
        return f"this checkout, catalogue {VERSION}"

    def __init__(self, directory: Path, work: Workload) -> None:
        self.flush = 40 if work.values > LARGE else max(3, round(20 * haste(work.values)))
        super().__init__(directory, work)
        self._token = self._reader = ""

    def made(self) -> Server:
        """Its collector, flushing as often as a short run needs to see it."""
        data = self.directory / "data"
        return Server(
            data,
            lambda port: [
                sys.executable, "-m", "vigie", "collector", "run",
                "--data", str(data), "--listen", f"127.0.0.1:{port}",
            ],
            ready="/readyz",
            environment=lambda _: {"VIGIE_COLLECTOR_STORE_FLUSH": f"{self.flush}s"},
        )  # fmt: skip

    def prepare(self) -> None:
        """Enrol the sender."""
        data = self.server.directory
        self._token = enrolled(self.server.url, data, "relay", frames.ROOT)
        self._reader = (data / "reader.token").read_text().strip()

    def target(self, form: str) -> Target:
        """Frames, with a credential."""
        return Target(
            self.server.port, "/api/v1/frames",
            {
                "Authorization": f"Bearer {self._token}",
                "Content-Type": CONTENT_TYPE,
                "Content-Encoding": "zstd",
            },
        )  # fmt: skip

    def settle(self) -> None:
        """Wait until everything is in tables, rolled up by the minute, and merged once."""
        wanted = self.work.gpus * self.work.ticks
        windows = self.work.gpus * (self.work.ticks * STEP // MINUTE)
        end = time.monotonic() + SETTLED_SECONDS + 5 * self.flush
        while time.monotonic() < end and (
            self._summary(Gpu.name).get("total-records", 0) < wanted
            or self._summary(f"{Gpu.name}_1m").get("total-records", 0) < windows
        ):
            time.sleep(0.5)
        before = self.metric("duty_runs_total", duty="merge")
        while time.monotonic() < end and self.metric("duty_runs_total", duty="merge") <= before:
            time.sleep(0.5)

    def ask(self, question: str, asked: Asked, *, rolled: bool) -> Reply:
        """By the API, as any client would; `rolled` lets it read minutes, where it then does."""
        tier = "1m" if rolled else "raw"
        if question == "a":
            names = ",".join(f.name for f in FIELDS)
            scope = frames.container(asked.container)
            table = self._get(f"latest/{Gpu.name}", fields=names, scope=scope)
            sums = [sum(v for v in table["columns"][f.name] if v is not None) for f in FIELDS]
            return Reply(sums, table["tier"])
        if question == "b":
            table = self._get(
                f"series/{Gpu.name}", fields=POWER, by="container", agg="mean", tier=tier,
                start=asked.ten_minutes, end=asked.end, limit=200_000,
            )  # fmt: skip
            return Reply(table["columns"][POWER], table["tier"])
        if question == "c":
            table = self._get(
                f"series/{Gpu.name}", fields=f"{POWER},{HEAT}", by="", agg="sum,p95", step=MINUTE,
                start=asked.start, end=asked.end, tier=tier,
            )  # fmt: skip
            return Reply(table["columns"][POWER] + table["columns"][HEAT], table["tier"])
        table = self._get(f"latest/{Gpu.name}", fields=HEAT, top=HOTTEST, rank="highest")
        return Reply([sum(table["columns"][HEAT])], table["tier"])

    def roll(self, asked: Asked) -> float:
        """It did."""
        return 0.0

    def disk(self) -> Disk:
        """The current files of the table of readings; there is no index but in them."""
        size = int(self._summary(Gpu.name).get("total-files-size", 0))
        windows = int(self._summary(f"{Gpu.name}_1m").get("total-files-size", 0))
        home = self.server.directory / "collector"
        whole = sum(p.stat().st_size for p in home.rglob("*") if p.is_file())
        return Disk(size, size, whole, f"minutes beside them: {windows / 1e6:.1f} MB")

    def count(self, asked: Asked) -> int:
        """Values of all fields."""
        names = ",".join(f.name for f in FIELDS)
        table = self._get(
            f"series/{Gpu.name}", fields=names, by="", agg="count", start=asked.start,
            end=asked.end,
        )  # fmt: skip
        return int(sum(cell or 0 for f in FIELDS for cell in table["columns"].get(f.name, [])))

    def told(self) -> Mapping[str, float]:
        """Flushes, merges, and what was late for rollups."""
        names = ("store_flushes_total", "store_merges_total", "duty_skipped_total")
        return {name: self.metric(name) for name in names}

    def metric(self, name: str, **labels: str) -> float:
        """One of its own numbers, added up over labels that are not asked for."""
        return metric(self.metrics(), name, **labels)

    def metrics(self) -> str:
        """All of its own numbers."""
        return str(Web(self.server.port).call("GET", "/metrics"))

    def status(self) -> Any:
        """What it says of its store."""
        return self._get("store")

    def newest(self, scope: str) -> int:
        """Unix time of the newest reading of a container; 0 where there is none."""
        table = self._get(f"latest/{Gpu.name}", fields=HEAT, scope=scope)
        times = [datetime.fromisoformat(t) for t in table["columns"]["time"]]
        return int(max(times).timestamp()) if times else 0

    def _get(self, path: str, *, start: int = 0, end: int = 0, **query: object) -> Any:
        if end:
            query |= {"from": _text(start), "to": _text(end)}
        headers = {"Authorization": f"Bearer {self._reader}"}
        return Web(self.server.port, headers).get(f"/api/v1/{path}", **query)

    def _summary(self, table: str) -> Mapping[str, int]:
        return summary(self.server.directory / "collector", table)


def enrolled(url: str, data: Path, kind: str, name: str) -> str:
    """The token of one who may send for all containers of the bench."""
    with Client(url, "") as nobody:
        return nobody.post(Secret, "credentials", {"code": code(url, data, kind, name)}).token


def code(url: str, data: Path, kind: str, name: str) -> str:
    """What such a one redeems for it, once."""
    asked = {"kind": kind, "name": name, "scope": frames.ROOT, "roles": []}
    registrar = (data / "registrar.token").read_text().strip()
    with Client(url, registrar) as client:
        return client.post(Enrolment, "principals", asked).code


def metric(text: str, name: str, *, program: str = "collector", **labels: str) -> float:
    """A number of a program's text, added up over labels that are not asked for."""
    total = 0.0
    for found in re.finditer(rf"^vigie_{program}_{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE):
        said = found[1] or ""
        if all(f'{key}="{value}"' in said for key, value in labels.items()):
            total += float(found[2])
    return total


def summary(collector: Path, table: str) -> Mapping[str, int]:
    """What the newest metadata of an Iceberg table says that it has."""
    folder = collector / "tables" / "vigie" / table / "metadata"
    written = sorted(folder.glob("*.metadata.json"))
    if not written:
        return {}
    said = json.loads(written[-1].read_text())
    current = said.get("current-snapshot-id")
    for snapshot in said.get("snapshots", ()):
        if snapshot["snapshot-id"] == current:
            return {k: int(v) for k, v in snapshot["summary"].items() if str(v).isdigit()}
    return {}


def _text(time_: int) -> str:
    return datetime.fromtimestamp(time_, UTC).isoformat().replace("+00:00", "Z")
