"""A mutable share of Tahoe-LAFS (SDMF or MDMF), checked against the signature that it carries.

The signature, under the public key that is in the share, covers the coding and the root of all
shares; the way up to that root and the tree of the block hashes vouch for the blocks. From
src/allmydata/{storage/mutable,mutable/layout,mutable/publish}.py, read as a description of the
format.

Nothing in a share vouches for the encrypted private key, which only writers need; and that the
public key is the object's own is known to the capability alone.
"""

import struct
from dataclasses import dataclass
from typing import Final

from agent.fragments import merkle, signature
from agent.fragments.chk import Damaged, chain, climbed, compare, known, tree
from agent.fragments.stride import Strides
from vigie.fragments import Scheme

MAGIC: Final = b"Tahoe mutable container v"
_MAGICS: Final = {
    1: MAGIC + b"1\n\x75\x09\x44\x03\x8e",
    2: MAGIC + b"2\n" + merkle.tagged(b"allmydata_mutable_container_header", MAGIC + b"2\n")[:5],
}
_CONTAINER: Final = struct.Struct(">32s20s32sQQ")
_DATA: Final = _CONTAINER.size + 4 * 92
"""Where the share begins: after the container's head and its first four leases."""
SDMF, MDMF = 0, 1
_SIGNED: Final = {SDMF: struct.Struct(">BQ32s16sBBQQ"), MDMF: struct.Struct(">BQ32sBBQQ")}
_STARTS: Final = {SDMF: struct.Struct(">4L2Q"), MDMF: struct.Struct(">8Q")}
_SALT_BYTES: Final = {SDMF: 0, MDMF: 16}
"""Before every block, and hashed with it; that of SDMF is in what is signed."""
_PART_BYTES: Final = 2**16
_HEAD_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Head:
    """What a share says of itself; ranges are from and to, from the beginning of the file."""

    signed: bytes
    root: bytes
    scheme: Scheme
    segment: int
    length: int
    """Of the object."""
    key: tuple[int, int]
    signature: tuple[int, int]
    chain: tuple[int, int]
    tree: tuple[int, int]
    blocks: tuple[int, int]
    salt: int
    end: int

    @property
    def segments(self) -> int:
        """How many segments the object has; an empty one has none."""
        return -(-self.length // self.segment) if self.segment else 0

    @property
    def block(self) -> int:
        """Bytes of a share that one segment makes, its salt included."""
        return self.segment // self.scheme.k + self.salt

    @property
    def stored(self) -> int:
        """Bytes of a share that all segments make."""
        if not self.segments:
            return 0
        tail = self.length - (self.segments - 1) * self.segment
        return (self.segments - 1) * self.block + -(-tail // self.scheme.k) + self.salt


def head(file: Strides) -> Head:
    """What the share in an open file says of itself.

    Raises:
        OSError: the disk does not give it.
        Damaged: it is none.
        Unknown: it is of another version.
    """
    first = file.part(0, _DATA + _HEAD_BYTES)
    if len(first) < _DATA + _SIGNED[SDMF].size + _STARTS[MDMF].size:
        raise Damaged("file is shorter than any share")
    magic, _, _, length, _ = _CONTAINER.unpack_from(first)
    if magic not in _MAGICS.values():
        digit = magic[len(MAGIC) : len(MAGIC) + 1]
        known(int(digit) if digit.isdigit() else 16, _MAGICS, "container")
        raise Damaged("container does not begin as one")
    found = parsed(first[_DATA:])
    if found.end > _DATA + length or found.end > file.size:
        raise Damaged("file ends before its share")
    return found


def parsed(text: bytes) -> Head:
    """What the first bytes of a share say.

    Raises:
        Damaged: they contradict themselves.
        Unknown: they are of another version.
    """
    version = text[0]
    known(version, _SIGNED, "share")
    signed = _SIGNED[version]
    fields = signed.unpack_from(text)
    k, n, segment, length = fields[-4:]
    starts = [_DATA + start for start in _STARTS[version].unpack_from(text, signed.size)]
    if version == SDMF:
        sign, links, tree, blocks, private, end = starts
        ranges = ((_DATA + signed.size + _STARTS[version].size, sign), (sign, links),
                  (links, tree), (tree, blocks), (blocks, private))  # fmt: skip
    else:
        _, links, sign, key, key_end, blocks, tree, end = starts
        ranges = ((key, key_end), (sign, key), (links, sign), (tree, end), (blocks, tree))
    if not 1 <= k <= n or segment % k:
        raise Damaged("head: its numbers fit no erasure code")
    found = Head(text[: signed.size], fields[2], Scheme(k, n), segment, length, *ranges,
                 salt=_SALT_BYTES[version], end=end)  # fmt: skip
    if any(start > stop for start, stop in ranges) or max(r[1] for r in ranges) > end:
        raise Damaged("offsets are out of order")
    if found.stored != found.blocks[1] - found.blocks[0]:
        raise Damaged("head: its size and its blocks do not fit")
    return found


def verify(file: Strides, number: int) -> None:
    """Read all of share `number` in an open file, and compare its signature and every hash.

    Raises:
        OSError: the disk does not give it.
        Damaged: it is not what was written.
        Unknown: it is of another version.
    """
    found = head(file)
    key, sign = _part(file, *found.key), _part(file, *found.signature)
    try:
        genuine = signature.verified(key, sign, found.signed)
    except ValueError as error:
        raise Damaged(f"public key: {error}") from error
    if not genuine:
        raise Damaged("signature is not of this key and head")
    if number >= found.scheme.n:
        raise Damaged(f"there is no share {number} in {found.scheme.word}")
    written = tree(file, *found.tree, found.segments, "block hash")
    compare(list(merkle.blocks(file.strides(*found.blocks), max(found.block, 1))), written)
    links = chain(file, *found.chain)
    climbed(links, number, found.scheme.n, written[0], found.root)


def _part(file: Strides, start: int, end: int) -> bytes:
    """A key or a signature."""
    if end - start > _PART_BYTES:
        raise Damaged("offsets leave more room than a key needs")
    return file.part(start, end - start)
