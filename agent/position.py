"""What each upstream holds, in a file of its own beside the segments.

An old or lost position loses nothing: frames are sent again, and the upstream knows them.
"""

import json
import logging
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from agent import files, intervals
from agent.intervals import Interval

log = logging.getLogger(__name__)


def file_name(upstream: str) -> str:
    """A name that people recognise, and that no two URLs share."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", upstream).strip("-")[:60]
    return f"{words}-{zlib.crc32(upstream.encode()):08x}.position"


def load(path: Path) -> list[Interval]:
    """What a position file says is held; nothing where it is missing or makes no sense."""
    try:
        return intervals.union((int(a), int(b)) for a, b in json.loads(path.read_text())["held"])
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning(
            "position unreadable, frames are sent again", extra={"file": path, "error": error}
        )
        return []


def save(directory: Path, upstream: str, held: Sequence[Interval]) -> None:
    """Write a position; a disk that refuses is only logged."""
    text = json.dumps({"upstream": upstream, "held": held})
    try:
        files.replace(directory / file_name(upstream), text.encode())
    except OSError as error:
        log.warning("position cannot be written", extra={"upstream": upstream, "error": error})


def slowest(
    held: Iterable[Sequence[Interval]], segments: Sequence[tuple[Sequence[Interval], int]]
) -> tuple[int, int]:
    """Frames that the slowest of some upstreams lacks, and about how many bytes they take.

    A segment is told as its numbers and its size.
    """
    most = (0, 0)
    for of in held:
        frames, size = 0, 0
        for numbers, whole in segments:
            lacking = intervals.size(intervals.missing(numbers, of))
            frames += lacking
            size += whole * lacking // intervals.size(numbers)
        most = max(most, (frames, size))
    return most


def forget(directory: Path, known: set[str]) -> None:
    """Remove the positions of upstreams that are no longer sent to."""
    for path in directory.glob("*.position"):
        if path.name not in known:
            path.unlink()
