"""Shares of a real Tahoe-LAFS: what its own code wrote is judged here without its code or a key."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.fragments.reader import Check
from agent.fragments.tahoe import TahoeReader
from tests.build import rot
from tests.build.grid import FIXTURES, Grid, content, shares, tahoe
from tests.build.share import LEASE, SLOT, anchored, mutable
from vigie.fragments import Scheme, Status

READER = TahoeReader()
FLIPS = 400
SIZES = (56, 20_000, 3_000_000)
"""Of files: of one segment, and of many."""


def check(share: Path) -> Check:
    return READER.check(str(share), lambda _: None)


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    program = tahoe()
    if program is None:
        pytest.skip("no tahoe: set TAHOE to its path, or to build (20 s, 170 MB)")
    with Grid(program, tmp_path_factory.mktemp("grid"), segment=128 * 1024) as running:
        yield running


@pytest.fixture(scope="module")
def capabilities(grid: Grid) -> list[str]:
    """Of an upload of every size in every format."""
    return [
        grid.put(content(size), query)
        for size in SIZES
        for query in ("", "?format=sdmf", "?format=mdmf")
    ]


def every(grid: Grid) -> list[Path]:
    return [share for store in grid.stores for share in shares(store)]


def test_every_share_on_every_server_is_known_and_ok(grid: Grid, capabilities: list[str]) -> None:
    found = every(grid)
    assert len(found) == 6 * len(capabilities)
    objects: Counter[str] = Counter()
    for store in grid.stores:
        for share in shares(store):
            piece = READER.piece(str(share.relative_to(store)))
            assert piece is not None
            assert piece.idx == int(share.name)
            assert READER.scheme(str(share)) == Scheme(3, 6)
            assert check(share).status == Status.OK
            objects[piece.name] += 1
    assert set(objects.values()) == {6}


@pytest.mark.usefixtures("capabilities")
def test_every_flip_is_found_and_no_other_share_is_blamed(grid: Grid) -> None:
    chance = random.Random(3)
    found = every(grid)
    vouched = {share: list(anchored(share.read_bytes())) for share in found}
    for _ in range(FLIPS):
        share = chance.choice(found)
        at, mask = chance.choice(vouched[share]), 1 << chance.randrange(8)
        rot.flip(share, at, mask)
        judged = check(share)
        version = mutable(share.read_bytes()) and at == SLOT
        assert judged.status == Status.CORRUPT or (version and judged.status != Status.OK), at
        rot.flip(share, at, mask)
    assert {check(share).status for share in found} == {Status.OK}


def test_tahoe_itself_agrees_on_what_is_corrupt(grid: Grid, capabilities: list[str]) -> None:
    """Its verifier reads with the capability, and knows more; what it blames is what we blame."""
    chance = random.Random(5)
    for capability in capabilities:
        index = grid.verify(capability)
        assert index["healthy"]
        assert not index["count-corrupt-shares"]
    for capability in (capabilities[n] for n in (0, 4, 6, 8)):  # every format
        before = {share: share.read_bytes() for share in every(grid)}
        index_of = grid.index(capability)
        hurt = chance.choice([share for share in before if share.parent.name == index_of])
        data = list(anchored(before[hurt]))
        rot.flip(hurt, data[len(data) // 3])
        blamed = grid.verify(capability)
        assert [(si, number) for _, si, number in blamed["list-corrupt-shares"]] == [
            (index_of, int(hurt.name))
        ]
        assert [s for s in before if check(s).status != Status.OK] == [hurt]
        rot.flip(hurt, data[len(data) // 3])


def test_rot_in_a_lease_is_none_of_a_share_and_hurts_nobody(
    grid: Grid, capabilities: list[str]
) -> None:
    plain = [share for share in every(grid) if not mutable(share.read_bytes())]
    for share in plain:
        rot.flip(share, share.stat().st_size - LEASE + 40)
        assert check(share).status == Status.OK
    assert grid.verify(capabilities[-3])["healthy"]
    assert grid.get(capabilities[-3]) == content(SIZES[-1])


def test_what_is_being_uploaded_is_no_share(grid: Grid) -> None:
    assert (grid.stores[0] / "incoming").is_dir()
    name = "ab" + "c" * 24
    assert READER.piece(f"incoming/ab/{name}/0") is None


@pytest.mark.slow
@pytest.mark.parametrize("fixture", sorted(p.name for p in FIXTURES.iterdir() if p.is_dir()))
def test_every_single_byte_of_the_fixtures_that_is_vouched_for_is_guarded(
    fixture: str, tmp_path: Path
) -> None:
    """All of them: not only some by chance, and without a Tahoe at hand."""
    chance = random.Random(7)
    for share in shares(FIXTURES / fixture):
        whole = share.read_bytes()
        copy = tmp_path / share.name
        copy.write_bytes(whole)
        with copy.open("r+b", buffering=0) as file:
            for at in anchored(whole):
                os.pwrite(file.fileno(), bytes([whole[at] ^ 1 << chance.randrange(8)]), at)
                assert check(copy).status != Status.OK, (share, at)
                os.pwrite(file.fileno(), whole[at : at + 1], at)
