"""What a walk found, and how far it is then: both are written down together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from agent.fragments.inventory import Inventory
from agent.fragments.reader import Reader
from agent.fragments.sighting import Sightings

BATCH: Final = 20_000
"""Fragments of one transaction: a few megabytes."""
MERGE: Final = 20_000_000
MERGE_SECONDS: Final = 900.0
"""New fragments are merged at the end of a walk, or when there are so many, or after so long."""


@dataclass(slots=True)
class Progress:
    """How far the walk of one root is; kept with what it found.

    `at` is the last directory below the root whose files are told, None before any. `blind` are
    the `row.place`s in which a directory could not be read; `reached` says whether the root itself
    could. `trouble` says in words what went wrong first.
    """

    at: str | None = None
    done: bool = False
    reached: bool = True
    found: int = 0
    blind: list[int] = field(default_factory=list)
    trouble: str = ""

    def fail(self, what: str, place: int | None = None) -> None:
        """Note what cannot be read; `place` is that of a directory."""
        self.trouble = self.trouble or what
        if place is not None and place not in self.blind:
            self.blind.append(place)


@dataclass(slots=True)
class Batch:
    """What was found since the last one, and how far the walk is then.

    `settling` are fragments that are there and still being written; `foreign` counts other files.
    """

    sightings: dict[bytes, tuple[bytes, str]] = field(default_factory=dict)
    settling: list[bytes] = field(default_factory=list)
    foreign: int = 0
    at: str | None = None
    done: bool = False

    @property
    def found(self) -> int:
        """Fragments in it."""
        return len(self.sightings) + len(self.settling)


class Notes:
    """Writes the batches of one root down."""

    def __init__(
        self, root: str, reader: Reader, inventory: Inventory, progress: Progress, *,
        now: Callable[[], float], keep: Callable[[], None],
    ) -> None:  # fmt: skip
        """`keep` writes `progress` down, inside a transaction of its caller."""
        self._root, self._reader, self._inventory = root, reader, inventory
        self._progress, self._now, self._keep = progress, now, keep
        self._merged = now()

    def take(self, batch: Batch) -> None:
        """Write a batch down. Raises StoreError."""
        news = self._inventory.news(batch.sightings)
        schemes: dict[bytes, int] = {}
        foreign = batch.foreign
        for key, number in self._schemes(news.sightings):
            if number is None:
                foreign += 1
            else:
                schemes[key] = number
        with self._inventory.change():
            self._inventory.upsert(news, schemes, int(self._now()))
            self._inventory.see([*batch.sightings, *batch.settling])
            self._inventory.count("unrecognized", foreign)
            self._progress.found += batch.found
            self._progress.at, self._progress.done = batch.at, batch.done
            self._keep()
        if self._inventory.staged >= MERGE or self._now() - self._merged >= MERGE_SECONDS:
            self._inventory.merge(int(self._now()))
            self._merged = self._now()

    def _schemes(self, sightings: Sightings) -> Iterator[tuple[bytes, int | None]]:
        """The number of the scheme of each that can be read; None: it is no fragment."""
        last, number = None, -1
        for key, (look, path) in sightings.items():
            if not look:
                continue
            try:
                scheme = self._reader.scheme(f"{self._root}/{path}")
            except FileNotFoundError:
                continue
            except OSError as error:
                self._progress.fail(f"{self._root}/{path}: {error.strerror}")
            except ValueError:
                yield key, None
            else:
                if scheme is not last:
                    last, number = scheme, self._inventory.scheme(scheme)
                yield key, number
