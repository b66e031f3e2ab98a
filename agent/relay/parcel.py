"""What the relay keeps of one request: its frames as they came, their names, and whose they are.

On disk it is the payload of a record of `agent.segment`::

    u32 bytes of the label | u32 CRC of the label | label (JSON) | frames, zstd-compressed

so that the label of a record whose frames are damaged still says what was lost.
"""

import json
import struct
import threading
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import zstandard

from agent.intervals import Interval, union
from vigie import catalogue
from vigie.errors import FrameError, Refused
from vigie.frame import (
    MAX_BODY_BYTES,
    MAX_RATIO,
    MAX_REQUEST_BYTES,
    PREFIX,
    Frame,
    Gap,
    Header,
)
from vigie.frame import pack as pack_frame
from vigie.frame import unpack as unpack_frames
from vigie.network.places import inside

LEVEL: Final = 1
MAX_SCOPES_BYTES: Final = 24 * 2**10
"""What one parcel takes of the head of a request, of which a collector reads 64 KiB at most."""
_MAX_WINDOW: Final = 2**23
_STEP: Final = 2**20
_THREAD: Final = threading.local()
_HEAD: Final = struct.Struct("<II")

Sender = tuple[str, str, str]
"""Container, agent and boot: whose sequence numbers these are."""


class Named(NamedTuple):
    """Which frame: its identity, when its tick was by its sender's two clocks (ns).

    `mark` tells two frames of one identity apart: a CRC of the header.
    """

    container: str
    agent: str
    boot: str
    sequence: int
    time: int
    monotonic: int
    mark: int

    @property
    def sender(self) -> Sender:
        """Whose number it is."""
        return self[:3]


class Clock(NamedTuple):
    """An agent's clocks as it told them, and our own monotonic clock at that moment; all in ns."""

    boot: str
    wall: int
    monotonic: int
    received: int

    def told(self, now: int) -> str:
        """What the agent's clocks say by now, as `Vigie-Clock` wants it."""
        passed = now - self.received
        return f"{self.boot} {self.wall + passed} {self.monotonic + passed}"


@dataclass(frozen=True)
class Parcel:
    """Frames of one request; `body` is zstd of a declared size, `raw` bytes when expanded."""

    frames: tuple[Named, ...]
    scope: str
    clock: Clock | None
    body: bytes
    raw: int
    tells_gaps: bool = False

    @property
    def size(self) -> int:
        """About what it takes in memory."""
        return len(self.body) + 200 * len(self.frames)

    @cached_property
    def boots(self) -> frozenset[str]:
        """The boots of its frames."""
        return frozenset(frame.boot for frame in self.frames)

    @cached_property
    def scopes(self) -> str:
        """What its boots may speak for, as `Vigie-Scope` wants it."""
        scope = quote(self.scope)
        return ",".join(f"{quote(boot, safe='')} {scope}" for boot in self.boots)

    @cached_property
    def payload(self) -> bytes:
        """The bytes that `read` reads."""
        label = json.dumps(
            [self.frames, self.scope, self.clock, self.raw, self.tells_gaps],
            separators=(",", ":"), ensure_ascii=False,
        ).encode()  # fmt: skip
        return _HEAD.pack(len(label), zlib.crc32(label)) + label + self.body

    def plain(self) -> bytes:
        """The frames, expanded."""
        return bytes(_decompressor().decompress(self.body))

    def gaps(self) -> dict[Sender, tuple[Gap, ...]]:
        """What its own gap frames tell, by sender."""
        told: dict[Sender, tuple[Gap, ...]] = {}
        for frame in unpack_frames(self.plain()) if self.tells_gaps else ():
            header = frame.header
            sender = header.container, header.agent, header.boot
            told[sender] = told.get(sender, ()) + header.gaps
        return told

    def apart(self) -> "list[Parcel]":
        """Its frames, each in a parcel of its own."""
        raws = [frame.raw for frame in unpack_frames(self.plain())]
        return [
            packed([named], [raw], self.scope, self.clock, tells_gaps=self.tells_gaps)
            for named, raw in zip(self.frames, raws, strict=True)
        ]

    def without(self, known: Iterable[Named]) -> "Parcel":
        """The same, less some frames."""
        gone = set(known)
        kept = [
            (named, frame.raw)
            for named, frame in zip(self.frames, unpack_frames(self.plain()), strict=True)
            if named not in gone
        ]
        return packed(
            [n for n, _ in kept], [raw for _, raw in kept], self.scope, self.clock,
            tells_gaps=self.tells_gaps,
        )  # fmt: skip


def packed(
    frames: Sequence[Named], raws: Sequence[bytes | memoryview], scope: str, clock: Clock | None,
    *, tells_gaps: bool = False,
) -> Parcel:  # fmt: skip
    """Frames as they are on the wire, in a parcel."""
    plain = b"".join(raws)
    return Parcel(tuple(frames), scope, clock, compressed(plain), len(plain), tells_gaps)


def compressed(plain: bytes, level: int = LEVEL) -> bytes:
    """A body of a declared size."""
    return bytes(zstandard.ZstdCompressor(level=level, write_checksum=True).compress(plain))


