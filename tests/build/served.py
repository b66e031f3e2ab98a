"""A whole collector inside the test's process, on a free port of loopback."""

import http.client
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from collector.declared import declared
from collector.service import Service
from tests.build.programs import ANSWERS, Sender, free_port, wait_for
from vigie.client import Client
from vigie.replies import Enrolment, Secret
from vigie.settings import CollectorSettings


class Served:
    """A context that starts and ends it."""

    def __init__(self, data: Path, **more: Any) -> None:
        """`more` are of its settings."""
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        told = CollectorSettings(data=data, listen=f"127.0.0.1:{self.port}", **more)
        self.service = Service(told, declared(told))
        self._thread = threading.Thread(target=self.service.run)
        self._open: list[Client | Sender] = []

    def __enter__(self) -> Self:
        self._thread.start()
        assert wait_for(self.url, "/healthz")
        assert wait_for(self.url, ANSWERS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._open:
            each.close()
        self.service.stop()
        self._thread.join()

    def token(self, name: str = "reader") -> str:
        """One of the tokens of the data directory."""
        return (self.data / f"{name}.token").read_text(encoding="utf-8").strip()

    def client(self, name: str = "reader") -> Client:
        """A client with one of those tokens."""
        return self.holder(self.token(name))

    def holder(self, token: str) -> Client:
        """A client with a token of one's own, or none."""
        client = Client(self.url, token)
        self._open.append(client)
        return client

    def enrol(self, kind: str, name: str, scope: str = "", **more: Any) -> Secret:
        """A credential of a new principal."""
        entry = {"kind": kind, "name": name, "scope": scope, **more}
        code = self.client("registrar").post(Enrolment, "principals", entry).code
        return self.holder("").post(Secret, "credentials", {"code": code})

    def sender(self, scope: str = "site/c", name: str = "agent-1") -> Sender:
        """Posts frames as a new agent."""
        sender = Sender(self.url, self.enrol("agent", name, scope).token)
        self._open.append(sender)
        return sender

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = {},
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in small letters) and body of one plain request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def act(self, path: str, entry: Mapping[str, Any], token: str, key: str) -> tuple[int, Any]:
        """Status and JSON answer of one `POST` with an idempotency key."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        status, _, text = self.ask("POST", f"/api/v1/{path}", headers, json.dumps(entry).encode())
        return status, json.loads(text) if text else None
