"""What a host tells of the fragments that it holds: records, changes, digests; byte by byte.

::

    "VGI1" | u32 header bytes | header (JSON, UTF-8) | payload

An *inventory* is the fragments of one store on one host. It lives in *epochs*: a new one begins
when the agent has lost its memory, and nothing of the one before is then vouched for. Every change
of a record in an epoch has a number, from 1 up, without holes. Three kinds of message tell them:

- `delta`: consecutive changes, each the whole record as it is now, in the order of their numbers;
- `digests`: of each of 4,096 buckets, the XOR of the hashes of its records, as of one change;
- `buckets`: all records of some buckets, as of one change. All buckets together are the snapshot.

The collector answers which change it holds the inventory up to, whether it wants digests (after a
gap), and which buckets it wants; the first time it wants them all. Every message may be sent twice:
a record replaces the one before it. So a sender that was cut goes on with what is still wanted.

Objects are known by a keyed hash, so that no name leaves the site.
"""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from vigie.errors import FrameError

MAGIC: Final = b"VGI1"
PREFIX: Final = struct.Struct("<4sI")
CONTENT_TYPE: Final = "application/vnd.vigie.fragments"
BUCKETS: Final = 4_096
DIGEST: Final = struct.Struct(f"<{BUCKETS}Q")
OBJECT_BYTES: Final = 16
KEY_BYTES: Final = 32
RECORD: Final = struct.Struct("<16sHHQIIHIB")
"""Fields of `Record`, in order, without padding: 43 bytes."""
MAX_RECORDS: Final = 150_000
"""Records of one message."""
MAX_SCHEMES: Final = 256
MAX_DISKS: Final = 4_096
MAX_HEADER_BYTES: Final = 2**20


class Status(IntEnum):
    """What is known of a fragment."""

    OK = 0
    UNVERIFIED = 1
    CORRUPT = 2
    MISSING = 3
    UNREADABLE = 4
    QUARANTINED = 5
    GONE = 255
    """Only in a delta: the store let go of it; the record is to be forgotten."""


ALIVE: Final = frozenset({Status.OK, Status.UNVERIFIED})
"""What counts as a fragment that can help to rebuild its object."""


class Record(NamedTuple):
    """One fragment: `oid` 16 bytes, `idx` 0 to n-1; times in Unix seconds, 0 is never."""

    oid: bytes
    idx: int
    scheme: int
    """Position in the message's `schemes`."""
    size: int
    verified: int
    since: int
    """When the status became what it is."""
    disk: int
    """Position in the message's `disks`."""
    generation: int
    """Of the object in its store; the older loses."""
    status: int

    def pack(self) -> bytes:
        """The 43 bytes."""
        return RECORD.pack(*self)


@dataclass(frozen=True, slots=True)
class Scheme:
    """An erasure code: any `k` of `n` fragments rebuild an object."""

    k: int
    n: int

    @property
    def word(self) -> str:
        """`10-of-14`."""
        return f"{self.k}-of-{self.n}"

    @classmethod
    def spelled(cls, word: str) -> "Scheme | None":
        """The code that a word like `10-of-14` names; None where it names none."""
        k, _, n = word.partition("-of-")
        return cls(int(k), int(n)) if k.isdecimal() and n.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Message:
    """The header of a message; `sequence` is the number of the last change that it knows of.

    `first` is the number of a delta's first change: record i is change `first + i`. `buckets` are
    (bucket, records) of a message of that kind, in the order of its payload. `total` is how many
    records the sender holds. `schemes` and `disks` are complete and only grow in an epoch.
    """

    kind: str
    container: str
    host: str
    store: str
    epoch: str
    sequence: int
    total: int
    schemes: tuple[Scheme, ...]
    disks: tuple[str, ...]
    first: int = 0
    buckets: tuple[tuple[int, int], ...] = ()


def path_pattern(value: object) -> str:
    """A regular expression of paths that names an `object` and an `index`, checked.

    Raises:
        ValueError: it is none.
    """
    try:
        groups = re.compile(str(value)).groupindex
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    if not {"object", "index"} <= set(groups):
        raise ValueError("must have the groups (?P<object>...) and (?P<index>...)")
    return str(value)


def object_id(key: bytes, store: str, name: str) -> bytes:
    """The 16 bytes by which an object is known outside: keyed BLAKE2b of store and name."""
    return object_hasher(key, store)(name)


def object_hasher(key: bytes, store: str) -> Callable[[str], bytes]:
    """The same for all objects of a store: the key is mixed in once."""
    begun = blake2b(f"{store}\0".encode(), digest_size=OBJECT_BYTES, key=key)

    def hashed(name: str) -> bytes:
        hasher = begun.copy()
        hasher.update(name.encode(errors="surrogateescape"))
        return hasher.digest()

    return hashed


