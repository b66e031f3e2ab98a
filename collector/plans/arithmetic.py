"""What it takes to empty a container before it goes, beside rebuilding what it held afterwards.

Copying moves each byte once, over the uplink of the container that leaves. Rebuilding reads k
fragments for each that is lost, and waits for the uplinks of all others. Source: the erasure codes'
own arithmetic; nothing is amortised over several fragments of one object.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ways:
    """Two ways to have the same redundancy again; bytes and seconds, None where not known."""

    copied_bytes: float
    copy_seconds: float | None
    read_bytes: float
    rebuild_seconds: float | None

    @property
    def dearer(self) -> float:
        """How many times as many bytes rebuilding takes."""
        return self.read_bytes / self.copied_bytes if self.copied_bytes else 1.0


def ways(held: Mapping[int, float], uplink: float | None, others: float | None) -> Ways:
    """The two ways for a container that holds so many bytes of codes with each k.

    `uplink` is its own in bytes a second, `others` that of all who would read for a repair.
    """
    copied = sum(held.values())
    read = sum(k * size for k, size in held.items())
    return Ways(
        copied,
        copied / uplink if uplink else None,
        read,
        read / others if others else None,
    )
