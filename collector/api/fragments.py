"""Fragments: what hosts tell of those that they hold, and how far every object is from lost."""

import asyncio
import dataclasses
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final

from fastapi import APIRouter, Query

from collector import times
from collector.api.access import Asking, Reading, narrowed
from collector.api.latest import Scope
from collector.api.posts import Hand, Posts, Receive, whole
from collector.intake.body import expand
from collector.intake.decode import only_host
from collector.intake.door import Door, Headers
from collector.inventory.fragments import Fragments
from collector.inventory.margins import Margins
from collector.people import SENDERS, Caller, People
from collector.store.entry import Envelope
from vigie import replies
from vigie.errors import Refused, Unavailable
from vigie.fragments import unpack
from vigie.network.places import inside

PATH: Final = "/api/v1/fragments"
WORKERS: Final = 2
MAX_WAITING: Final = 8
"""Messages in hand at one time; each is 8 MiB at most as it comes, and as much once expanded."""

Without = Annotated[
    list[str] | None,
    Query(description="Container or site: the margins, were it not there; repeatable"),
]


class Told(Posts):
    """Answers `POST fragments`: 200 when what it tells is synced to disk."""

    def __init__(self, door: Door, kept: Fragments) -> None:
        super().__init__(door)
        self._kept, self._waiting = kept, 0
        self._beside = ThreadPoolExecutor(WORKERS, thread_name_prefix="fragments")

    async def _answer(self, caller: Caller, headers: Headers, receive: Receive) -> bytes:
        envelope = self.door.enter(headers, caller)
        if self._waiting >= MAX_WAITING:
            raise Unavailable("too many tell of fragments at once; come back soon", 1)
        hand = Hand(self.door)
        self._waiting += 1
        try:
            body = await whole(receive, hand.take)
            beside = asyncio.get_running_loop().run_in_executor
            held = await beside(self._beside, self._receive, body, envelope)
        finally:
            self._waiting -= 1
            hand.empty()
        return json.dumps(dataclasses.asdict(held), separators=(",", ":")).encode()

    def _receive(self, body: bytes, envelope: Envelope) -> replies.FragmentsHeld:
        message, payload = unpack(expand(body, compressed=envelope.compressed))
        host = only_host(message.container, envelope.scope)
        if host not in {None, message.host}:
            raise Refused(403, f"this credential speaks for the host {host} only")
        return self._kept.receive(message, payload)


def routes(
    kept: Fragments, margins: Margins, key: Callable[[], str], people: People,
    clock: Callable[[], float],
) -> APIRouter:  # fmt: skip
    """`key` is what object names are hidden with, in hex; `clock` tells Unix time."""
    router = APIRouter()

    @router.get("/fragments", response_model=replies.FragmentsReply)
    def fragments(
        asking: Reading, scope: Scope = None, without: Without = None
    ) -> replies.FragmentsReply:
        """What is held of each host's fragments, and the objects of their stores by margin.

        Margins are of the whole network, and for those who may see all of it.
        """
        simulated = people.simulated()
        listed = [
            dataclasses.replace(i, simulated=_any(f"{i.container}/{i.host}", simulated))
            for i in kept.inventories(narrowed(asking, scope))
        ]
        stores = {i.store for i in listed}
        away = [path for path in without or () if path]
        found = None if asking.scope else margins.margins(stores, away)
        if found:
            twins = {
                i.store for i in kept.inventories("")
                if _any(f"{i.container}/{i.host}", simulated)
            }  # fmt: skip
            found = [dataclasses.replace(m, simulated=m.store in twins) for m in found]
        complete = kept.complete(stores, asking.scope)
        return replies.FragmentsReply(times.text(clock()), complete, listed, found)

    @router.get("/fragments/key")
    def fragment_key(asking: Asking) -> replies.FragmentKey:
        """The network's key for the names of objects, for those who tell of fragments."""
        if asking.kind not in SENDERS:
            raise Refused(403, "the key of objects' names is for agents")
        return replies.FragmentKey(key())

    return router


def _any(path: str, scopes: frozenset[str]) -> bool:
    return any(inside(path, scope) for scope in scopes)