def read(payload: bytes) -> Parcel:
    """The parcel of a record.

    Raises:
        FrameError: `label`, there is none.
    """
    frames, scope, clock, raw, tells = _label(payload)
    size, _ = _HEAD.unpack_from(payload)
    body = payload[_HEAD.size + size :]
    told = Clock(*clock) if clock else None
    return Parcel(tuple(Named(*f) for f in frames), scope, told, body, raw, tells)


def labelled(payload: bytes) -> Parcel | None:
    """What a record was whose frames are damaged, without them; None where its label is too."""
    try:
        frames, scope, clock, raw, _ = _label(payload)
    except FrameError:
        return None
    told = Clock(*clock) if clock else None
    return Parcel(tuple(Named(*f) for f in frames), scope, told, b"", raw)


def _label(payload: bytes) -> tuple[list[list[Any]], str, list[Any], int, bool]:
    try:
        size, check = _HEAD.unpack_from(payload)
        text = payload[_HEAD.size : _HEAD.size + size]
        if len(text) != size or zlib.crc32(text) != check:
            raise FrameError("label", "the label of a parcel is damaged")
        frames, scope, clock, raw, tells = json.loads(text)
    except (struct.error, ValueError, TypeError) as error:
        raise FrameError("label", f"the label of a parcel is none: {error}") from error
    return frames, scope, clock, raw, tells


def accept(body: bytes, scope: str, clock: Clock | None, *, zipped: bool) -> Parcel:
    """A request of somebody who may speak for `scope`, checked as far as headers go.

    `zipped` says that the body is zstd. A body of a declared size is kept as it came.

    Raises:
        FrameError: it holds no frames, or they are none.
        Refused: 403, a frame of another container; 413, too large.
    """
    plain, sound = _expanded(body) if zipped else (body, False)
    found = [(_named(frame, scope), bool(frame.header.gaps)) for frame in unpack_frames(plain)]
    if not found:
        raise FrameError("truncated", "the body holds no frame")
    if not sound:
        body = compressed(plain)
    tells = any(gaps for _, gaps in found)
    parcel = Parcel(tuple(named for named, _ in found), scope, clock, body, len(plain), tells)
    if len(parcel.scopes) > MAX_SCOPES_BYTES:
        raise Refused(413, "frames of too many boots in one request; send fewer at once")
    return parcel


def gap_parcel(
    lost: Sequence[tuple[Named, Sequence[Gap]]], scope: str, clock: Clock | None
) -> Parcel:
    """Frames that take the place of the last that was lost of each sender, and tell what was.

    They keep its clocks, so that the collector moves the times of the gaps as it would have its.
    """
    raws = [
        pack_frame(
            Header(
                named.agent, named.boot, named.sequence, named.container, named.time,
                named.monotonic, catalogue.VERSION, gaps=tuple(gaps),
            ),
            b"",
        )
        for named, gaps in lost
    ]  # fmt: skip
    frames = [n._replace(mark=_mark(raw)) for (n, _), raw in zip(lost, raws, strict=True)]
    return packed(frames, raws, scope, clock, tells_gaps=True)


def spans(frames: Iterable[Named]) -> dict[Sender, list[Interval]]:
    """The numbers of some frames, by sender."""
    found: dict[Sender, list[Interval]] = {}
    for frame in frames:
        found.setdefault(frame.sender, []).append((frame.sequence, frame.sequence))
    return {sender: union(numbers) for sender, numbers in found.items()}


def _named(frame: Frame, scope: str) -> Named:
    header = frame.header
    site, _, name = header.container.partition("/")
    if not site or not name or "/" in name:
        raise FrameError("container", f"{header.container!r:.80} is no path site/container")
    if not (inside(header.container, scope) or inside(scope, header.container)):
        raise Refused(
            403, f"container {header.container!r} is outside the scope {scope!r} of this credential"
        )
    return Named(
        header.container, header.agent, header.boot, header.sequence, header.time,
        header.monotonic, _mark(frame.raw),
    )  # fmt: skip


def _mark(raw: bytes | memoryview) -> int:
    return zlib.crc32(raw[: PREFIX.size + PREFIX.unpack_from(raw)[1]])


def _expanded(body: bytes) -> tuple[bytes, bool]:
    """The frames, and whether the body is one whole zstd frame of a declared size."""
    most = min(MAX_BODY_BYTES, max(MAX_REQUEST_BYTES, MAX_RATIO * len(body)))
    try:
        declared = zstandard.frame_content_size(body)
        if declared > most:
            raise _too_large(len(body), most)
        if declared > 0:
            return bytes(_decompressor().decompress(body, allow_extra_data=False)), True
    except zstandard.ZstdError:
        pass  # several frames one after the other, perhaps
    pieces, total = [], 0
    try:
        with _decompressor().stream_reader(body, read_across_frames=True) as reader:
            while piece := reader.read(_STEP):
                pieces.append(piece)
                total += len(piece)
                if total > most:
                    raise _too_large(len(body), most)
    except zstandard.ZstdError as error:
        raise FrameError("zstd", f"Content-Encoding says zstd, the body is not: {error}") from error
    return b"".join(pieces), False


def _decompressor() -> zstandard.ZstdDecompressor:
    mine: zstandard.ZstdDecompressor | None = getattr(_THREAD, "decompressor", None)
    if mine is None:
        mine = _THREAD.decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    return mine


def _too_large(received: int, most: int) -> Refused:
    return Refused(413, f"{received} bytes may become at most {most}, and become more")
