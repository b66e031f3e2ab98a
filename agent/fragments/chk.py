"""An immutable share of Tahoe-LAFS, checked against the hashes that it carries, without any key.

The share carries the hash of each of its blocks in a tree, the way from that tree's root up to the
root of all shares, and the *URI extension*, which names that root. From docs/specifications/
file-encoding and src/allmydata/immutable/{encode,layout}.py, read as a description of the format.

What is in a share and nothing in it vouches for: `crypttext_hash` of the URI extension, the room
of the unused plaintext hashes, and what lies between the share and its leases. The hash of the URI
extension is in the capability alone: a share that was forged as a whole is not found out here.
"""

import re
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from agent.fragments import merkle
from agent.fragments.merkle import HASH_BYTES
from agent.fragments.stride import Strides
from vigie.fragments import Scheme

CONTAINER: Final = struct.Struct(">LLL")
"""Version, an unused length, number of leases."""
CONTAINER_VERSIONS: Final = frozenset({1, 2})
LEASE_BYTES: Final = 72
_LAYOUTS: Final = {1: struct.Struct(">9L"), 2: struct.Struct(">L8Q")}
_LENGTHS: Final = {1: struct.Struct(">L"), 2: struct.Struct(">Q")}
_LINK: Final = struct.Struct(">H32s")
_LINKS: Final = 16
"""More than the way up from any of 256 shares has."""
MAX_SEGMENTS: Final = 2**18
"""Of an object: their hashes are held in memory, three times 64 bytes for each."""
_EXTENSION_BYTES: Final = 2**16
_ITEM: Final = re.compile(rb"([a-zA-Z_-]+):(\d+):")


class Damaged(ValueError):
    """Bytes that are no share as they are; the message says in what."""


class Unknown(ValueError):
    """A version of a format that this reader does not know, and may be sound."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The head of a share: where its parts begin, from the beginning of the file."""

    version: int
    block: int
    length: int
    """Of all blocks together."""
    data: int
    crypttext_tree: int
    block_tree: int
    share_chain: int
    extension: int


