"""Reading one file in strides, past the cache."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.fragments.stride import SHORT_BYTES, STRIDE_BYTES, Buffers, Strides

CONTENT = os.urandom(STRIDE_BYTES + 12_345)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return str(path)


def freely(_: int) -> None:
    """No limit."""


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def cached(path: str) -> bool:
    """Whether the first page of a file is in the page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return bool(os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT))
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def test_a_file_is_read_whole_in_strides(file: str) -> None:
    with Strides(file, freely) as strides:
        views = [bytes(view) for view in strides.strides()]
        assert [len(view) for view in views] == [STRIDE_BYTES, 12_345]
        assert b"".join(views) == CONTENT
        assert strides.read == strides.size == len(CONTENT)


def test_a_range_ends_where_the_file_ends(file: str) -> None:
    with Strides(file, freely) as strides:
        assert strides.part(3, 5) == CONTENT[3:8]
        assert strides.part(len(CONTENT) - 2, 100) == CONTENT[-2:]
        assert strides.part(len(CONTENT) + 2, 100) == b""
        assert strides.part(0, 0) == b""


def test_every_piece_is_told_before_it_is_read(file: str) -> None:
    told: list[tuple[int, int]] = []
    with Strides(file, lambda amount: told.append((amount, strides.read))) as strides:
        list(strides.strides())
    assert told == [(STRIDE_BYTES, 0), (12_345, STRIDE_BYTES)]


@pytest.mark.parametrize("whole", [True, False])
def test_what_was_read_leaves_the_cache(file: str, whole: bool) -> None:
    with Path(file).open("rb") as written:
        os.fsync(written.fileno())
        written.read()
    if not cached(file):
        pytest.skip("this file system does not say what it has in its cache")
    with Strides(file, freely, keep=True) as strides:
        strides.part(0, 10)
    assert cached(file), "unless it is to stay"
    with Strides(file, freely) as strides:
        list(strides.strides()) if whole else strides.part(0, 10)
    left = cached(file)
    if left and _in_memory(file):
        pytest.skip("this file system is in memory")
    assert not left


def _in_memory(path: str) -> bool:
    """Whether dropping a page from the cache is without effect for anybody."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    return cached(path)


def test_when_all_long_buffers_are_lent_a_short_one_serves() -> None:
    buffers = Buffers(long=1)
    with buffers.lent(STRIDE_BYTES) as first, buffers.lent(STRIDE_BYTES) as second:
        assert (len(first), len(second)) == (STRIDE_BYTES, SHORT_BYTES)
        with buffers.lent(10) as third:
            assert len(third) == 10
    with buffers.lent(STRIDE_BYTES - 1) as again:
        assert len(again) == STRIDE_BYTES - 1, "given back"


def test_short_buffers_read_the_same(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.fragments.stride._BUFFERS", Buffers(long=0))
    told: list[int] = []
    with Strides(file, told.append) as strides:
        assert b"".join(map(bytes, strides.strides())) == CONTENT
    assert told == [STRIDE_BYTES, 12_345]


def test_the_time_of_last_access_stays(file: str) -> None:
    os.utime(file, ns=(1, 2))
    with Strides(file, freely) as strides:
        list(strides.strides())
    assert Path(file).stat().st_atime_ns == 1


def test_who_may_not_ask_for_that_reads_all_the_same(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Callable[..., int] = os.open

    def guarded(path: str, flags: int) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError(errno.EPERM, "not the owner")
        return opened(path, flags)

    monkeypatch.setattr("agent.fragments.stride.os.open", guarded)
    with Strides(file, freely) as strides:
        assert strides.part(0, 3) == CONTENT[:3]


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = descriptors()
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="no regular file"):
            Strides(str(path), freely)
    assert descriptors() == before


def test_a_stop_in_the_middle_leaves_no_file_open(file: str) -> None:
    def stop(_: int) -> None:
        raise KeyError

    before = descriptors()
    with pytest.raises(KeyError), Strides(file, stop) as strides:
        list(strides.strides())
    assert descriptors() == before
