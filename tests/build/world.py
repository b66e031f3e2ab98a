"""A world of containers, hosts, GPUs and meters that can be read at any instant.

Deterministic: the same world, agent and tick give the same bytes. Values move as real ones do
(steps, noise, counters that integrate their power), so that what is stored can be checked against
what was sent without keeping a copy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import zstandard

from vigie import frame
from vigie.catalogue import VERSION, Filesystem, Gpu, Host, Power, Source
from vigie.frame import Gap, Happening, Header, Section
from vigie.shape import Columns, Field, Measurement
from vigie.units import NANOSECONDS_PER_SECOND

START = 1_790_000_000 * NANOSECONDS_PER_SECOND
"""Tick 0 of every world, in nanoseconds: 2026-09-21T14:13:20Z."""

_ARROW = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "double": pa.float64(),
}


def stream(measurement: type[Measurement], time_us: int | Sequence[int], columns: Columns) -> bytes:
    """One section as an Arrow IPC stream; `time_us` is that of each row, or of all."""
    count = len(next(iter(columns.values())))
    each = np.broadcast_to(np.asarray(time_us, "int64"), count)
    times = pa.array(each).cast(pa.timestamp("us", tz="UTC"))
    arrays, fields = [times], [pa.field(frame.TIME_COLUMN, times.type)]
    for declared in measurement.fields:
        if declared in columns:
            array = pa.array(columns[declared], _ARROW[frame.column_type(declared)])
            arrays.append(array)
            fields.append(pa.field(declared.name, array.type))
    batch = pa.record_batch(arrays, schema=pa.schema(fields))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def rows(columns: Columns) -> int:
    """How many rows these columns have."""
    return len(next(iter(columns.values())))


def compressed(*frames: bytes) -> bytes:
    """A request body of these frames, as agents send it."""
    return zstandard.ZstdCompressor(1, write_checksum=True).compress(b"".join(frames))


@dataclass(frozen=True)
class Agent:
    """One sender of the world: who it is, and what it reads at a tick.

    `skew` is what its wall clock is ahead of the truth, in seconds.
    """

    container: str
    name: str = "agent-1"
    boot: str = "boot-1"
    period: float = 1.0
    skew: float = 0.0
    start: int = START
    read: Callable[["Agent", int], Sequence[tuple[type[Measurement], Columns]]] = field(
        default=lambda agent, tick: machine(tick, agent.period)
    )

    def wall(self, tick: int) -> int:
        """The agent's wall clock at a tick, in nanoseconds."""
        return self.monotonic(tick) + self.start + int(self.skew * NANOSECONDS_PER_SECOND)

    def monotonic(self, tick: int) -> int:
        """The agent's monotonic clock at a tick, in nanoseconds."""
        return int(tick * self.period * NANOSECONDS_PER_SECOND)

    def clock(self, tick: int) -> str:
        """The `Vigie-Clock` header of a request sent at that tick."""
        return f"{self.boot} {self.wall(tick)} {self.monotonic(tick)}"

    def frame(
        self, tick: int, *, events: Sequence[Happening] = (), gaps: Sequence[Gap] = ()
    ) -> bytes:
        """The frame of one tick; its sequence number is the tick."""
        time_us = self.wall(tick) // 1000
        parts = [(m, columns, stream(m, time_us, columns)) for m, columns in self.read(self, tick)]
        header = Header(
            self.name,
            self.boot,
            tick,
            self.container,
            self.wall(tick),
            self.monotonic(tick),
            VERSION,
            sections=tuple(Section(m.name, len(data), rows(c)) for m, c, data in parts),
            events=tuple(events),
            gaps=tuple(gaps),
        )
        return frame.pack(header, b"".join(data for _, _, data in parts))

    def rebooted(self, boot: str) -> "Agent":
        """The same agent after a restart of its own."""
        return replace(self, boot=boot)


