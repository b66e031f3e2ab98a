"""Keeps the inventory of one store: threads that walk it, scrub it and tell the upstreams.

Only one process keeps an inventory, the one that holds its lock; others may glance at it.
"""

import fcntl
import hashlib
import logging
import os
import random
import re
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from agent.fragments import rows
from agent.fragments.busy import Load
from agent.fragments.descent import Layout, Stopped
from agent.fragments.directory import SIDECAR, DirectoryReader
from agent.fragments.inventory import Inventory
from agent.fragments.key import key
from agent.fragments.reader import Reader
from agent.fragments.scrub import Clock, Scrub
from agent.fragments.ship import Sender
from agent.fragments.tahoe import TahoeReader
from agent.fragments.walk import Report, Walk, disk
from agent.identity import Identity, credentials, home, identity
from agent.ship import LONGEST_PAUSE_SECONDS, Line
from vigie.errors import StoreDamaged, StoreError, VigieError
from vigie.fragments import Scheme, object_hasher
from vigie.settings import AgentSettings, FragmentStore

FOLDER: Final = "fragments"
PATH: Final = "fragments"
RETRY_SECONDS: Final = 30.0
"""Between two tries where something is in the way: no key yet, a disk that is full."""
EARLIEST: Final = 0.8
"""The next walk begins by chance between this share of the period, and its end: hosts that were
started together drift apart."""
SEND_AFTER_SECONDS: Final = 5.0
"""Whoever only looks at what is there for a moment sends nothing."""
CLOSE_SECONDS: Final = 1.5

log = logging.getLogger(__name__)


def reader(store: FragmentStore) -> Reader:
    """What knows the layout of a store."""
    return TahoeReader() if store.reader == "tahoe" else DirectoryReader(store)


def mark(store: FragmentStore, secret: bytes) -> str:
    """What an inventory depends on, as a text: with another key or layout it begins anew."""
    told = [store.name, store.reader]
    if store.reader == "directory":
        told += [store.pattern, str(store.k), str(store.n)]
    return hashlib.blake2b("\0".join(told).encode(), digest_size=16, key=secret).hexdigest()


