"""The hashes and trees of Tahoe-LAFS, by values that its own code gives."""

import pytest

from agent.fragments import merkle

# allmydata.hashtree.HashTree, .util.hashutil of Tahoe-LAFS 1.20.0
BLOCK = "c20647525effa7ca811f884e2f3da2489b09e71b44d0b917c4f188e604ed0f93"
ROOTS = {
    1: "3030303030303030303030303030303030303030303030303030303030303030",
    2: "c577bbf710a08fa7647f8b5db19dd9874f2bb6e1d9a7790a6203234452309a31",
    3: "48a2759899493cc8cb1dacc8981998a1d0e62acc10d25a4412890932c34d2943",
    5: "942085ae28560615879c0b4b03f0114cbd1dda7576b9ac1189da5bf27e5c6eca",
    8: "ac9926ba42548b059cce41e2d5efd865c8a3f7971ac55a4e85eb2ed4dc7c3f1b",
}


def test_a_tagged_hash_is_tahoes() -> None:
    assert merkle.tagged(merkle.BLOCK_TAG, b"block").hex() == BLOCK


@pytest.mark.parametrize(("count", "root"), ROOTS.items())
def test_the_root_of_a_tree_is_tahoes(count: int, root: str) -> None:
    tree = merkle.tree([b"%032d" % number for number in range(count)])
    assert tree[0].hex() == root
    assert len(tree) == merkle.nodes(count)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 20])
def test_every_leaf_leads_to_the_root_and_no_other_does(count: int) -> None:
    leaves = [b"%032d" % number for number in range(count)]
    tree = merkle.tree(leaves)
    chain = dict(enumerate(tree))
    for number, leaf in enumerate(leaves):
        needed = {node: chain[node] for node in merkle.path(number, count)}
        assert merkle.climb(leaf, number, count, needed) == tree[0]
        assert merkle.climb(b"x" * 32, number, count, needed) != tree[0]


@pytest.mark.parametrize("stride", [1, 7, 10, 100])
@pytest.mark.parametrize(("length", "blocks"), [(0, 0), (9, 1), (10, 1), (11, 2), (95, 10)])
def test_blocks_do_not_care_how_they_were_read(stride: int, length: int, blocks: int) -> None:
    content = bytes(range(length))
    read = [memoryview(content[at : at + stride]) for at in range(0, length, stride)]
    found = list(merkle.blocks(read, 10))
    assert len(found) == blocks
    assert found == [
        merkle.tagged(merkle.BLOCK_TAG, content[at : at + 10]) for at in range(0, length, 10)
    ]