def machine(
    tick: int, period: float = 1.0, host: str = "host-1"
) -> list[tuple[type[Measurement], Columns]]:
    """An ordinary host at a tick: the four measurements that every agent sends."""
    seconds = tick * period
    return [
        (
            Host,
            {
                Host.host: [host],
                Host.cpu_count: [8],
                Host.cpu_busy_ratio: [0.25],
                Host.cpu_busy_seconds_total: [1000 + 2 * seconds],
                Host.load1: [2.0],
                Host.memory_total_bytes: [32 * 2**30],
                Host.memory_available_bytes: [20 * 2**30],
            },
        ),
        (
            Filesystem,
            {
                Filesystem.host: [host],
                Filesystem.mount: ["/"],
                Filesystem.size_bytes: [100 * 2**30],
                Filesystem.available_bytes: [60 * 2**30],
                Filesystem.read_only: [False],
            },
        ),
        (
            Source,
            {
                Source.host: [host] * 2,
                Source.source: ["agent", "host"],
                Source.status: [0, 0],
                Source.age_seconds: [0.0, 0.0],
                Source.values_total: [None, 10 * tick],
            },
        ),
    ]


def metered(
    watts: float, *, resets: Sequence[int] = ()
) -> Callable[[Agent, int], list[tuple[type[Measurement], Columns]]]:
    """A reader of one meter under constant load; its counter restarts at the ticks in `resets`."""

    def read(agent: Agent, tick: int) -> list[tuple[type[Measurement], Columns]]:
        base = max((r for r in resets if r <= tick), default=0)
        energy = watts * agent.period * (tick - base)
        return [
            (
                Power,
                {
                    Power.host: ["host-1"],
                    Power.meter: ["m1"],
                    Power.role: ["it"],
                    Power.phase: ["all"],
                    Power.method: ["meter"],
                    Power.power_watts: [watts],
                    Power.energy_joules_total: [energy],
                },
            )
        ]

    return read


def gpus(
    count: int = 104, seed: int = 7
) -> Callable[[Agent, int], list[tuple[type[Measurement], Columns]]]:
    """A reader of a whole container's GPUs, all 18 fields, rounded as drivers round them."""
    names = [f"GPU-{seed:04x}-{n:04d}" for n in range(count)]
    hosts = [f"host-{n // 8:02d}" for n in range(count)]
    base = np.random.default_rng(seed).uniform(0.3, 1.0, count)

    def read(agent: Agent, tick: int) -> list[tuple[type[Measurement], Columns]]:
        noise = np.random.default_rng((seed, tick)).normal(0, 0.02, (count, 6))
        load = np.clip(base + noise[:, 0], 0, 1)
        watts = np.round(100 + 600 * load, 3)
        seconds = tick * agent.period
        values: dict[Field, np.ndarray[tuple[int], np.dtype[np.generic]]] = {
            Gpu.utilization_ratio: np.round(load, 2),
            Gpu.sm_active_ratio: np.round(load * 0.9, 3),
            Gpu.tensor_active_ratio: np.round(load * 0.5, 3),
            Gpu.dram_active_ratio: np.round(load * 0.4, 3),
            Gpu.memory_used_bytes: (base * 80e9).astype("int64") // 2**20 * 2**20,
            Gpu.memory_total_bytes: np.full(count, 80 * 2**30, "int64"),
            Gpu.power_watts: watts,
            Gpu.power_limit_watts: np.full(count, 700.0),
            Gpu.energy_joules_total: np.round((100 + 600 * base) * seconds, 3),
            Gpu.temperature_celsius: np.round(35 + 40 * load),
            Gpu.memory_temperature_celsius: np.round(40 + 45 * load),
            Gpu.sm_clock_hertz: np.round(1.2e9 + 7e8 * load, -6),
            Gpu.throttle_reasons: (load > 0.97).astype("int64") * 4,
            Gpu.throttle_thermal_seconds_total: np.zeros(count),
            Gpu.ecc_corrected_total: np.zeros(count, "int64"),
            Gpu.ecc_uncorrected_total: np.zeros(count, "int64"),
            Gpu.pcie_receive_bytes_total: (base * 1e9 * seconds).astype("int64"),
            Gpu.pcie_transmit_bytes_total: (base * 5e8 * seconds).astype("int64"),
        }
        return [(Gpu, {Gpu.host: hosts, Gpu.gpu: names, **values})]  # type: ignore[dict-item]

    return read


def fleet(containers: int, *, gpus_each: int = 104, period: float = 1.0) -> list[Agent]:
    """One GPU agent a container, for load: `load/c0000` and on."""
    return [
        Agent(f"load/c{n:04d}", name=f"load-{n:04d}", period=period, read=gpus(gpus_each, n + 1))
        for n in range(containers)
    ]