@dataclass(frozen=True, slots=True)
class Extension:
    """What the URI extension says of the object: its coding, and the roots of its trees."""

    scheme: Scheme
    size: int
    segment: int
    segments: int
    share_root: bytes
    crypttext_root: bytes

    @property
    def block(self) -> int:
        """Bytes of a share that one segment makes."""
        return self.segment // self.scheme.k

    @property
    def length(self) -> int:
        """Bytes of a share that all segments make; the last one is padded to a multiple of k."""
        tail = self.size - (self.segments - 1) * self.segment
        return (self.segments - 1) * self.block + -(-tail // self.scheme.k)


def layout(head: bytes) -> Layout:
    """What the first bytes of the file say.

    Raises:
        Damaged: they are no head of a share.
        Unknown: they are one of another version.
    """
    if len(head) < CONTAINER.size + _LAYOUTS[2].size:
        raise Damaged("file is shorter than any share")
    container, _, _ = CONTAINER.unpack_from(head)
    known(container, CONTAINER_VERSIONS, "container")
    (version,) = struct.unpack_from(">L", head, CONTAINER.size)
    known(version, _LAYOUTS.keys(), "share")
    _, block, length, *starts = _LAYOUTS[version].unpack_from(head, CONTAINER.size)
    data, _, crypttext_tree, block_tree, share_chain, extension = (
        CONTAINER.size + start for start in starts
    )
    if not data + length <= crypttext_tree <= block_tree <= share_chain <= extension:
        raise Damaged("offsets are out of order")
    return Layout(version, block, length, data, crypttext_tree, block_tree, share_chain, extension)


def known(version: int, versions: Collection[int], of: str) -> None:
    """Raise unless it is one of them: `Unknown` for a version to come, `Damaged` for nonsense."""
    if version not in versions:
        if version < 16:
            raise Unknown(f"{of} of version {version} is not known to this reader")
        raise Damaged(f"{of} of version {version} does not exist")


def extension(text: bytes) -> Extension:
    """What a URI extension says.

    Raises:
        Damaged: it contradicts itself, or is not written as Tahoe writes it.
    """
    items = _items(text)
    try:
        found = Extension(
            Scheme(int(items["needed_shares"]), int(items["total_shares"])),
            int(items["size"]), int(items["segment_size"]), int(items["num_segments"]),
            items["share_root_hash"], items["crypttext_root_hash"],
        )  # fmt: skip
        said = (items["codec_name"], items["codec_params"], items["tail_codec_params"])
        hashes = (found.share_root, found.crypttext_root, items["crypttext_hash"])
    except (KeyError, ValueError) as error:
        raise Damaged(f"URI extension: {error} is missing or wrong") from None
    k, n = found.scheme.k, found.scheme.n
    if not (1 <= k <= n <= 256 and found.size > 0 and found.segment > 0 and not found.segment % k):
        raise Damaged("URI extension: its numbers fit no erasure code")
    if found.segments != -(-found.size // found.segment):
        raise Damaged("URI extension: its size and its segments do not fit")
    tail = found.length - (found.segments - 1) * found.block
    if said != (b"crs", b"%d-%d-%d" % (found.segment, k, n), b"%d-%d-%d" % (tail * k, k, n)):
        raise Damaged("URI extension: its codec and its numbers do not fit")
    if any(len(value) != HASH_BYTES for value in hashes):
        raise Damaged("URI extension: a hash is cut")
    return found


def _items(text: bytes) -> dict[str, bytes]:
    """The names and values of a URI extension, which stand in the order of their names."""
    items: dict[str, bytes] = {}
    at = 0
    while found := _ITEM.match(text, at):
        name, length = found[1].decode(), int(found[2][:6])
        items[name] = text[found.end() : found.end() + length]
        at = found.end() + length + 1
    written = b"".join(
        b"%s:%s" % (name.encode(), merkle.netstring(items[name])) for name in sorted(items)
    )
    if written != text:
        raise Damaged("URI extension is not written as one")
    return items


def chain(file: Strides, start: int, end: int) -> dict[int, bytes]:
    """The nodes of the share hash chain that fills a range, by number.

    Raises:
        OSError: the disk does not give it.
        Damaged: it is cut, or longer than any.
    """
    if (end - start) % _LINK.size or end - start > _LINK.size * _LINKS:
        raise Damaged("share hash chain does not fill its place")
    return dict(_LINK.iter_unpack(file.part(start, end - start)))


def head(file: Strides) -> tuple[Layout, Extension]:
    """Where the parts of the share in an open file are, and what its URI extension says.

    Raises:
        OSError: the disk does not give them.
        Damaged: they are none.
        Unknown: they are of another version.
    """
    first = file.part(0, CONTAINER.size + _LAYOUTS[2].size)
    found = layout(first)
    leases: int = CONTAINER.unpack_from(first)[2]
    room = file.size - leases * LEASE_BYTES - found.extension
    field = _LENGTHS[found.version]
    if room < field.size:
        raise Damaged("file ends before its URI extension")
    (length,) = field.unpack(file.part(found.extension, field.size))
    if length > min(room - field.size, _EXTENSION_BYTES):
        raise Damaged("URI extension is longer than its place")
    return found, extension(file.part(found.extension + field.size, length))


def verify(file: Strides, number: int) -> None:
    """Read all of share `number` in an open file, and compare every hash in it.

    Raises:
        OSError: the disk does not give it.
        Damaged: it is not what was written.
        Unknown: it is of another version.
    """
    where, says = head(file)
    if (where.block, where.length) != (says.block, says.length):
        raise Damaged("head and URI extension do not fit")
    if number >= says.scheme.n:
        raise Damaged(f"there is no share {number} in {says.scheme.word}")
    crypttext = tree(file, where.crypttext_tree, where.block_tree, says.segments, "crypttext hash")
    block = tree(file, where.block_tree, where.share_chain, says.segments, "block hash")
    links = chain(file, where.share_chain, where.extension)
    leaves = crypttext[-merkle.leaves(says.segments) :]
    if merkle.tree(leaves) != crypttext or crypttext[0] != says.crypttext_root:
        raise Damaged("crypttext hash tree is not what was written")
    hashes = list(merkle.blocks(file.strides(where.data, where.data + where.length), where.block))
    compare(hashes, block)
    climbed(links, number, says.scheme.n, block[0], says.share_root)


def tree(file: Strides, start: int, end: int, count: int, of: str) -> list[bytes]:
    """The nodes of a tree above `count` segments that fills a range.

    Raises:
        OSError: the disk does not give it.
        Damaged: it is cut.
        Unknown: there are more than this reader can hold.
    """
    if end - start != merkle.nodes(count) * HASH_BYTES:
        raise Damaged(f"{of} tree does not fill its place")
    if count > MAX_SEGMENTS:
        raise Unknown(f"more than {MAX_SEGMENTS} segments are too many for this reader")
    text = file.part(start, end - start)
    if len(text) != end - start:
        raise Damaged(f"file ends in its {of} tree")
    return [text[at : at + HASH_BYTES] for at in range(0, len(text), HASH_BYTES)]


def compare(hashes: list[bytes], written: list[bytes]) -> None:
    """Compare the hashes of all blocks with the tree that was written above them.

    Raises:
        Damaged: they are not the same; the message names the first block.
    """
    first = len(written) - merkle.leaves(len(hashes))
    wrong = [i for i, hashed in enumerate(hashes) if written[first + i : first + i + 1] != [hashed]]
    if merkle.tree(hashes) != written:
        what = f"block {wrong[0]} of {len(hashes)}" if wrong else "block hash tree"
        raise Damaged(f"{what} is not what was written")


def climbed(links: Mapping[int, bytes], number: int, count: int, leaf: bytes, root: bytes) -> None:
    """Compare the root of all shares with what the share and its chain lead to.

    Raises:
        Damaged: they are not the same.
    """
    own = merkle.leaves(count) - 1 + number
    if set(links) - {own} != set(merkle.path(number, count)) or links.get(own, leaf) != leaf:
        raise Damaged("share hash chain is not this share's")
    if merkle.climb(leaf, number, count, links) != root:
        raise Damaged("share hash chain does not lead to the root")
