"""How Iceberg reads and writes its metadata here: synced before it is named, checked when read.

A `.<name>.crc` beside each file holds its checksum, so that a flipped bit is found at once instead
of hiding rows; other engines do not look at it.
"""

import io
import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from collector.store.disk import make_directory, sync_directory
from vigie.errors import StoreError

CHECKED: Final = frozenset({".avro", ".json"})


def local(location: str) -> Path:
    """The path of a `file:` location."""
    parts = urlsplit(location)
    return Path(unquote(parts.path)) if parts.scheme == "file" else Path(location)


def sidecar(path: Path) -> Path:
    """Where a file's checksum stands."""
    return path.with_name(f".{path.name}.crc")


def checked(path: Path) -> bytes:
    """The content of a metadata file.

    Raises:
        StoreError: it is not what was written.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if f"{zlib.crc32(data):08x}" != sidecar(path).read_text("ascii"):
        raise StoreError(f"{path}: the content is not what was written")
    return data


class SyncedFiles(FileIO):
    """Local files for Iceberg."""

    def new_input(self, location: str) -> InputFile:
        """A file to read."""
        return _Input(location)

    def new_output(self, location: str) -> OutputFile:
        """A file to write."""
        return _Output(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Remove a file and its checksum."""
        path = local(location if isinstance(location, str) else location.location)
        path.unlink(missing_ok=True)
        sidecar(path).unlink(missing_ok=True)


class _Input(InputFile):
    def __len__(self) -> int:
        return local(self.location).stat().st_size

    def exists(self) -> bool:
        return local(self.location).exists()

    def open(self, seekable: bool = True) -> InputStream:  # noqa: FBT001, FBT002
        path = local(self.location)
        if path.suffix in CHECKED:
            return io.BytesIO(checked(path))
        return path.open("rb")


class _Output(OutputFile):
    def __len__(self) -> int:
        return local(self.location).stat().st_size

    def exists(self) -> bool:
        return local(self.location).exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location)

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: FBT001, FBT002
        path = local(self.location)
        if not overwrite and path.exists():
            raise FileExistsError(path)
        make_directory(path.parent)
        return _Stream(path)


class _Stream:
    """Collects what is written; on the disk, synced, when closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = io.BytesIO()

    def write(self, b: bytes) -> int:
        return self._data.write(b)

    def tell(self) -> int:
        return self._data.tell()

    def close(self) -> None:
        if self._data.closed:
            return
        data = self._data.getvalue()
        self._data.close()
        _write(sidecar(self._path), f"{zlib.crc32(data):08x}".encode())
        _write(self._path, data)
        sync_directory(self._path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
