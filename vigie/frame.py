"""What one agent sends at one tick: the bytes around the readings, their identity and limits.

::

    "VGF1" | u32 header bytes | u32 payload bytes | header (JSON, UTF-8) | payload

The header may end in spaces. The payload is the sections one after the other, each a complete
Arrow IPC stream of one measurement, uncompressed; the header says their names and lengths. Events,
inventories and gaps are few and travel in the header. A request body is one frame or several, back
to back, and may be zstd-compressed as a whole (`Content-Encoding: zstd`).

A section's columns are `time` (microseconds UTC, never null), every key (UTF-8, never null), any
of the measurement's fields by name in the type of `column_type`, and optionally `quality`.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from vigie.errors import FrameError
from vigie.shape import Field, Kind

MAGIC: Final = b"VGF1"
PREFIX: Final = struct.Struct("<4sII")
CONTENT_TYPE: Final = "application/vnd.vigie.frames"
CLOCK_HEADER: Final = "Vigie-Clock"
"""Request header: `<boot> <wall ns> <monotonic ns>` at the moment of sending; a relay tells one
for each boot that it sends for, with commas between."""
SCOPE_HEADER: Final = "Vigie-Scope"
"""Request header of a relay: `<boot> <scope>` for each boot, with commas between, both
percent-encoded: frames of that boot are taken as if their sender had that scope."""

ALIGNMENT: Final = 8
"""The payload begins at a multiple of this, so that Arrow reads its numbers where they lie."""

MAX_REQUEST_BYTES: Final = 8 * 2**20
MAX_BODY_BYTES: Final = 64 * 2**20
MAX_RATIO: Final = 100
"""How many times larger than received a body may become once it is over `MAX_REQUEST_BYTES`.

