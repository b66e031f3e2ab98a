"""From a reading to the webhook: how long a notification takes while a network sends.

    python -m bench notify [--times 300] [--containers 100]

A real collector with the shipped rules and a real receiver over HTTP. Containers of GPUs tell every
ten seconds, and one host once a second; now and then a file system of that host is full, a rule of
its own says so at once, and the clock runs from when the frame is posted until the receiver has the
message. Figures are of this machine, everything on it.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.evenly import Sending
from bench.many import LEAD_SECONDS, Shape, network, requests
from tests.build import world
from tests.build.desk import Desk
from tests.build.programs import Collector, Sender
from vigie.catalogue import Filesystem
from vigie.shape import Columns, Measurement

RULE = """
[[rule]]
name = "no_space_{number}"
measurement = "filesystem"
priority = 1
where = {{ mount = "/m{number}" }}
when = "available_bytes == 0"
settle = "0s"
title = {{ fr = "{{mount}} plein", en = "{{mount}} full" }}
advice = {{ fr = "Libérez", en = "Free some" }}
why = "It is full."
do = "Delete."
"""
SECONDS = 1.0
"""Period of the host whose file systems fill."""


def rules(count: int) -> str:
    """So many rules, each about one mount: none waits to be told with others of its kind."""
    return "\n".join(RULE.format(number=number) for number in range(count))


class Host:
    """An agent with file systems; what is free on each is told when it is read."""

    def __init__(self, running: Collector) -> None:
        """Enrols it."""
        self._sender = Sender(running.url, running.enrol("agent-1", "paris/a"))
        self._start, self._tick = time.time_ns(), 0

    def reads(self, mount: int, free: int) -> float:
        """Unix time when one reading was posted; it has been acknowledged."""

        def read(_: world.Agent, __: int) -> Sequence[tuple[type[Measurement], Columns]]:
            columns: Columns = {
                Filesystem.host: ["host-1"], Filesystem.mount: [f"/m{mount}"],
                Filesystem.size_bytes: [100], Filesystem.available_bytes: [free],
                Filesystem.read_only: [False],
            }  # fmt: skip
            return [(Filesystem, columns)]

        period = (time.time_ns() - self._start) / 1e9 / (self._tick + 1)
        self._tick += 1
        agent = world.Agent("paris/a", start=self._start, period=period, read=read)
        body, clock = world.compressed(agent.frame(self._tick)), agent.clock(self._tick)
        began = time.time()
        self._sender.held(body, clock)
        return began

    def close(self) -> None:
        """Let go of its connection; the next reading makes another."""
        self._sender.close()


def measure(folder: Path, times: int, containers: int) -> list[float]:
    """Seconds from each reading to its webhook."""
    shape = Shape(containers, 0, 0, times * SECONDS)
    with closing(Desk()) as desk:
        desk.open()
        arguments = desk.documents(folder)
        (folder / "rules" / "own.toml").write_text(rules(times), encoding="utf-8")
        (folder / "network.toml").write_text(network(shape), encoding="utf-8")
        settings = {"VIGIE_COLLECTOR_NETWORK": str(folder / "network.toml")}
        with Collector(folder / "data", arguments=arguments, environment=settings) as running:
            token, host = running.enrol("load", "", kind="relay"), Host(running)
            count = 2 * (int(shape.seconds / 10) + 1)
            sending = None
            if containers:
                start = time.time() + LEAD_SECONDS + 1e-3 * count * containers
                made = requests(shape, running.port, token, start, count)
                time.sleep(max(0.0, start - time.time()))
                sending = Sending(running.port, made, count * 5.0)
                sending.start()
            with closing(host):
                took = _told(desk, host, times)
            if sending is not None:
                sending.end()
    return took


def _told(desk: Desk, host: Host, times: int) -> list[float]:
    took: list[float] = []
    for number in range(times):
        began = host.reads(number, 0)
        rule = f'"no_space_{number}"'.encode()
        while not (came := [at for at, _, body in list(desk.came) if rule in body]):
            if time.time() - began > 30:
                raise TimeoutError(f"{rule!r} was not told within 30 s")
            time.sleep(0.002)
        took.append(came[0] - began)
        time.sleep(max(0.0, SECONDS - (time.time() - began)))
    return took


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="bench notify", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--containers", type=int, default=100, help="of 104 GPUs, that send too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        took = sorted(measure(Path(folder), given.times, given.containers))
    ranked = {share: took[min(len(took) - 1, int(len(took) * share))] for share in (0.9, 0.99)}
    print(
        f"reading to webhook, {len(took)} times a second apart, {given.containers} containers "
        f"sending: p50 {statistics.median(took):.2f} s, p90 {ranked[0.9]:.2f} s, "
        f"p99 {ranked[0.99]:.2f} s, max {took[-1]:.2f} s"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
