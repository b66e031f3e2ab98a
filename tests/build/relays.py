"""A real `vigie agent relay` on a free port, before a collector: start, kill, ask."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.build.programs import Collector, free_port, wait_for
from vigie.replies import Enrolment


class Relay:
    """One relay of a site; a context that ends it."""

    def __init__(
        self, data: Path, upstream: str, code: str, *, environment: Mapping[str, str] = {}
    ) -> None:
        """`code` enrols it at its first start."""
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data / "relay.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._upstream, self._code, self._environment = upstream, code, dict(environment)

    def start(self, *, seconds: float = 90.0) -> "Relay":
        """Start it, and wait until it can take frames."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "vigie", "agent", "relay", "--data", str(self.data),
                    "--listen", f"127.0.0.1:{self.port}", "--upstream", self._upstream,
                    "--enrol", self._code,
                ],
                stdout=log, stderr=log, env={**os.environ, **self._environment},
            )  # fmt: skip
        if not wait_for(self.url, "/readyz", seconds=seconds):
            self.kill()
            raise AssertionError(f"relay not ready in {seconds} s:\n{self.log.read_text()[-3000:]}")
        return self

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and its exit status."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def metrics(self) -> dict[str, float]:
        """Its own figures, by name and labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name.removeprefix("vigie_relay_"): float(value) for name, _, value in pairs}

    def sent(self) -> float:
        """Frames that its first upstream holds."""
        return sum(v for name, v in self.metrics().items() if name.startswith("frames_sent_total"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


def relay(
    collector: Collector, data: Path, site: str, *, environment: Mapping[str, str] = {}
) -> Relay:
    """A relay of a site that sends to a collector; not started yet."""
    with collector.client("registrar.token") as registrar:
        asked = {"kind": "relay", "name": f"relay-{site}", "scope": site}
        code = registrar.post(Enrolment, "principals", asked).code
    return Relay(data, collector.url, code, environment=environment)
