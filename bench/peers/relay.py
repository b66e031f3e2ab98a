"""Vigie behind a site's relay: agents send to it, and it sends many frames a request upward."""

import sys
import time
from pathlib import Path
from typing import Final

from bench.peers import frames
from bench.peers.asking import Web
from bench.peers.sender import Target
from bench.peers.server import Server, Usage
from bench.peers.telemetry import Workload
from bench.peers.vigie import Vigie, code, enrolled, metric
from vigie.errors import VigieError

DELIVERED_SECONDS: Final = 600.0
LOOK_SECONDS: Final = 0.05


class Relayed(Vigie):
    """A reading counts when the collector holds it; what the relay uses is told apart."""

    name, title = "relay", "Vigie, by relay"
    formats = {"frames": (32, 16)}  # noqa: RUF012  a table

    def __init__(self, directory: Path, work: Workload) -> None:
        super().__init__(directory, work)
        self._relay: Server | None = None

    def prepare(self) -> None:
        """Enrol a relay and start it, and enrol the hosts behind it."""
        super().prepare()
        home, url = self.server.directory, self.server.url
        once = code(url, home, "relay", f"relay-{frames.ROOT}")
        self._token = enrolled(url, home, "agent", "hosts")
        data = self.directory / "site"
        self._relay = Server(
            data,
            lambda port: [
                sys.executable, "-m", "vigie", "agent", "relay", "--data", str(data),
                "--listen", f"127.0.0.1:{port}", "--upstream", url, "--enrol", once,
            ],
            ready="/readyz",
        )  # fmt: skip
        self._relay.start()

    def target(self, form: str) -> Target:
        """The relay, with a credential of the hosts."""
        direct = super().target(form)
        return Target(self._site().port, direct.path, direct.headers)

    def delivered(self, sent: int) -> bool:
        """Wait until the collector holds so many frames.

        Raises:
            VigieError: it does not within ten minutes.
        """
        end = time.monotonic() + DELIVERED_SECONDS
        web = Web(self._site().port)
        while metric(str(web.call("GET", "/metrics")), "frames_sent_total", program="relay") < sent:
            if time.monotonic() > end:
                raise VigieError("the relay did not deliver everything")
            time.sleep(LOOK_SECONDS)
        return True

    def beside(self) -> Usage | None:
        """What the relay used up to now."""
        return None if self._relay is None else self._relay.usage()

    def end(self) -> None:
        """Both."""
        if self._relay is not None:
            self._relay.kill()
        super().end()

    def _site(self) -> Server:
        if self._relay is None:
            raise VigieError("the relay was not started")
        return self._relay
