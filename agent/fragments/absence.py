"""What a walk did not find: when that means that fragments are missing, and when it does not.

One wrong walk must not condemn a whole disk: it may be unmounted, replaced or half restored. So
few fragments are declared missing at a time, and people are told why the others are not. To write
a disk off, take its root out of the settings.
"""

from dataclasses import dataclass
from typing import Final

CAP_SHARE: Final = 0.05
CAP_LEAST: Final = 100
"""One walk declares at most this share of a root's fragments missing, or this many if that is
more."""
CONTENT_SHARE: Final = 0.5
"""Of what was on the disk before, found on another one, from which on that is its content."""
FORGET_SECONDS: Final = 30 * 86_400
"""What was missing for so long has been deleted, or nobody will find it again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many of the fragments that were not found are declared missing, and why not all."""

    missing: int
    reason: str = ""


def cap(known: int) -> int:
    """Most fragments of a root, of so many known, that one walk may declare missing."""
    return max(CAP_LEAST, int(known * CAP_SHARE))


def judge(known: int, unseen: int, found: int, *, moved: bool) -> Verdict:
    """What it means that `unseen` of the `known` fragments of a root were not found.

    `found` counts what the walk came upon there; `moved` says that the directory lies on another
    disk than what was known.
    """
    if not unseen:
        return Verdict(0)
    if not found:
        return Verdict(0, f"none of its {known} fragments is there: is the disk mounted?")
    if moved and found < known * CONTENT_SHARE:
        return Verdict(
            0,
            f"{unseen} of {known} fragments are not on the disk that is there now; is it right?",
        )
    if unseen > cap(known):
        return Verdict(
            cap(known),
            f"{unseen} of {known} fragments are not there; a walk declares {cap(known)} missing",
        )
    return Verdict(unseen)
