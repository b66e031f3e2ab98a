"""What the ledger and the disk say of a request: is it held, and what is held of who sent it."""

from collections.abc import Mapping

from collector.store.entry import Decoded
from collector.store.ledger import Ledger, Verdict, joined
from vigie.replies import Interval


def held(ledger: Ledger, decoded: Decoded) -> bool:
    """Whether every frame of a request is held already."""
    return all(
        ledger.judge(f.sender, f.header.boot, f.header.sequence, f.digest) is Verdict.HELD
        for f in decoded.frames
    )


def intervals(ledger: Ledger, decoded: Decoded) -> Mapping[tuple[str, str], list[Interval]]:
    """What is held of each (sender, boot) of a request, as far as records are applied."""
    return ledger.intervals({(f.sender, f.header.boot) for f in decoded.frames})


def synced(ledger: Ledger, decoded: Decoded) -> Mapping[tuple[str, str], list[Interval]]:
    """The same of a request that is on the disk, and that the ledger has yet to learn of."""
    found = intervals(ledger, decoded)
    for frame in decoded.frames:
        number = frame.header.sequence
        joined(found[frame.sender, frame.header.boot], number, number)
    return found
