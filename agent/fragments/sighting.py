"""What a walk came upon, and where."""

from collections.abc import Mapping
from dataclasses import dataclass

Sightings = Mapping[bytes, tuple[bytes, str]]
"""What a walk came upon: by key of a fragment its look (see `row`), and its path below the root.

An empty look is that of a file of which even the size cannot be read.
"""


@dataclass(frozen=True, slots=True)
class News:
    """Sightings that change something, and what was known of them as of one change."""

    sequence: int
    sightings: Sightings
    known: Mapping[bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class Root:
    """One directory of the store: its number here, and the disk under it when it was declared."""

    number: int
    path: str
    disk: str