Below that every body is small enough: a backlog of idle GPUs really compresses 400 to 1."""
MAX_HEADER_BYTES: Final = 2**20
MAX_PARTS: Final = 50_000
"""Lists and objects in a header: who asks for more wants it to be slow to read."""
MAX_FRAMES: Final = 1_000
MAX_ROWS: Final = 200_000
MAX_EVENTS: Final = 1_000
MAX_INVENTORY_ROWS: Final = 20_000
MAX_KEY_BYTES: Final = 128
MAX_DETAIL_BYTES: Final = 1_024

TIME_COLUMN: Final = "time"
QUALITY_COLUMN: Final = "quality"

_TYPES: Final[Mapping[Kind, str]] = {
    Kind.KEY: "string",
    Kind.TEXT: "string",
    Kind.STATE: "int32",
    Kind.BITS: "int64",
    Kind.FLAG: "bool",
}


def column_type(declared: Field) -> str:
    """The Arrow type of a field, on the wire and stored: string, bool, int32, int64, double."""
    return _TYPES.get(declared.kind) or ("int64" if declared.integer else "double")


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of the catalogue that took place: `time` in microseconds UTC."""

    code: str
    time: int
    keys: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class InventoryPart:
    """Rows of one inventory: a whole snapshot, or the rows that changed."""

    name: str
    snapshot: bool
    rows: tuple[Mapping[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames of this boot that will never come: sequence numbers, inclusive, times in µs UTC."""

    first: int
    last: int
    from_time: int
    to_time: int
    reason: str


@dataclass(frozen=True, slots=True)
class Section:
    """One measurement's stream inside the payload."""

    measurement: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Header:
    """Who speaks, of which container, which turn it is, and what follows.

    (container, agent, boot, sequence) is the frame's identity. `time` is the wall clock at the
    tick, `monotonic` a clock that never steps, both in nanoseconds: the collector re-stamps by the
    second when the first is wrong.
    """

    agent: str
    boot: str
    sequence: int
    container: str
    time: int
    monotonic: int
    catalogue: int
    sections: tuple[Section, ...] = ()
    events: tuple[Happening, ...] = ()
    inventories: tuple[InventoryPart, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """A header, the payload it describes, and the exact bytes that both came in."""

    header: Header
    payload: memoryview
    raw: memoryview

    def section_bytes(self) -> Iterator[tuple[Section, memoryview]]:
        """Each section with its Arrow IPC stream."""
        offset = 0
        for section in self.header.sections:
            yield section, self.payload[offset : offset + section.size]
            offset += section.size


def pack(header: Header, payload: bytes) -> bytes:
    """The bytes of a frame; the header ends in spaces, so that the payload is aligned."""
    text = json.dumps(asdict(header), separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(PREFIX.size + len(text)) % ALIGNMENT)
    return PREFIX.pack(MAGIC, len(text), len(payload)) + text + payload


def unpack(body: bytes) -> Iterator[Frame]:
    """Each frame of a request body, limits checked before anything is decoded.

    Raises:
        FrameError: `magic`, `truncated`, `header`, `sections`, `frames` or `rows`.
    """
    view, offset, count = memoryview(body), 0, 0
    while offset < len(view):
        count += 1
        if count > MAX_FRAMES:
            raise FrameError("frames", f"more than {MAX_FRAMES} frames in one request")
        frame = _one(view[offset:], offset)
        offset += len(frame.raw)
        yield frame


def _one(view: memoryview, at: int) -> Frame:
    if len(view) < PREFIX.size:
        raise FrameError("truncated", f"byte {at}: {len(view)} bytes left, a frame needs more")
    magic, header_size, payload_size = PREFIX.unpack_from(view)
    if magic != MAGIC:
        raise FrameError("magic", f"byte {at}: a frame begins with {MAGIC!r}, not {magic!r}")
    if header_size > MAX_HEADER_BYTES:
        raise FrameError("header", f"byte {at}: header of {header_size} bytes is too large")
    end = PREFIX.size + header_size + payload_size
    if end > len(view):
        raise FrameError("truncated", f"byte {at}: frame says {end} bytes, {len(view)} are there")
    header = parse_header(bytes(view[PREFIX.size : PREFIX.size + header_size]))
    if sum(s.size for s in header.sections) != payload_size:
        raise FrameError("sections", f"byte {at}: section sizes do not add up to the payload")
    if sum(s.rows for s in header.sections) > MAX_ROWS:
        raise FrameError("rows", f"byte {at}: more than {MAX_ROWS} rows in one frame")
    return Frame(header, view[PREFIX.size + header_size : end], view[:end])


def parse_header(text: bytes) -> Header:
    """The header that these bytes describe; every field checked for type and size.

    Raises:
        FrameError: `header`, naming the field.
    """
    if text.count(b"{") + text.count(b"[") > MAX_PARTS:
        raise FrameError("header", f"more than {MAX_PARTS} parts in one header")
    try:
        fields = json.loads(text)
        header = Header(
            agent=_word(fields["agent"], "agent"),
            boot=_word(fields["boot"], "boot"),
            sequence=_whole(fields["sequence"], "sequence"),
            container=_word(fields["container"], "container"),
            time=_whole(fields["time"], "time"),
            monotonic=_whole(fields["monotonic"], "monotonic"),
            catalogue=_whole(fields["catalogue"], "catalogue"),
            sections=tuple(_section(s) for s in fields.get("sections", ())),
            events=tuple(_happening(e) for e in fields.get("events", ())),
            inventories=tuple(_inventory(i) for i in fields.get("inventories", ())),
            gaps=tuple(_gap(g) for g in fields.get("gaps", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FrameError("header", f"header is not one: {type(error).__name__} {error}") from error
    if len(header.events) > MAX_EVENTS:
        raise FrameError("header", f"more than {MAX_EVENTS} events in one frame")
    if sum(len(i.rows) for i in header.inventories) > MAX_INVENTORY_ROWS:
        raise FrameError("header", f"more than {MAX_INVENTORY_ROWS} inventory rows in one frame")
    return header


def _word(value: Any, name: str, limit: int = MAX_KEY_BYTES) -> str:
    if not isinstance(value, str) or not value or len(value.encode()) > limit:
        raise ValueError(f"{name}: a text of 1 to {limit} bytes is wanted, got {value!r:.80}")
    if not value.isprintable():
        raise ValueError(f"{name}: unprintable characters in {value!r:.80}")
    return value


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError(f"{name}: a whole number from 0 to 2^63-1 is wanted, got {value!r:.80}")
    return value


def _section(fields: Any) -> Section:
    return Section(
        _word(fields["measurement"], "measurement"),
        _whole(fields["size"], "size"),
        _whole(fields["rows"], "rows"),
    )


def _happening(fields: Any) -> Happening:
    keys = {_word(k, "key"): _word(v, k) for k, v in dict(fields.get("keys", {})).items()}
    detail = str(fields.get("detail", "")).encode()[:MAX_DETAIL_BYTES].decode(errors="ignore")
    return Happening(_word(fields["code"], "code"), _whole(fields["time"], "time"), keys, detail)


def _inventory(fields: Any) -> InventoryPart:
    rows = tuple(
        {
            _word(k, "key"): None if v is None else _word(v, k, MAX_DETAIL_BYTES)
            for k, v in dict(row).items()
        }
        for row in fields["rows"]
    )
    return InventoryPart(_word(fields["name"], "name"), bool(fields["snapshot"]), rows)


def _gap(fields: Any) -> Gap:
    return Gap(
        _whole(fields["first"], "first"),
        _whole(fields["last"], "last"),
        _whole(fields["from_time"], "from_time"),
        _whole(fields["to_time"], "to_time"),
        _word(fields["reason"], "reason", MAX_DETAIL_BYTES),
    )
