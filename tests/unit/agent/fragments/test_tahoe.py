"""Shares of Tahoe-LAFS, judged by the hashes and signatures that they carry.

The shares are real ones: tests/fixtures/tahoe.
"""

import os
import struct
import tracemalloc
from pathlib import Path

import pytest

from agent.fragments.reader import Check, Piece
from agent.fragments.tahoe import TahoeReader
from tests.build import rot
from tests.build.grid import FIXTURES, shares
from tests.build.share import LEASE, SLOT, anchored, mutable, starts
from vigie.fragments import Scheme, Status

READER = TahoeReader()
SHARES = [share for fixture in sorted(FIXTURES.iterdir()) for share in shares(fixture)]
INDEX = "f4as5fcxhrhw2s37mrlndmbxty"


def name(share: Path) -> str:
    return str(share.relative_to(FIXTURES))


def freely(_: int) -> None:
    """No limit."""


IMMUTABLE = [share for share in SHARES if not mutable(share.read_bytes())]
MUTABLE = [share for share in SHARES if share not in IMMUTABLE]


def judged(content: bytes, share: Path, directory: Path) -> Check:
    """The check of these bytes in the place of a share."""
    copy = directory / share.name
    copy.write_bytes(content)
    return READER.check(str(copy), freely)


def test_there_are_fixtures_of_every_kind() -> None:
    contents = [share.read_bytes() for share in SHARES]
    assert {c[:27] for c in contents if mutable(c)} == {b"Tahoe mutable container v2\n"}
    assert {c[SLOT] for c in contents if mutable(c)} == {0, 1}
    plain = {(c[3], c[15]) for c in contents if not mutable(c)}
    assert plain == {(1, 1), (2, 1), (2, 2)}, "versions of the container, and of the share in it"


@pytest.mark.parametrize("share", SHARES, ids=name)
def test_what_tahoe_wrote_is_ok(share: Path) -> None:
    found = READER.check(str(share), freely)
    assert (found.status, found.detail) == (Status.OK, "")
    assert 0 < found.size <= share.stat().st_size


@pytest.mark.parametrize("share", SHARES, ids=name)
def test_its_name_and_its_scheme_are_known(share: Path) -> None:
    directory, two, index, number = name(share).split("/")
    assert READER.piece(f"{two}/{index}/{number}") == Piece(index, int(number))
    expected = {"1-of-1": Scheme(1, 1), "3-of-6": Scheme(3, 6), "7-of-20": Scheme(7, 20),
                "container-v1": Scheme(3, 10)}  # fmt: skip
    assert READER.scheme(str(share)) == expected[directory]


def test_the_root_may_be_any_of_the_servers_directories() -> None:
    for below in ("", "shares/", "storage/shares/"):
        assert READER.piece(f"{below}f4/{INDEX}/0") == Piece(INDEX, 0)


@pytest.mark.parametrize(
    "path",
    [f"shares/incoming/f4/{INDEX}/0", f"incoming/f4/{INDEX}/0", f"f5/{INDEX}/0", f"f4/{INDEX}/00",
     f"f4/{INDEX}/256", f"f4/{INDEX}/x", f"f4/{INDEX}", f"f4/{INDEX[:-1]}/0", f"f4/{INDEX}/0/1",
     f"f4/{INDEX.upper()}/0", "storage/bucket_counter.state", f"f4/{INDEX}/0\n"],
)  # fmt: skip
def test_what_is_no_finished_share_is_none(path: str) -> None:
    assert READER.piece(path) is None


@pytest.mark.parametrize("share", SHARES, ids=name)
def test_a_flipped_bit_of_data_hashes_or_signature_is_found(share: Path, tmp_path: Path) -> None:
    content = share.read_bytes()
    for turn, at in enumerate(list(anchored(content))[len(name(share)) % 7 :: 23]):
        flipped = bytearray(content)
        flipped[at] ^= 1 << turn % 8
        found = judged(bytes(flipped), share, tmp_path)
        if mutable(content) and at == SLOT:  # its version: rot, or one to come
            assert found.status != Status.OK
        else:
            assert found.status == Status.CORRUPT, at


