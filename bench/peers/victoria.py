"""VictoriaMetrics, single node, with line protocol and with remote write."""

from datetime import UTC, datetime

from bench.peers.asking import Asked, Reply, Web
from bench.peers.prometheus import tool_seconds
from bench.peers.remote_write import HEADERS
from bench.peers.sender import Target
from bench.peers.server import Server, size
from bench.peers.system import MEAN_BY_CONTAINER, Disk, PromQL, System, rules
from vigie.errors import VigieError


class Victoria(System):
    """Recording rules are vmalert's, replayed over the past as its manual says."""

    name, title = "victoria", "VictoriaMetrics"
    package = program = "victoria-metrics"
    formats = {"lines": (4, 4), "remote": (4, 4)}  # noqa: RUF012  a table
    least_idle = 15.0

    def made(self) -> Server:
        """Its server; the cache of answers off, no wait for late samples."""
        data = self.directory / "data"
        return Server(
            data,
            lambda port: [
                self.program, f"-storageDataPath={data}", f"-httpListenAddr=127.0.0.1:{port}",
                "-retentionPeriod=10y", "-search.latencyOffset=0s", "-search.disableCache",
                "-search.maxUniqueTimeseries=10000000", "-loggerLevel=WARN",
            ],
            ready="/health",
        )  # fmt: skip

    def target(self, form: str) -> Target:
        """Line protocol has its own path."""
        if form == "lines":
            return Target(self.server.port, "/write?precision=s", {})
        return Target(self.server.port, "/api/v1/write", HEADERS)

    def ask(self, question: str, asked: Asked, *, rolled: bool) -> Reply:
        """In PromQL."""
        return self._promql().ask(question, asked, rolled=rolled)

    def count(self, asked: Asked) -> int:
        """Samples."""
        return self._promql().count(asked)

    def roll(self, asked: Asked) -> float:
        """Replay the rules.

        Raises:
            VigieError: the tool failed.
        """
        file = self.directory / "rules.yml"
        file.write_text(rules())
        url = self.server.url
        # A load of one minute is recorded at its end; the tool wants a span all the same.
        times = min(asked.start + 60, asked.end), asked.end + 1
        start, end = (datetime.fromtimestamp(t, UTC) for t in times)
        used = tool_seconds(
            [
                "vmalert", f"-rule={file}", f"-datasource.url={url}", f"-remoteWrite.url={url}",
                f"-replay.timeFrom={start:%Y-%m-%dT%H:%M:%SZ}",
                f"-replay.timeTo={end:%Y-%m-%dT%H:%M:%SZ}", "-replay.rulesDelay=1s",
                "-loggerLevel=ERROR", "-httpListenAddr=127.0.0.1:0",
                "-datasource.queryTimeAlignment=false", "-datasource.queryStep=1m",
            ]
        )  # fmt: skip
        self.flush()
        if not self._promql().instant(f"last_over_time({MEAN_BY_CONTAINER}[1h])", asked.end):
            raise VigieError("vmalert -replay wrote nothing")
        return used

    def flush(self) -> None:
        """What is in memory becomes parts on disk, and can be asked for."""
        Web(self.server.port).call("GET", "/internal/force_flush")

    def disk(self) -> Disk:
        """Data, and the index of names."""
        self.flush()
        self.server.idle(least=2.0)
        home = self.directory / "data"
        data, index = size(home / "data"), size(home / "indexdb")
        return Disk(data + index, data, size(home))

    def _promql(self) -> PromQL:
        return PromQL(Web(self.server.port), "/api/v1", {"nocache": "1"})
