"""A request body as checked readings and events; the same envelope and body give the same result.

Nothing is believed before it is checked: sizes before decompression (`body.py`), each message of
a section before Arrow reads it (`ipc.py`), every offset and text by Arrow before a value is
touched, then types (`plan.py`), keys and scope (`section.py`), time (`clock.py`).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import xxhash

from collector.intake import happenings
from collector.intake.body import expand
from collector.intake.clock import Stamp, stamp, stamped
from collector.intake.plan import MEASUREMENTS
from collector.intake.section import Checked, check
from collector.store.entry import Decoded, DecodedFrame, Envelope
from vigie import catalogue
from vigie.errors import FrameError, Refused
from vigie.frame import Frame, Header, unpack

MAX_NAMED: Final = 100
"""Names that one answer lists per measurement as dropped."""
MAX_TOLD: Final = 10_000
"""Events and gaps in a request of several frames; each of them becomes a row of its own."""
ALL: Final = "*"
"""Stands for every column of a measurement that nobody knows."""
_NO_NAME: Final = frozenset({"", ".", ".."})

Dropped = dict[str, set[str]]


def decode(body: bytes, envelope: Envelope) -> Decoded:
    """The frames of a request body, each checked in full.

    Raises:
        FrameError: what is wrong, with the frame, the measurement and the column.
        Refused: 403, rows outside the sender's scope; 413, too large.
    """
    return decode_plain(expand(body, compressed=envelope.compressed), envelope)


def decode_plain(plain: bytes, envelope: Envelope) -> Decoded:
    """The same of a body that is expanded already. Raises as `decode`."""
    dropped: Dropped = {}
    frames: list[DecodedFrame] = []
    told: set[tuple[str, str]] = set()
    happened = 0
    for frame in unpack(plain):
        happened += len(frame.header.events) + len(frame.header.gaps)
        if happened > MAX_TOLD and frames:
            raise Refused(413, f"more than {MAX_TOLD} events and gaps; send fewer frames at once")
        try:
            frames.append(_frame(frame, envelope, dropped, told))
        except FrameError as error:
            at = f"frame {frame.header.sequence} of {frame.header.agent}"
            raise FrameError(error.fault, f"{at}: {error}") from error
    if not frames:
        raise FrameError("truncated", "the body holds no frame")
    return Decoded(
        tuple(frames), {name: tuple(sorted(some)[:MAX_NAMED]) for name, some in dropped.items()}
    )


def _frame(
    frame: Frame, envelope: Envelope, dropped: Dropped, told: set[tuple[str, str]]
) -> DecodedFrame:
    """One frame; `told` are the senders of whose wrong clocks an event of this request says so."""
    header = frame.header
    host = only_host(header.container, envelope.scopes.get(header.boot, envelope.scope))
    when = stamp(header, envelope)
    sections = list(_sections(frame, host, when, dropped))
    moved = when.shift != 0 or any(section.moved for section in sections)
    _check_inventories(header, host, dropped)
    events = happenings.rows(header, host, when)
    if events.unknown:
        dropped.setdefault("events", set()).update(events.unknown)
    if moved and (sender := (header.container, header.agent)) not in told:
        told.add(sender)
        events.add_clock_wrong(when)
    digest = xxhash.xxh3_128_digest(frame.raw)
    batches = tuple(section.batch for section in sections if section.batch.count)
    if header.gaps:
        header = replace(header, gaps=stamped(header.gaps, when))
    return DecodedFrame(header, digest, batches, events.table(), when.offset)


def _sections(frame: Frame, host: str | None, when: Stamp, dropped: Dropped) -> Iterator[Checked]:
    """The sections that the catalogue knows."""
    unknown = []
    for section, stream in frame.section_bytes():
        if section.measurement not in MEASUREMENTS:
            unknown.append(section.measurement)
            continue
        checked = check(section, stream, frame.header.container, host, when)
        if checked.dropped:
            dropped.setdefault(section.measurement, set()).update(checked.dropped)
        yield checked
    if unknown and len(unknown) == len(frame.header.sections):
        names = ", ".join(unknown)
        raise FrameError("no_known_measurement", f"the catalogue knows none of {names:.200}")
    for name in unknown:
        dropped.setdefault(name, set()).add(ALL)


def _check_inventories(header: Header, host: str | None, dropped: Dropped) -> None:
    for part in header.inventories:
        if catalogue.inventory(part.name) is None:
            dropped.setdefault(part.name, set()).add(ALL)
        elif host is not None and any(row.get("host") != host for row in part.rows):
            raise Refused(403, f"inventory {part.name}: this credential speaks for {host} only")


def only_host(container: str, scope: str) -> str | None:
    """The one host of a container that a scope lets speak for, or None where it is all of them.

    Raises:
        FrameError: `container`, it is no path of one.
        Refused: 403, the container is outside the scope.
    """
    site, _, name = container.partition("/")
    if {site, name} & _NO_NAME or "/" in name:
        raise FrameError("container", f"{container!r:.80} is no path site/container")
    if not scope or container == scope or container.startswith(scope + "/"):
        return None
    if scope.startswith(container + "/"):
        return scope[len(container) + 1 :]
    raise Refused(403, f"container {container!r} is outside the scope {scope!r} of this credential")
