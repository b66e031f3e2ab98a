"""What a system still has when it is killed right after its last acknowledgement."""

import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.peers.asking import Asked
from bench.peers.cell import Prepared, Say
from bench.peers.sender import send_apart
from bench.peers.system import System
from vigie.errors import VigieError

FOUND_SECONDS = 30.0
"""How long after a start an answer may still grow."""


@dataclass(frozen=True, slots=True)
class Durability:
    """Values sent and acknowledged, found after SIGKILL and start; syncs of as many requests."""

    system: str
    form: str
    sent: int
    found: int | None
    restart_seconds: float | None
    requests: int
    syncs: int | None
    """None where strace is missing."""
    fault: str = ""


def survive(kind: type[System], prepared: Prepared, say: Say) -> Durability:
    """Send, kill, start, count; and send to another one, counting syncs."""
    work, requests = prepared.work, len(prepared.requests.sizes)
    form = prepared.form
    found: int | None = None
    restart = syncs = None
    fault = ""
    try:
        with tempfile.TemporaryDirectory(prefix=f"bench-{kind.name}-") as folder:
            say("killed after the last acknowledgement")
            found, restart = _killed(kind(Path(folder), work), prepared)
        with tempfile.TemporaryDirectory(prefix=f"bench-{kind.name}-") as folder:
            say("syncs counted")
            syncs = _counted(kind(Path(folder), work), prepared)
    except (VigieError, OSError) as error:
        fault = f"{type(error).__name__}: {error}"
    return Durability(kind.name, form, work.values, found, restart, requests, syncs, fault)


def _killed(system: System, prepared: Prepared) -> tuple[int, float]:
    server, asked = system.server, Asked.of(prepared.work)
    try:
        server.start()
        _sent(system, prepared)
        server.kill(signal.SIGKILL)
        restart = server.start()
        found = _found(system, asked, prepared.work.values)
    finally:
        system.end()
    return found, restart


def _found(system: System, asked: Asked, sent: int) -> int:
    """How many values it comes to find; one that is still catching up is asked again."""
    end = time.monotonic() + FOUND_SECONDS
    while True:
        over = time.monotonic() > end
        try:
            if (found := system.count(asked)) >= sent or over:
                return found
        except VigieError:
            if over:
                raise
        time.sleep(1.0)


def _counted(system: System, prepared: Prepared) -> int | None:
    server = system.server
    try:
        server.start()
        with server.syncs() as counted:
            _sent(system, prepared)
        return counted[0] if counted else None
    finally:
        system.end()


def _sent(system: System, prepared: Prepared) -> None:
    system.prepare()
    connections = system.formats[prepared.form][prepared.each > 1]
    span = range(len(prepared.requests.sizes))
    send_apart(system.target(prepared.form), prepared.requests, span, connections)