def file_name(store: str) -> str:
    """A name that people recognise, and that no two stores share."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", store).strip("-")[:60]
    return f"{words}-{zlib.crc32(store.encode()):08x}.db"


def next_walk(ended: float, period: float, chance: float) -> float:
    """When to walk again after a walk that ended then; `chance` is from 0 to 1."""
    return ended + period * (EARLIEST + (1 - EARLIEST) * chance)


@dataclass(slots=True)
class Keeping:
    """What the threads of one store work with, until `over`."""

    inventory: Inventory
    layout: Layout
    who: Identity
    report: Report
    scrubs: Sequence[Scrub] = ()
    senders: Sequence[Sender] = ()
    over: threading.Event = field(default_factory=threading.Event)


class Keeper:
    """Keeps one store, from `start` to `close`."""

    def __init__(
        self, settings: AgentSettings, store: FragmentStore, *,
        wall: Callable[[], float] = time.time, chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        """`wall` is Unix seconds, `chance` from 0 to 1."""
        self.store = store
        self.path = home(settings) / FOLDER / file_name(store.name)
        self.upstreams = [upstream.url for upstream in settings.upstreams]
        self.trouble = ""
        """What is in the way of keeping it, in words; "" where nothing is."""
        self.elsewhere = False
        """Whether another process keeps it."""
        self.keeping: Keeping | None = None
        self._settings, self._wall, self._chance = settings, wall, chance
        self._anew = False
        self._ending, self._decided = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"keep-{store.name}", daemon=True)

    def start(self, patience: float) -> None:
        """Begin; back when it is known whether this process keeps it, or after so many seconds."""
        self._thread.start()
        self._decided.wait(patience)

    def close(self) -> None:
        """End; what was found is written down, and goes on another time."""
        self._ending.set()
        keeping = self.keeping
        if keeping is not None:
            keeping.over.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._hold()
            except (VigieError, OSError) as error:
                self._say(str(error))
            except Exception:  # isolation point: one store
                log.exception("keeping fragments failed", extra={"store": self.store.name})
                self._say("an error of ours; see the log")
            self._decided.set()
            if not self._anew:
                self._ending.wait(RETRY_SECONDS)

    def _say(self, words: str) -> None:
        if words and words != self.trouble:
            extra = {"store": self.store.name, "reason": words}
            log.warning("fragments are not kept", extra=extra)
        self.trouble = words

    def _hold(self) -> None:
        """Keep the store while this process holds its lock; back at once where another does."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.elsewhere = False
            self._keep()
        except BlockingIOError:
            self.elsewhere, self.trouble = True, ""
        finally:
            os.close(file)

    def _keep(self) -> None:
        """Open the inventory and keep it until the end, or until it has to be opened anew.

        Raises:
            VigieError: this host has no identity, key or disk for it now.
        """
        known = credentials(self._settings)
        who = identity(self._settings, known)
        secret = key(self._settings, known)
        if self._anew:
            rows.discard(self.path)
            self._anew = False
        inventory = Inventory.open(self.path, mark(self.store, secret))
        try:
            if self.store.reader == "directory":
                inventory.scheme(Scheme(self.store.k, self.store.n))
            layout = Layout(
                reader(self.store), object_hasher(secret, self.store.name),
                float(self.store.settle), SIDECAR if self.store.sums == "sidecar" else "",
            )  # fmt: skip
            keeping = Keeping(inventory, layout, who, Report.of(inventory))
            keeping.scrubs = [self._scrub(root, keeping) for root in self.store.roots]
            keeping.senders = [
                Sender(self.store.name, who, inventory, c, Line(c.url, path=PATH)) for c in known
            ]
            self._work(keeping)
        finally:
            inventory.close()

    def _work(self, keeping: Keeping) -> None:
        """Walk here, scrub and send in other threads, until it is over."""
        threads = [
            threading.Thread(target=scrub.run, name="scrub", daemon=True)
            for scrub in keeping.scrubs
        ] + [
            threading.Thread(target=self._send, args=(sender, keeping), name="tell", daemon=True)
            for sender in keeping.senders
        ]
        self._say("")
        self.keeping = keeping
        self._decided.set()
        if self._ending.is_set():  # `close` may have come before it saw this
            keeping.over.set()
        try:
            for thread in threads:
                thread.start()
            while not keeping.over.is_set():
                self._walk(keeping)
        finally:
            self.keeping = None
            keeping.over.set()
            for thread in threads:
                thread.join(CLOSE_SECONDS / 2)

    def _walk(self, keeping: Keeping) -> None:
        """Walk when it is due, or go on with a walk that was cut."""
        due = 0.0
        if keeping.report.ended and not Walk.cut(keeping.inventory):
            due = next_walk(keeping.report.ended, self.store.walk, self._chance())
        while (left := due - self._wall()) > 0:
            # A clock that was set back must not put it off for ever.
            if left > self.store.walk:
                break
            if keeping.over.wait(min(left, RETRY_SECONDS)):
                return
        try:
            keeping.report = Walk(
                self.store.roots, keeping.layout, keeping.inventory,
                disk=partial(disk, host=keeping.who.host), ending=keeping.over, now=self._wall,
            ).run()  # fmt: skip
            self._say("")
        except Stopped:
            return
        except StoreDamaged:
            raise
        except StoreError as error:
            self._say(str(error))
            keeping.over.wait(RETRY_SECONDS)

    def _scrub(self, root: Path, keeping: Keeping) -> Scrub:
        return Scrub(
            self.store, root, keeping.layout.reader, keeping.inventory, keeping.layout.oid,
            Clock(keeping.over.wait, self._wall), Load(root),
            ready=lambda: bool(keeping.report.ended),
        )  # fmt: skip

    def _send(self, sender: Sender, keeping: Keeping) -> None:
        """Tell one upstream, until it is over."""
        delay = SEND_AFTER_SECONDS
        while not keeping.over.wait(delay):
            try:
                delay = sender.step()
            except StoreDamaged:
                keeping.over.set()
            except StoreError as error:
                log.warning("fragments cannot be told", extra={"reason": error})
                delay = RETRY_SECONDS
            except Exception:  # isolation point: one upstream
                log.exception("telling of fragments failed", extra={"upstream": sender.url})
                delay = LONGEST_PAUSE_SECONDS
            if sender.ended:
                log.warning("inventory begins anew", extra={"reason": sender.trouble})
                self._anew = True
                keeping.over.set()
        sender.close()
