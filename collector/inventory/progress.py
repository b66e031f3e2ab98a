"""How far one inventory of fragments is held, and what each message changes in that. Pure."""

from dataclasses import dataclass, replace
from typing import Final

from collector.inventory.records import numbered
from vigie.errors import FrameError, Refused
from vigie.fragments import BUCKETS, Message, Scheme
from vigie.replies import FragmentsHeld

ALL: Final = 2**BUCKETS - 1
ENDED_EPOCHS: Final = 16
"""How many are remembered, so that what comes late of one does not begin it again."""
MAX_NUMBERED: Final = 2**15
"""Codes, or disks, that one inventory may ever have named."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`wanted` has a bit for each bucket whose content is not as of `held`.

    Every bucket that is not wanted is known up to change `held`, unless `digests` are: changes were
    missing then, and any bucket may lack some. `schemes` and `disks` are the collector's own lists
    and only grow; the `told` ones say at which place of these the epoch's own stand.
    """

    epoch: str = ""
    held: int = 0
    digests: bool = False
    wanted: int = ALL
    gaps: int = 0
    ended: tuple[str, ...] = ()
    schemes: tuple[Scheme, ...] = ()
    disks: tuple[str, ...] = ()
    told_schemes: tuple[int, ...] = ()
    told_disks: tuple[int, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether nothing was told in this epoch yet."""
        return self.held == 0 and self.wanted == ALL

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that the collector knows of."""
        return not self.wanted and not self.digests

    def answer(self) -> FragmentsHeld:
        """What the sender is told."""
        return FragmentsHeld(self.epoch, self.held, self.digests, numbers(self.wanted))


def numbers(wanted: int) -> list[int]:
    """The numbers of the bits that are set."""
    text = bin(wanted)[:1:-1]
    return [number for number, bit in enumerate(text) if bit == "1"]


def bits(buckets: list[int]) -> int:
    """The inverse of `numbers`."""
    flags = bytearray(b"0" * BUCKETS)
    for number in buckets:
        flags[BUCKETS - 1 - number] = ord("1")
    return int(flags, 2)


def begun(progress: Progress, message: Message) -> Progress:
    """In the message's epoch, knowing the codes and disks that it lists.

    Raises:
        Refused: 409, the epoch had ended.
        FrameError: `numbering`, the lists contradict those before, or are too long.
    """
    if message.epoch != progress.epoch:
        if message.epoch in progress.ended:
            raise Refused(
                409, f"epoch {message.epoch} ended when {progress.epoch} began; begin a new one"
            )
        ended = (*progress.ended, progress.epoch)[-ENDED_EPOCHS:] if progress.epoch else ()
        progress = replace(
            progress, epoch=message.epoch, held=0, digests=False, wanted=ALL, ended=ended,
            told_schemes=(), told_disks=(),
        )  # fmt: skip
    schemes, told_schemes = numbered(progress.schemes, message.schemes)
    disks, told_disks = numbered(progress.disks, message.disks)
    for before, now in (
        (progress.told_schemes, told_schemes), (progress.told_disks, told_disks),
    ):  # fmt: skip
        common = min(len(before), len(now))
        if before[:common] != now[:common]:
            raise FrameError("numbering", "codes and disks may only be added to in an epoch")
    if max(len(schemes), len(disks)) > MAX_NUMBERED:
        raise FrameError("numbering", f"more than {MAX_NUMBERED} codes or disks were named")
    return replace(
        progress, schemes=schemes, disks=disks,
        told_schemes=max(progress.told_schemes, told_schemes, key=len),
        told_disks=max(progress.told_disks, told_disks, key=len),
    )  # fmt: skip


def after_changes(progress: Progress, message: Message) -> tuple[Progress, int]:
    """After a delta, and how many of its changes are held already.

    Changes that are missing before it are given up: digests will tell which buckets lack some. The
    first time all buckets are wanted, and nothing is missing before any of them comes.
    """
    missing = message.first > progress.held + 1 and not progress.fresh
    known = min(max(0, progress.held + 1 - message.first), message.sequence + 1 - message.first)
    return replace(
        progress, held=max(progress.held, message.sequence),
        digests=progress.digests or (missing and progress.wanted != ALL),
        gaps=progress.gaps + missing,
    ), known  # fmt: skip


def after_buckets(progress: Progress, message: Message) -> tuple[Progress, bool]:
    """After buckets, and whether they are taken.

    Those of a time before `held` are not: they may lack changes that were told since. What comes
    from after it is; the changes between will be told again, and end where it is.
    """
    if message.sequence < progress.held:
        return progress, False
    came = bits([number for number, _ in message.buckets])
    held = message.sequence if progress.fresh else progress.held
    return replace(progress, held=held, wanted=progress.wanted & ~came), True


def after_digests(progress: Progress, message: Message, differing: list[int]) -> Progress:
    """After digests of which `differing` are other than the collector's own.

    Where they are the same nothing is missing up to their change. Those of a time before `held`
    say nothing of now.
    """
    if message.sequence < progress.held:
        return progress
    return replace(
        progress, held=message.sequence, digests=False, wanted=progress.wanted | bits(differing)
    )
