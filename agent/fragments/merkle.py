"""The hashes of Tahoe-LAFS: tagged SHA-256d, and complete binary trees of them.

From docs/specifications/file-encoding and src/allmydata/{hashtree,util/hashutil}.py of Tahoe-LAFS,
read as a description of the format. A tree is a list, its root first; the children of node i are
2i + 1 and 2i + 2, so that the leaves come last.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
BLOCK_TAG: Final = b"allmydata_encoded_subshare_v1"
_PAIR_TAG: Final = b"Merkle tree internal node"
_EMPTY_TAG: Final = b"Merkle tree empty leaf"


def netstring(text: bytes) -> bytes:
    """Its length in decimal, a colon, itself, a comma."""
    return b"%d:%s," % (len(text), text)


_BLOCK: Final = sha256(netstring(BLOCK_TAG))


def tagged(tag: bytes, value: bytes) -> bytes:
    """SHA-256 of the SHA-256 of the tag, as netstring, and the value."""
    return sha256(sha256(netstring(tag) + value).digest()).digest()


def pair(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node of a tree."""
    return tagged(_PAIR_TAG, netstring(left) + netstring(right))


def blocks(strides: Iterable[memoryview], size: int) -> Iterator[bytes]:
    """The hash of every block of `size` bytes; the last one may be shorter."""
    hasher, left = _BLOCK.copy(), size
    for stride in strides:
        view = stride
        while view:
            part = view[:left]
            hasher.update(part)
            view, left = view[len(part) :], left - len(part)
            if not left:
                yield sha256(hasher.digest()).digest()
                hasher, left = _BLOCK.copy(), size
    if left != size:
        yield sha256(hasher.digest()).digest()


def leaves(count: int) -> int:
    """How many leaves the tree of `count` things has: the next power of two."""
    return 1 << max(count - 1, 0).bit_length()


def nodes(count: int) -> int:
    """How many nodes it has."""
    return 2 * leaves(count) - 1


def tree(hashes: Sequence[bytes]) -> list[bytes]:
    """The whole tree above these leaves; missing ones are the hashes of their numbers."""
    row = list(hashes)
    row += [tagged(_EMPTY_TAG, b"%d" % number) for number in range(len(row), leaves(len(row)))]
    rows = [row]
    while len(row) > 1:
        row = [pair(row[i], row[i + 1]) for i in range(0, len(row), 2)]
        rows.append(row)
    return [node for above in reversed(rows) for node in above]


def path(leaf: int, count: int) -> Iterator[int]:
    """Numbers of the nodes beside the way from a leaf of `count` up to the root."""
    node = leaves(count) - 1 + leaf
    while node:
        yield node + 1 if node % 2 else node - 1
        node = (node - 1) // 2


def climb(hashed: bytes, leaf: int, count: int, chain: Mapping[int, bytes]) -> bytes:
    """The root above a leaf, by the nodes beside the way.

    Raises:
        KeyError: one of them is not in the chain.
    """
    for sibling in path(leaf, count):
        other = chain[sibling]
        hashed = pair(hashed, other) if sibling % 2 == 0 else pair(other, hashed)
    return hashed