def bucket(oid: bytes) -> int:
    """The bucket of an object: its first 12 bits."""
    return oid[0] << 4 | oid[1] >> 4


def record_hash(epoch: str, record: bytes) -> int:
    """The 64 bits that a record adds, by XOR, to the digest of its bucket."""
    return record_hasher(epoch)(record)


def record_hasher(epoch: str) -> Callable[[bytes], int]:
    """The same for all records of an epoch: its name is mixed in once."""
    begun = blake2b(digest_size=8, key=epoch.encode()[:64])

    def hashed(record: bytes) -> int:
        hasher = begun.copy()
        hasher.update(record)
        return int.from_bytes(hasher.digest(), "little")

    return hashed


def pack(message: Message, payload: bytes) -> bytes:
    """The bytes of a message."""
    text = json.dumps(asdict(message), separators=(",", ":"), ensure_ascii=False).encode()
    return PREFIX.pack(MAGIC, len(text)) + text + payload


def unpack(body: bytes) -> tuple[Message, memoryview]:
    """The message of a request body, and its payload; sizes and counts are checked.

    Raises:
        FrameError: `magic`, `truncated`, `header` or `payload`.
    """
    view = memoryview(body)
    if len(view) < PREFIX.size:
        raise FrameError("truncated", f"{len(view)} bytes are no message about fragments")
    magic, size = PREFIX.unpack_from(view)
    if magic != MAGIC:
        raise FrameError("magic", f"a message begins with {MAGIC!r}, not {magic!r}")
    if size > MAX_HEADER_BYTES or PREFIX.size + size > len(view):
        raise FrameError("truncated", f"header of {size} bytes, {len(view)} bytes are there")
    message = _header(bytes(view[PREFIX.size : PREFIX.size + size]))
    payload = view[PREFIX.size + size :]
    expected = _payload_bytes(message, len(payload))
    if len(payload) != expected:
        raise FrameError(
            "payload", f"{message.kind}: payload of {len(payload)} bytes, {expected} are due"
        )
    if message.kind != "digests" and len(payload) > MAX_RECORDS * RECORD.size:
        raise FrameError("payload", f"more than {MAX_RECORDS} records in one message")
    return message, payload


def _payload_bytes(message: Message, given: int) -> int:
    """How many bytes the payload must have, by what the header says."""
    if message.kind == "digests":
        return DIGEST.size
    if message.kind == "buckets":
        return sum(count for _, count in message.buckets) * RECORD.size
    if message.first < 1:
        raise FrameError("header", "delta: changes are numbered from 1 up")
    return min(message.sequence - message.first + 1, given // RECORD.size + 1) * RECORD.size


def _header(text: bytes) -> Message:
    try:
        fields = json.loads(text)
        return Message(
            kind=_kind(fields["kind"]),
            container=_word(fields["container"]),
            host=_word(fields["host"]),
            store=_word(fields["store"]),
            epoch=_word(fields["epoch"]),
            sequence=_whole(fields["sequence"]),
            total=_whole(fields["total"]),
            schemes=tuple(_scheme(s) for s in _list(fields["schemes"], MAX_SCHEMES)),
            disks=tuple(_word(d) for d in _list(fields["disks"], MAX_DISKS)),
            first=_whole(fields["first"]),
            buckets=tuple(_bucket(b) for b in _list(fields["buckets"], BUCKETS)),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FrameError("header", f"header is not one: {type(error).__name__} {error}") from error


def _kind(value: Any) -> str:
    if value not in {"delta", "digests", "buckets"}:
        raise ValueError(f"kind: delta, digests or buckets is wanted, got {value!r:.40}")
    return str(value)


def _word(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value.encode()) <= 128 or not value.isprintable():
        raise ValueError(f"a printable text of 1 to 128 bytes is wanted, got {value!r:.80}")
    return value


def _whole(value: Any, limit: int = 2**63) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise ValueError(f"a whole number from 0 to {limit - 1} is wanted, got {value!r:.40}")
    return value


def _list(value: Any, limit: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > limit:
        raise ValueError(f"a list of at most {limit} is wanted")
    return value


def _scheme(value: Any) -> Scheme:
    k, n = _whole(value["k"], 2**16), _whole(value["n"], 2**16)
    if not 1 <= k <= n:
        raise ValueError(f"{k}-of-{n} is no erasure code")
    return Scheme(k, n)


def _bucket(value: Any) -> tuple[int, int]:
    number, count = value
    return _whole(number, BUCKETS), _whole(count)
