"""The gates of a collector: begun, given connections, heard, and begun again when they end."""

import asyncio
import contextlib
import logging
import marshal
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from collector.api.frames import Frames
from collector.api.gates import handover, parcel
from collector.api.gates.channel import Channel
from collector.api.posts import Reply, refusal
from collector.api.straight import Answer
from collector.counters import Counters
from collector.people import SENDERS, People
from vigie.errors import Refused

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0
"""How long after one ended another is begun."""
_BEARER: Final = re.compile(rb"\r\nauthorization: bearer ([^\r\n]{1,200})\r\n", re.IGNORECASE)
_SIZED: Final = {b"content-length": b"0"}

Adopt = Callable[[socket.socket, bytes], None]


class Gates:
    """So many processes; with none of them the collector reads everything itself."""

    def __init__(self, count: int, frames: Frames, people: People, counters: Counters) -> None:
        self._count, self._frames, self._people = count, frames, people
        self._counters, self._next, self._ending = counters, 0, False
        self._gates: list[_Gate] = []

    async def open(self, adopt: Adopt) -> None:
        """Begin them; `adopt` takes a connection that one gives back, with what it read."""
        self._frames.begin()
        for _ in range(self._count):
            await self._begin(adopt)
        self._counters.watch("gates", lambda: len(self._gates))

    def close(self) -> None:
        """End them."""
        self._ending = True
        for gate in self._gates:
            gate.close()

    def offer(self, transport: Any, read: bytes) -> bool:
        """Give a fresh connection to a gate, where it begins with frames of a known sender."""
        if not self._gates or len(read) > handover.MAX_BYTES or not read.startswith(handover.LINE):
            return False
        named = _BEARER.search(read)
        caller = named and self._people.caller(named[1].decode("latin-1"))
        if not named or caller is None or caller.kind not in SENDERS:
            return False
        told = marshal.dumps((
            caller.principal, caller.name, caller.kind, caller.roles, caller.scope,
            caller.credential, caller.expires, caller.simulated, named[0],
        ))  # fmt: skip
        self._next += 1
        gate = self._gates[self._next % len(self._gates)]
        return handover.give(gate.through, transport, told, read)

    async def _begin(self, adopt: Adopt) -> None:
        gate = _Gate(self._heard, partial(self._lost, adopt))
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: gate.channel, sock=gate.ours)
        loop.add_reader(gate.through, partial(_taken, gate, adopt))
        self._gates.append(gate)

    def _lost(self, adopt: Adopt, gate: "_Gate") -> None:
        """A gate ended: its connections with it, and nothing that was acknowledged."""
        asyncio.get_running_loop().remove_reader(gate.through)
        gate.close()
        if gate in self._gates:
            self._gates.remove(gate)
        if self._ending:
            return
        log.error("a gate ended; another is begun")
        self._counters.add("gates_ended_total")
        loop = asyncio.get_running_loop()
        loop.call_later(AGAIN_SECONDS, lambda: loop.create_task(self._again(adopt, gate)))

    async def _again(self, adopt: Adopt, ended: "_Gate") -> None:
        ended.close()
        if not self._ending:
            await self._begin(adopt)

    def _heard(self, gate: "_Gate", message: Any) -> None:
        kind, *said = message
        if kind == "count":
            name, amount, labels = said
            self._counters.add(name, amount, **labels)
            return
        number, credential, seal, body, *read = said
        done = partial(self._answer, gate, number)
        envelope, caller = parcel.opened(seal), self._people.known(credential)
        if caller is None or caller.scope != envelope.scope:
            done(Refused(401, "this credential is no longer valid"))
        elif read:
            self._frames.keep(caller, envelope, body, parcel.unpacked(read[0]), done)
        else:
            self._frames.take(caller, envelope, body, done)

    def _answer(self, gate: "_Gate", number: int, answer: Answer) -> None:
        if isinstance(answer, Exception):
            answer = refusal(self._frames.door, None, _SIZED, answer)
        reply = Reply(200, answer) if isinstance(answer, bytes) else answer
        gate.channel.say((number, reply.status, reply.content, dict(reply.headers)))


class _Gate:
    """One process and the ways to it."""

    def __init__(
        self, heard: Callable[["_Gate", Any], None], lost: Callable[["_Gate"], None]
    ) -> None:
        self.through, through = handover.pair()
        self.ours, channel = socket.socketpair()
        self.ours.setblocking(False)
        ends = (channel.fileno(), through.fileno())
        self._process = subprocess.Popen(
            [sys.executable, "-m", "collector.api.gates", *map(str, ends)], pass_fds=ends
        )
        channel.close()
        through.close()
        self.channel = Channel(partial(heard, self), partial(lost, self))

    def close(self) -> None:
        """End it: it goes when we are gone. Once more, later, leaves nothing of it behind."""
        self.channel.close()
        self.through.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0)


def _taken(gate: _Gate, adopt: Adopt) -> None:
    try:
        while (given := handover.take(gate.through)) is not None:
            connection, _, read = given
            adopt(connection, read)
    except (EOFError, OSError):
        asyncio.get_running_loop().remove_reader(gate.through)
