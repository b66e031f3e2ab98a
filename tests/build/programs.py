"""Real programs on free ports, with a data directory of their own: start, kill, ask."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vigie import frame
from vigie.client import Client, build
from vigie.replies import Enrolment, FramesReply, Secret, Table

PORTS = (15_000, 32_000)
ANSWERS = "/readyz/questions"
"""Answers 200 once a collector takes frames, and what it holds can be asked for."""


def free_port() -> int:
    """A TCP port of loopback that nobody listens on.

    Below those that the system gives to whoever connects: between our look and its use, a client of
    another test would take one of these.
    """
    while True:
        port = random.randint(*PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(url: str, path: str, *, seconds: float = 90.0) -> bool:
    """True once `path` of `url` answers 200; False when it has not within `seconds`."""
    host = url.partition("//")[2]
    end = time.monotonic() + seconds
    while True:  # at least once, however late we are
        connection = http.client.HTTPConnection(host, timeout=2)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except OSError:
            pass
        finally:
            connection.close()
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)


class Collector:
    """A `vigie collector run` of one's own; a context that ends it."""

    def __init__(
        self,
        data: Path,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] = {},
    ) -> None:
        """`data` is the data directory that `vigie up` would use."""
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments, self._environment = tuple(arguments), dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data / "collector.log"
        self._clients: list[Client] = []

    def start(self, *, seconds: float = 90.0, until: str = ANSWERS) -> "Collector":
        """Start it and wait until it knows all that it holds; if not, its log is in the failure.

        `until` is what must answer; `/readyz` does before that, and `/healthz` also where nothing
        can be acknowledged.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "vigie",
                    "collector",
                    "run",
                    "--data",
                    str(self.data),
                    "--listen",
                    f"127.0.0.1:{self.port}",
                    *self._arguments,
                ],
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
            )
        if not wait_for(self.url, until, seconds=seconds):
            self.kill()
            raise AssertionError(
                f"collector not ready in {seconds} s:\n{self.log.read_text()[-3000:]}"
            )
        return self

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process
        return self.process.pid

    def answers(self, path: str) -> bool:
        """Whether `path` answers 200 now."""
        return wait_for(self.url, path, seconds=0.01)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM, and its exit status."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients:
            client.close()
        self.kill()

    def client(self, token_file: str = "reader.token") -> Client:
        """An API client with one of the tokens of the data directory."""
        return self._holder((self.data / token_file).read_text().strip())

    def _holder(self, token: str) -> Client:
        client = Client(self.url, token)
        self._clients.append(client)
        return client

    def enrol(
        self, name: str, scope: str, *, kind: str = "agent", roles: Sequence[str] = ()
    ) -> str:
        """The token of a new principal."""
        asked = {"kind": kind, "name": name, "scope": scope, "roles": list(roles)}
        with self.client("registrar.token") as registrar:
            code = registrar.post(Enrolment, "principals", asked).code
        with Client(self.url, "") as nobody:
            return nobody.post(Secret, "credentials", {"code": code}).token

    def table(self, path: str, **query: object) -> Table:
        """A `Table` answer, read with the reader's token."""
        with self.client() as client:
            return client.get(Table, path, **query)


class Sender:
    """One kept-alive connection that posts frames with one credential."""

    def __init__(self, url: str, token: str, *, timeout: float = 60.0) -> None:
        self._host, self._token = url.partition("//")[2], token
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None

    def post(
        self, body: bytes, clock: str, *, encoding: str = "zstd", **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """(status, JSON answer, headers); OSError where there was no answer."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, timeout=self._timeout)
        sent = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": frame.CONTENT_TYPE,
            frame.CLOCK_HEADER: clock,
            **headers,
        }
        if encoding:
            sent["Content-Encoding"] = encoding
        try:
            self._connection.request("POST", "/api/v1/frames", body, sent)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            raise ConnectionError(str(error)) from error
        try:
            parsed = json.loads(text) if text else None
        except ValueError:
            parsed = text
        return answer.status, parsed, dict(answer.headers)

    def close(self) -> None:
        """Let go of the connection; the next post makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def held(self, body: bytes, clock: str) -> FramesReply:
        """The answer to a post that must be accepted."""
        status, answer, _ = self.post(body, clock)
        assert status == http.HTTPStatus.OK, (status, answer)
        reply: FramesReply = build(FramesReply, answer)
        return reply
