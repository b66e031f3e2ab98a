"""The presence walk: every directory of a store is listed, and its inventory told what is there.

Each root is a disk of its own, as a rule, and walked beside the others (`descent`). When all are
walked, `absence` says what it means that some fragments were not found.
"""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from agent.devices import disk_identity
from agent.fragments import absence, busy
from agent.fragments.batch import Notes, Progress
from agent.fragments.descent import Descent, Layout, Stopped
from agent.fragments.inventory import Inventory
from agent.fragments.row import KEY_BYTES, Row
from vigie.fragments import Status
from vigie.frame import MAX_KEY_BYTES

WALKERS: Final = 4
"""Roots that are walked at a time."""
CHUNK: Final = 5_000
"""Fragments that are declared missing, or forgotten, in one transaction."""
_CURSOR: Final = "walk"
_REPORT: Final = "walked"


@dataclass(frozen=True, slots=True)
class Report:
    """What the last complete walk came to: when it ended (Unix seconds), and trouble by root."""

    ended: float = 0.0
    troubles: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inventory: Inventory) -> "Report":
        """As the inventory keeps it."""
        text = inventory.cursor(_REPORT)
        return cls(**json.loads(text)) if text else cls()


def disk(root: Path, host: str, system: Path = Path("/")) -> str:
    """What names the disk under a root, as in the device inventory.

    The end of the root's own path where there are several, or the file system hides them.
    """
    numbers = busy.disks(root, system)
    if len(numbers) == 1:
        block = (system / "sys/dev/block" / next(iter(numbers))).resolve()
        return disk_identity(block) or f"{host}-{block.name}"
    path = "".join(c if c.isprintable() else "?" for c in str(root))
    return path.encode()[-MAX_KEY_BYTES:].decode(errors="ignore")


class Walk:
    """One walk of all roots of a store, from where the last one was cut."""

    def __init__(
        self, roots: Sequence[Path], layout: Layout, inventory: Inventory, *,
        disk: Callable[[Path], str], ending: threading.Event, now: Callable[[], float],
    ) -> None:  # fmt: skip
        """`disk` names the disk under a root; `now` is Unix seconds."""
        self._roots, self._layout, self._inventory = [str(r) for r in roots], layout, inventory
        self._disk, self._ending, self._now = disk, ending, now
        kept = json.loads(inventory.cursor(_CURSOR) or "{}")
        told = {root: Progress(**kept[root]) for root in self._roots if root in kept}
        self._progress = {root: told.get(root, Progress()) for root in self._roots}

    @staticmethod
    def cut(inventory: Inventory) -> bool:
        """Whether a walk has begun and not come to its end."""
        return bool(inventory.cursor(_CURSOR))

    def run(self) -> Report:
        """Walk every root to its end.

        Raises:
            Stopped: it was told to end; another walk goes on from there.
            StoreError: the inventory cannot be written.
        """
        with ThreadPoolExecutor(min(WALKERS, len(self._roots)), "walk") as pool:
            for walked in [pool.submit(self._walk, root) for root in self._roots]:
                walked.result()
        return self._conclude()

    def _walk(self, root: str) -> None:
        progress = self._progress[root]
        if not progress.done:
            number = self._inventory.root(root, self._disk(Path(root))).number
            notes = Notes(
                root, self._layout.reader, self._inventory, progress,
                now=self._now, keep=self._keep,
            )  # fmt: skip
            Descent(
                root, number, self._layout, notes, progress, ending=self._ending, now=self._now
            ).run()

    def _keep(self) -> None:
        told = {root: asdict(progress) for root, progress in self._progress.items()}
        self._inventory.set_cursor(_CURSOR, json.dumps(told))

    def _conclude(self) -> Report:
        """Say what was not found, let go of what has long been missing, and begin anew."""
        now = int(self._now())
        self._inventory.merge(now)
        absent = self._absent(now)
        troubles = {}
        for root, progress in self._progress.items():
            verdict = self._judge(root, progress, absent.counts[root])
            keys = absent.keys[root]
            for at in range(0, verdict.missing, CHUNK):
                some = range(at, min(at + CHUNK, verdict.missing))
                self._inventory.miss(
                    [bytes(keys[n * KEY_BYTES : (n + 1) * KEY_BYTES]) for n in some], now
                )
            words = "; ".join(filter(None, (progress.trouble, verdict.reason)))
            if words:
                troubles[root] = words
        report = Report(now, troubles)
        with self._inventory.change():
            self._inventory.unsee()
            self._inventory.set_cursor(_CURSOR, "")
            self._inventory.set_cursor(_REPORT, json.dumps(asdict(report)))
        return report

    def _judge(self, root: str, progress: Progress, unseen: int) -> absence.Verdict:
        held = [self._inventory.here(r) for r in self._inventory.roots if r.path == root]
        # The one declared last is the disk that is there now.
        return absence.judge(sum(held), unseen, progress.found, moved=any(held[:-1]))

    def _absent(self, now: int) -> "_Absent":
        """What was not found where it was known; what is past hope is forgotten on the way."""
        inventory = self._inventory
        paths = [root.path for root in inventory.roots]
        caps = {root: absence.cap(sum(inventory.here(r) for r in inventory.roots if r.path == root))
                for root in self._roots}  # fmt: skip
        found = _Absent()
        for unseen in inventory.unseen():
            if self._ending.is_set():
                raise Stopped
            lost = []
            for key, value in unseen:
                told = Row.of(value)
                root = paths[told.root]
                progress = self._progress.get(root)
                if told.status == Status.MISSING:
                    forgotten = now - told.since > absence.FORGET_SECONDS
                else:
                    forgotten = progress is None  # its root has left the settings
                if forgotten:
                    lost.append(key)
                elif (
                    progress is not None and progress.reached and told.status != Status.MISSING
                    and told.place not in progress.blind
                ):  # fmt: skip
                    found.counts[root] += 1
                    if found.counts[root] <= caps[root]:
                        found.keys[root] += key
            if lost:
                inventory.forget(lost, now)
        return found


class _Absent:
    """By root: how many fragments were not found, and the keys of the first of them, joined."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.keys: defaultdict[str, bytearray] = defaultdict(bytearray)