@pytest.mark.parametrize("share", IMMUTABLE, ids=name)
def test_leases_come_and_go_and_rot_unseen(share: Path, tmp_path: Path) -> None:
    content = share.read_bytes()
    leases = struct.unpack_from(">L", content, 8)[0]
    for at in range(len(content) - LEASE * leases, len(content), 17):
        flipped = bytearray(content)
        flipped[at] ^= 0xFF
        assert judged(bytes(flipped), share, tmp_path).status == Status.OK
    more = content[:8] + struct.pack(">L", leases + 1) + content[12:] + os.urandom(LEASE)
    assert judged(more, share, tmp_path).status == Status.OK
    none = content[:8] + bytes(4) + content[12 : len(content) - LEASE * leases]
    assert judged(none, share, tmp_path).status == Status.OK


@pytest.mark.parametrize("share", SHARES, ids=name)
def test_a_cut_share_is_corrupt(share: Path, tmp_path: Path) -> None:
    content = share.read_bytes()
    end = max(anchored(content)) + 1
    for length in {0, 1, 11, 12, 47, 48, SLOT, SLOT + 100, end // 2, end - 100, end - 1}:
        if length < end:
            found = judged(content[:length], share, tmp_path)
            assert found.status == Status.CORRUPT, length


@pytest.mark.parametrize("share", SHARES, ids=name)
def test_a_share_under_another_number_is_corrupt(share: Path, tmp_path: Path) -> None:
    for number in {0, 1, 5, 9, 19, 20, 255} - {int(share.name)}:
        (tmp_path / str(number)).write_bytes(share.read_bytes())
        assert READER.check(str(tmp_path / str(number)), freely).status == Status.CORRUPT


@pytest.mark.parametrize("share", SHARES, ids=name)
@pytest.mark.slow
def test_noise_of_any_kind_is_judged_and_never_a_stumble(share: Path, tmp_path: Path) -> None:
    content = share.read_bytes()
    for at in range(0, min(len(content), 640), 11):
        for noise in (b"\xff" * 8, b"\x00" * 8, b"\x00\x00\x00\x01" * 2):
            spoilt = content[:at] + noise + content[at + 8 :]
            found = judged(spoilt, share, tmp_path)
            assert found.status in {Status.OK, Status.CORRUPT, Status.UNVERIFIED}


def test_a_version_to_come_is_not_held_against_a_share(tmp_path: Path) -> None:
    plain, slot = IMMUTABLE[0].read_bytes(), MUTABLE[0].read_bytes()
    for content, share in (
        (b"\0\0\0\x03" + plain[4:], IMMUTABLE[0]),
        (plain[:12] + b"\0\0\0\x03" + plain[16:], IMMUTABLE[0]),
        (slot.replace(b"container v2", b"container v3"), MUTABLE[0]),
        (slot[:SLOT] + b"\x02" + slot[SLOT + 1 :], MUTABLE[0]),
    ):
        found = judged(content, share, tmp_path)
        assert found.status == Status.UNVERIFIED
        assert "not known to this reader" in found.detail


def test_the_damaged_block_is_named(tmp_path: Path) -> None:
    share = max(IMMUTABLE, key=lambda s: s.stat().st_size)
    content = bytearray(share.read_bytes())
    content[starts(bytes(content))[0] + 2 * 1000 + 5] ^= 1
    assert judged(bytes(content), share, tmp_path).detail == "block 2 of 5 is not what was written"


def test_what_the_disk_refuses_is_unreadable(tmp_path: Path) -> None:
    rot.refuse(tmp_path / "0")
    found = READER.check(str(tmp_path / "0"), freely)
    assert (found.status, found.detail) == (Status.UNREADABLE, "Input/output error")


def test_what_is_no_share_has_no_scheme(tmp_path: Path) -> None:
    for content in (b"", b"Tahoe", b"x" * 4096, bytes(4096), b"T" * 4096):
        (tmp_path / "0").write_bytes(content)
        with pytest.raises(ValueError, match=r"."):
            READER.scheme(str(tmp_path / "0"))


def test_a_lie_about_lengths_takes_no_memory(tmp_path: Path) -> None:
    """A head that claims gigabytes is found out before they are read."""
    share = max(IMMUTABLE, key=lambda s: s.stat().st_size)
    content = share.read_bytes()
    copy = tmp_path / share.name
    copy.write_bytes(content)
    with copy.open("r+b") as file:
        file.seek(12 + 20)  # where the crypttext hash tree begins, and all that follows it
        file.write(struct.pack(">4L", *(start + 2**31 for start in (0, 480, 960, 1062))))
        file.truncate(2**32)
    tracemalloc.start()
    try:
        assert READER.check(str(copy), freely).status == Status.CORRUPT
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()
