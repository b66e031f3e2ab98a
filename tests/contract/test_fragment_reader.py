"""What every reader of fragments keeps: one suite for all of them."""

import hashlib
import os
import pickle
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.fragments.directory import DirectoryReader
from agent.fragments.reader import Reader
from agent.fragments.tahoe import TahoeReader
from tests.build import rot
from tests.build.grid import FIXTURES, shares
from vigie.fragments import Scheme, Status
from vigie.settings import FragmentStore


@dataclass(frozen=True)
class Subject:
    """A reader, and a good fragment below a root of its own; `data` is a byte of its content."""

    reader: Reader
    root: Path
    path: str
    data: int
    vouched: bool = True

    @property
    def file(self) -> Path:
        return self.root / self.path


def directory(sums: str) -> Callable[[Path], Subject]:
    """A maker of a directory reader's subject, with its sum in that place."""

    def make(root: Path) -> Subject:
        store = FragmentStore(
            name="store", k=10, n=14, pattern=r"\w\w/(?P<object>\w+)\.(?P<index>\d+)",
            sums=sums,  # type: ignore[arg-type]
        )  # fmt: skip
        (root / "ab").mkdir()
        file = root / "ab" / "abcdef.13"
        file.write_bytes(os.urandom(20_000))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if sums == "sidecar":
            Path(f"{file}.sum").write_text(digest)
        elif sums == "xattr":
            try:
                os.setxattr(file, "user.sum", digest.encode())
            except OSError:
                pytest.skip("this file system keeps no attributes")
        reader = DirectoryReader(store)
        return Subject(reader, root, "ab/abcdef.13", 7_000, vouched=sums != "none")

    return make


def tahoe(*, mutable: bool) -> Callable[[Path], Subject]:
    """A maker of a Tahoe reader's subject."""

    def make(root: Path) -> Subject:
        source = next(
            share
            for share in shares(FIXTURES / "3-of-6")
            if share.read_bytes().startswith(b"Tahoe") == mutable and share.stat().st_size > 2_500
        )
        path = source.relative_to(FIXTURES / "3-of-6")
        (root / path).parent.mkdir(parents=True)
        shutil.copyfile(source, root / path)
        data = (root / path).stat().st_size - 1300 if mutable else 500
        return Subject(TahoeReader(), root, str(path), data)

    return make


MAKERS = {
    "directory, no sums": directory("none"),
    "directory, sums in sidecars": directory("sidecar"),
    "directory, sums in attributes": directory("xattr"),
    "tahoe, immutable": tahoe(mutable=False),
    "tahoe, mutable": tahoe(mutable=True),
}


@pytest.fixture(params=MAKERS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    return MAKERS[request.param](tmp_path)


def freely(_: int) -> None:
    """No limit."""


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_knows_its_fragment_and_its_scheme(subject: Subject) -> None:
    piece, scheme = subject.reader.piece(subject.path), subject.reader.scheme(str(subject.file))
    assert piece is not None
    assert piece.name
    assert isinstance(scheme, Scheme)
    assert 0 <= piece.idx < scheme.n
    assert 1 <= scheme.k <= scheme.n


@pytest.mark.parametrize("path", ["", "x", "a/b/c/d/e", "\udcff", "ab/abcdef.13.tmp", "\n"])
def test_what_is_not_its_own_it_leaves(subject: Subject, path: str) -> None:
    assert subject.reader.piece(path) is None


def test_it_tells_a_name_without_looking_at_the_file(subject: Subject) -> None:
    before = subject.reader.piece(subject.path)
    subject.file.unlink()
    assert subject.reader.piece(subject.path) == before


def test_a_good_fragment_is_ok_if_anything_vouches_for_it(subject: Subject) -> None:
    found = subject.reader.check(str(subject.file), freely)
    assert found.status == (Status.OK if subject.vouched else Status.UNVERIFIED)
    assert 0 < found.size <= subject.file.stat().st_size


def test_rot_is_corrupt_if_anything_vouches_for_it(subject: Subject) -> None:
    rot.flip(subject.file, subject.data)
    found = subject.reader.check(str(subject.file), freely)
    assert found.status == (Status.CORRUPT if subject.vouched else Status.UNVERIFIED)
    assert found.detail


def test_a_disk_that_refuses_is_unreadable_and_no_rot(subject: Subject) -> None:
    rot.refuse(subject.file)
    found = subject.reader.check(str(subject.file), freely)
    assert (found.status, found.detail) == (Status.UNREADABLE, "Input/output error")


def test_what_is_no_file_is_unreadable_and_nothing_hangs(subject: Subject) -> None:
    subject.file.unlink()
    os.mkfifo(subject.file)
    done = threading.Thread(target=subject.reader.check, args=(str(subject.file), freely))
    done.start()
    done.join(5)
    assert not done.is_alive()
    assert subject.reader.check(str(subject.file), freely).status == Status.UNREADABLE


def test_a_fragment_that_is_gone_is_none_of_its_business(subject: Subject) -> None:
    subject.file.unlink()
    with pytest.raises(FileNotFoundError):
        subject.reader.check(str(subject.file), freely)


def test_it_says_what_it_reads_before_it_reads_it(subject: Subject) -> None:
    told: list[int] = []
    found = subject.reader.check(str(subject.file), told.append)
    assert sum(told) >= found.size
    assert all(amount > 0 for amount in told)


def test_whoever_holds_it_back_may_end_it(subject: Subject) -> None:
    class Enough(Exception):
        pass

    def stop(_: int) -> None:
        raise Enough

    before = descriptors()
    with pytest.raises(Enough):
        subject.reader.check(str(subject.file), stop)
    assert descriptors() == before


def test_it_leaves_no_trace(subject: Subject) -> None:
    os.utime(subject.file, ns=(1, 2))
    content, before = subject.file.read_bytes(), descriptors()
    os.utime(subject.file, ns=(1, 2))
    subject.reader.check(str(subject.file), freely)
    subject.reader.scheme(str(subject.file))
    status = subject.file.stat()
    assert (status.st_atime_ns, status.st_mtime_ns) == (1, 2)
    assert subject.file.read_bytes() == content
    assert descriptors() == before


def test_it_can_be_sent_to_another_process(subject: Subject) -> None:
    copy = pickle.loads(pickle.dumps(subject.reader))
    assert copy.piece(subject.path) == subject.reader.piece(subject.path)
