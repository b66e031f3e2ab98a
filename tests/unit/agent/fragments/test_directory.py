"""Fragments in files named by a pattern, with sums beside or upon them."""

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from agent.fragments.directory import DirectoryReader, digest
from agent.fragments.reader import Piece, unreadable
from tests.build import rot
from vigie.fragments import Scheme, Status
from vigie.settings import FragmentStore

CONTENT = os.urandom(100_000)
ALGORITHMS = ("sha256", "sha1", "md5", "blake2b")


def reader(**settings: Any) -> DirectoryReader:
    return DirectoryReader(FragmentStore(name="store", k=10, n=14, **settings))


def freely(_: int) -> None:
    """No limit."""


@pytest.fixture
def fragment(tmp_path: Path) -> Path:
    path = tmp_path / "object.3"
    path.write_bytes(CONTENT)
    return path


def test_the_pattern_says_which_fragment_a_file_is() -> None:
    assert reader().piece("object.3") == Piece("object", 3)
    assert reader().piece("dir/sub/object.3") == Piece("object", 3)
    deep = reader(pattern=r"(?P<index>\d+)/(?P<object>.+)\.frag")
    assert deep.piece("7/a/b.frag") == Piece("a/b", 7)
    assert deep.piece("7/a/b.frag.tmp") is None


def test_an_index_that_the_scheme_does_not_have_is_no_fragment() -> None:
    assert reader().piece("object.13") == Piece("object", 13)
    assert reader().piece("object.14") is None
    assert reader().piece("object." + "9" * 5000) is None
    assert reader(pattern=r"(?P<object>\w*)\.(?P<index>\w*)").piece("object.x") is None
    assert reader(pattern=r"(?P<object>\w*)\.(?P<index>\w*)").piece(".1") is None
    assert reader(pattern=r"(?P<object>\w*)\.(?P<index>\w*)").piece("object.") is None


def test_the_settings_say_the_scheme(fragment: Path) -> None:
    assert reader().scheme(str(fragment)) == Scheme(10, 14)


def test_a_sidecar_is_no_fragment_whatever_the_pattern() -> None:
    wide = {"pattern": r"(?P<object>\w+)\.(?P<index>\d+).*"}
    assert reader(**wide, sums="sidecar").piece("object.3.sum") is None
    assert reader(**wide).piece("object.3.sum") == Piece("object", 3)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("written", ["{hex}\n", "{hex}  object.3\n", "{upper} *object.3\n"])
def test_what_was_written_is_known_by_its_sidecar(
    fragment: Path, algorithm: str, written: str
) -> None:
    hexed = hashlib.new(algorithm, CONTENT).hexdigest()
    Path(f"{fragment}.sum").write_text(written.format(hex=hexed, upper=hexed.upper()))
    judge = reader(sums="sidecar", algorithm=algorithm)
    assert judge.check(str(fragment), freely).status == Status.OK
    rot.flip(fragment, 50_000)
    found = judge.check(str(fragment), freely)
    assert (found.status, found.size) == (Status.CORRUPT, len(CONTENT))
    assert algorithm in found.detail


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("form", ["raw", "hex"])
def test_what_was_written_is_known_by_its_attribute(
    fragment: Path, algorithm: str, form: str
) -> None:
    hasher = hashlib.new(algorithm, CONTENT)
    value = hasher.digest() if form == "raw" else hasher.hexdigest().encode()
    try:
        os.setxattr(fragment, "user.sum", value)
    except OSError:
        pytest.skip("this file system keeps no attributes")
    judge = reader(sums="xattr", algorithm=algorithm)
    assert judge.check(str(fragment), freely).status == Status.OK
    rot.flip(fragment, 0)
    assert judge.check(str(fragment), freely).status == Status.CORRUPT


@pytest.mark.parametrize("sums", ["none", "sidecar", "xattr"])
def test_without_a_sum_a_fragment_is_read_and_stays_unverified(fragment: Path, sums: str) -> None:
    found = reader(sums=sums).check(str(fragment), freely)
    assert (found.status, found.size) == (Status.UNVERIFIED, len(CONTENT))
    assert "sum" in found.detail


@pytest.mark.parametrize("text", [b"", b"\n", b"no sum at all", b"abcd\n", b"\xff" * 31, b"z" * 64])
def test_a_sidecar_that_says_no_sum_condemns_nothing(fragment: Path, text: bytes) -> None:
    Path(f"{fragment}.sum").write_bytes(text)
    found = reader(sums="sidecar").check(str(fragment), freely)
    assert (found.status, found.detail) == (Status.UNVERIFIED, "its sum is no sha256")


def test_a_sidecar_that_cannot_be_read_condemns_nothing(fragment: Path) -> None:
    rot.refuse(Path(f"{fragment}.sum"))
    found = reader(sums="sidecar").check(str(fragment), freely)
    assert found.status == Status.UNVERIFIED
    assert "Input/output error" in found.detail


def test_a_truncated_fragment_is_corrupt(fragment: Path) -> None:
    Path(f"{fragment}.sum").write_text(hashlib.sha256(CONTENT).hexdigest())
    os.truncate(fragment, 99_999)
    assert reader(sums="sidecar").check(str(fragment), freely).status == Status.CORRUPT


def test_an_empty_fragment_has_a_sum_too(fragment: Path) -> None:
    os.truncate(fragment, 0)
    Path(f"{fragment}.sum").write_text(hashlib.sha256(b"").hexdigest())
    assert reader(sums="sidecar").check(str(fragment), freely).status == Status.OK


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ETIMEDOUT, errno.ESTALE])
def test_what_a_disk_or_its_rights_refuse_is_unreadable(number: int) -> None:
    found = unreadable(OSError(number, os.strerror(number)))
    assert (found.status, found.detail) == (Status.UNREADABLE, os.strerror(number))


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_is_no_fault_of_a_fragment_is_not_held_against_it(number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)):
        unreadable(OSError(number, os.strerror(number)))


def test_a_digest_is_raw_or_hex_and_of_the_right_length() -> None:
    raw = bytes(range(32))
    assert digest(raw, 32) == digest(raw.hex().encode(), 32) == raw
    assert digest(b"\\" + raw.hex().encode() + b"  odd\\nname", 32) == raw
    assert digest(raw.hex().encode(), 20) is None
