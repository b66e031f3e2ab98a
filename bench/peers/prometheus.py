"""Prometheus, fed by remote write."""

import os
import subprocess
from collections.abc import Sequence

from bench.peers.asking import Asked, Reply, Web
from bench.peers.remote_write import HEADERS, request
from bench.peers.sender import Target
from bench.peers.server import Server, size
from bench.peers.system import MEAN_BY_CONTAINER, RULES, Disk, PromQL, System
from vigie.errors import VigieError

TOOL_SECONDS = 600


class Prometheus(System):
    """Recording rules are evaluated for the past by the bench, at the times of a live one."""

    name, title = "prometheus", "Prometheus"
    package = program = "prometheus"
    formats = {"remote": (4, 4)}  # noqa: RUF012  a table
    least_idle = 8.0

    def made(self) -> Server:
        """Its server; it scrapes nothing, and keeps what is old."""
        data, config = self.directory / "data", self.directory / "prometheus.yml"
        self.directory.mkdir(parents=True, exist_ok=True)
        config.write_text("global: {scrape_interval: 1h}\n")
        return Server(
            data,
            lambda port: [
                self.program, f"--config.file={config}", f"--storage.tsdb.path={data}",
                f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
                "--web.enable-admin-api", "--storage.tsdb.retention.time=10y",
                "--query.max-samples=500000000", "--log.level=warn",
            ],
            ready="/-/ready",
        )  # fmt: skip

    def target(self, form: str) -> Target:
        """Remote write."""
        return Target(self.server.port, "/api/v1/write", HEADERS)

    def ask(self, question: str, asked: Asked, *, rolled: bool) -> Reply:
        """In PromQL."""
        return self._promql().ask(question, asked, rolled=rolled)

    def count(self, asked: Asked) -> int:
        """Samples."""
        return self._promql().count(asked)

    def roll(self, asked: Asked) -> float:
        """Evaluate the rules at whole minutes and write what they give.

        Promtool would, but shifts each group by a hash of its name, and answers would differ.

        Raises:
            VigieError: nothing was written.
        """
        made = []
        for name, expression in RULES.items():
            for row in self._promql().range(expression, asked):
                labels = row["metric"] | {"__name__": name}
                made.append((labels, [(int(t), float(v)) for t, v in row["values"]]))
        web = Web(self.server.port, HEADERS)
        web.call("POST", "/api/v1/write", request(made))
        if not self._promql().instant(MEAN_BY_CONTAINER, asked.end):
            raise VigieError("what the rules gave was not taken")
        return 0.0

    def disk(self) -> Disk:
        """Write-ahead log and head; and as a block, which it makes of two hours at a time."""
        home = self.directory / "data"
        everything = size(home)
        Web(self.server.port).call("POST", "/api/v1/admin/tsdb/snapshot")
        block, chunks = size(home / "snapshots"), size(home / "snapshots", "chunks")
        note = f"as a block; {everything / 1e6:.0f} MB as log and head until then"
        return Disk(block, chunks, everything, note)

    def _promql(self) -> PromQL:
        return PromQL(Web(self.server.port), "/api/v1", {})


def tool_seconds(command: Sequence[str]) -> float:
    """Run a tool; processor seconds that it took.

    Raises:
        VigieError: it is not there, or it failed.
    """
    before = os.times()
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=TOOL_SECONDS)
    except FileNotFoundError as error:
        raise VigieError(f"no {command[0]} on PATH") from error
    except subprocess.CalledProcessError as error:
        raise VigieError(f"{command[0]} failed: {error.stderr[-500:]!r}") from error
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
