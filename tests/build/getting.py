"""GET requests put to routers in process, by people with a role and a scope."""

import asyncio
import json
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter

from collector import people as persons
from collector.api.app import application
from collector.people import Caller, Newcomer, People
from vigie.database import Database

ROOT = Caller("root", "root", "service", frozenset({"registrar"}), "", "c", None, simulated=False)


class Getting:
    """Some routers and those who may ask them."""

    def __init__(self, folder: Path) -> None:
        self.people = People(Database(folder / "p.db", persons.TABLES), lambda: 1_000_000_000)
        self.routers: Sequence[APIRouter] = ()

    def token(self, scope: str = "", *roles: str, **more: Any) -> str:
        """A credential of a new principal; a reader unless roles say otherwise."""
        kind = more.pop("kind", "person")
        name = f"{scope or 'all'} {' '.join(roles)} {kind}"
        newcomer = Newcomer(kind, name, roles or ("reader",), scope, **more)
        return self.people.redeem(self.people.enrol(newcomer, ROOT).code).token

    def get(self, path: str, token: str, **query: object) -> tuple[int, Any]:
        """Status and JSON answer."""
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "GET", "path": f"/api/v1/{path}", "root_path": "",
            "query_string": urlencode(query).encode(), "http_version": "1.1", "scheme": "http",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }  # fmt: skip
        asyncio.run(application(self.people, self.routers, [])(scope, receive, send))
        return sent[0]["status"], json.loads(b"".join(m.get("body", b"") for m in sent))
