"""The disk as a power cut leaves it: what was synced, and nothing else.

`recorder.c`, preloaded into a program, writes down its writes, truncations, renames, unlinks and
syncs. `disk` replays that record up to an instant with the rules of ext4 and XFS: the content of
a file is what it was when its last finished sync began; a created name lasts from the sync of its
file or of its directory, a rename or unlink from the sync of its directory.
"""

import struct
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

OPEN, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, DIRSYNC, WHOLE, BEGIN = range(1, 10)
_HEAD = struct.Struct("<QBQQII")


def recorder(folder: Path) -> Path:
    """The compiled recorder."""
    library = folder / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run(
        ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"],
        check=True,
        capture_output=True,
    )
    return library


def environment(library: Path, record: Path, root: Path) -> Mapping[str, str]:
    """What makes a program record its changes below `root`."""
    return {
        "LD_PRELOAD": str(library),
        "RECORDER_OUT": str(record),
        "RECORDER_ROOT": str(root),
    }


@dataclass
class _Disk:
    """The volatile and the durable state, each a name space and contents by inode."""

    names: dict[str, int] = field(default_factory=dict)
    contents: dict[int, bytearray] = field(default_factory=dict)
    safe_names: dict[str, int] = field(default_factory=dict)
    safe_contents: dict[int, bytes] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    begun: dict[tuple[int, int], bytes] = field(default_factory=dict)
    lives: dict[int, int] = field(default_factory=dict)
    """The file that an inode number stands for now: numbers are used again after an unlink."""

    def play(self, op: int, number: int, offset: int, first: bytes, second: bytes) -> None:
        """Do one recorded change."""
        inode = self.lives.get(number, 0)
        if op == OPEN:
            self._open(number, inode, first.decode(), empties=bool(offset))
        elif op in {WRITE, TRUNCATE, WHOLE}:
            self._change(op, inode, offset, first)
        elif op == RENAME:
            source, target = first.decode(), second.decode()
            for path in [p for p in self.names if p == source or p.startswith(source + "/")]:
                self.names[target + path[len(source) :]] = self.names.pop(path)
        elif op == UNLINK:
            self.names.pop(first.decode(), None)
        elif op == BEGIN:
            self.begun[inode, offset] = bytes(self.contents.get(inode, b""))
        elif op == SYNC:
            self._sync(inode, self.begun.pop((inode, offset), b""), first.decode())
        elif op == DIRSYNC:
            self._directory(first.decode())

    def _open(self, number: int, inode: int, path: str, *, empties: bool) -> None:
        if not inode or self.names.get(path) != inode:
            inode = self.lives[number] = len(self.contents) + 1
            self.names[path] = inode
            self.contents[inode] = bytearray()
            self.created.add(path)
        elif empties:
            self.contents[inode] = bytearray()

    def _sync(self, inode: int, content: bytes, path: str) -> None:
        self.safe_contents[inode] = content
        if path in self.created and self.names.get(path) == inode:
            self.safe_names.setdefault(path, inode)

    def _change(self, op: int, inode: int, offset: int, data: bytes) -> None:
        content = self.contents.setdefault(inode, bytearray())
        if op == WHOLE:
            self.contents[inode] = bytearray(data)
        elif op == TRUNCATE:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
        else:
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data

    def _directory(self, folder: str) -> None:
        for path in [p for p in self.safe_names if p.rpartition("/")[0] == folder]:
            if path not in self.names:
                del self.safe_names[path]
        for path, inode in self.names.items():
            if path.rpartition("/")[0] == folder:
                self.safe_names[path] = inode


def records(record: Path) -> Iterator[tuple[int, int, int, int, bytes, bytes]]:
    """(monotonic ns, operation, inode, offset, bytes, bytes) of each change, in order."""
    data = memoryview(record.read_bytes())
    at = 0
    while at + _HEAD.size <= len(data):
        when, op, inode, offset, a, b = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield when, op, inode, offset, bytes(data[at : at + a]), bytes(data[at + a : at + a + b])
        at += a + b


def disks(record: Path, root: Path, cuts: list[int], into: Path) -> Iterator[tuple[int, Path]]:
    """For each instant of `cuts` (monotonic ns, ascending): the instant, and the disk it leaves."""
    disk, waiting = _Disk(), sorted(cuts)
    for when, op, inode, offset, first, second in records(record):
        while waiting and when > waiting[0]:
            yield waiting[0], _lay(disk, root, into / str(waiting.pop(0)))
        disk.play(op, inode, offset, first, second)
    for cut in waiting:
        yield cut, _lay(disk, root, into / str(cut))


def _lay(disk: _Disk, root: Path, to: Path) -> Path:
    to.mkdir(parents=True)
    for name, inode in disk.safe_names.items():
        target = to / Path(name).relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(disk.safe_contents.get(inode, b""))
    return to
