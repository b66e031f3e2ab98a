"""InfluxDB 1, fed by line protocol."""

from collections.abc import Sequence
from typing import Any

from bench.peers.asking import Asked, Reply, Web
from bench.peers.frames import short
from bench.peers.sender import Target
from bench.peers.server import Server, size
from bench.peers.system import HEAT, POWER, Disk, System
from bench.peers.telemetry import FIELDS, HOTTEST, STEP
from vigie.catalogue import Gpu
from vigie.errors import VigieError

DATABASE = "bench"


class Influx(System):
    """Rollups are what its continuous queries would write, run once over the past."""

    name, title = "influx", "InfluxDB"
    package, program = "influxdb", "influxd"
    formats = {"lines": (4, 4)}  # noqa: RUF012  a table
    least_idle = 25.0

    def made(self) -> Server:
        """Its server; it compacts soon, so that its size is what it comes to later."""
        home = self.directory / "data"
        settings = {
            "META_DIR": str(home / "meta"),
            "DATA_DIR": str(home / "data"),
            "DATA_WAL_DIR": str(home / "wal"),
            "DATA_MAX_SERIES_PER_DATABASE": "0",
            "DATA_CACHE_MAX_MEMORY_SIZE": str(4 * 2**30),
            "DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION": "10s",
            "DATA_COMPACT_FULL_WRITE_COLD_DURATION": "15s",
            "DATA_QUERY_LOG_ENABLED": "false",
            "HTTP_LOG_ENABLED": "false",
            "HTTP_MAX_BODY_SIZE": "0",
            "MONITOR_STORE_ENABLED": "false",
            "REPORTING_DISABLED": "true",
        }
        return Server(
            home,
            lambda _: [self.program, "run", "-config", "/dev/null"],
            ready="/query?q=SHOW+DATABASES",
            environment=lambda port: {
                **{f"INFLUXDB_{name}": value for name, value in settings.items()},
                "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
                "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{port + 1}",
            },
        )

    def prepare(self) -> None:
        """Make the database."""
        Web(self.server.port).call("POST", f"/query?q=CREATE+DATABASE+{DATABASE}")

    def target(self, form: str) -> Target:
        """Line protocol."""
        return Target(self.server.port, f"/write?db={DATABASE}&precision=s", {})

    def ask(self, question: str, asked: Asked, *, rolled: bool) -> Reply:
        """In InfluxQL."""
        whole = f"time >= {asked.start}s AND time < {asked.end}s"
        last = f"time >= {asked.end - STEP}s AND time < {asked.end}s"
        if question == "a":
            names = ", ".join(f.name for f in FIELDS)
            rows = self._rows(
                f"SELECT {names} FROM {Gpu.name} "  # noqa: S608
                f"WHERE container = '{short(asked.container)}' AND {last}"
            )
            return Reply([sum(float(row[1 + n]) for row in rows) for n in range(len(FIELDS))])
        if question == "b":
            span = f"time >= {asked.ten_minutes}s AND time < {asked.end}s"
            source = "mean(power) FROM container_1m" if rolled else f"mean({POWER}) FROM {Gpu.name}"
            found = self._query(f"SELECT {source} WHERE {span} GROUP BY container")
            return Reply([float(row[1]) for series in found for row in series["values"]])
        if question == "c":
            query = (
                f"SELECT power, heat FROM fleet_1m WHERE {whole}"  # noqa: S608
                if rolled
                else self._fleet("", whole)
            )
            rows = self._rows(query)
            return Reply([float(row[1]) for row in rows] + [float(row[2]) for row in rows])
        rows = self._rows(f"SELECT top({HEAT}, {HOTTEST}) FROM {Gpu.name} WHERE {last}")  # noqa: S608
        return Reply([sum(float(row[1]) for row in rows)])

    def _fleet(self, into: str, whole: str) -> str:
        return (
            f"SELECT sum(m) AS power, percentile(t, 95) AS heat {into} FROM "  # noqa: S608
            f"(SELECT mean({POWER}) AS m, mean({HEAT}) AS t FROM {Gpu.name} "
            f"WHERE {whole} GROUP BY time(1m), container, gpu) WHERE {whole} GROUP BY time(1m)"
        )

    def roll(self, asked: Asked) -> float:
        """Write what continuous queries would."""
        whole = f"time >= {asked.start}s AND time < {asked.end}s"
        self._query(
            f"SELECT mean({POWER}) AS power INTO container_1m FROM {Gpu.name} "  # noqa: S608
            f"WHERE {whole} GROUP BY time(1m), container"
        )
        self._query(self._fleet("INTO fleet_1m", whole))
        return 0.0

    def disk(self) -> Disk:
        """Data files, which hold their own index, log, and the file of series."""
        home = self.directory / "data"
        series, everything = size(home / "data", "_series"), size(home)
        return Disk(everything, everything - series, everything)

    def count(self, asked: Asked) -> int:
        """Values of all fields."""
        names = ", ".join(f"count({f.name})" for f in FIELDS)
        rows = self._rows(f"SELECT {names} FROM {Gpu.name}")  # noqa: S608
        return sum(int(cell) for row in rows for cell in row[1:])

    def _rows(self, query: str) -> Sequence[Any]:
        found = self._query(query)
        rows: Sequence[Any] = found[0]["values"] if found else []
        return rows

    def _query(self, query: str) -> list[Any]:
        answer = Web(self.server.port).get("/query", db=DATABASE, q=query, epoch="s")
        result = answer["results"][0]
        if "error" in result:
            raise VigieError(f"{query:.200}: {result['error']}")
        rows: list[Any] = result.get("series", [])
        return rows
