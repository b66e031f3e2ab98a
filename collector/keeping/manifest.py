"""What a backup holds: every file with its checksum, and what each table is made of."""

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from collector.store import disk
from vigie.errors import StoreError

NAME: Final = "manifest.json"
VERSION: Final = 1
TABLES: Final = "tables"
PIECE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Copied:
    """One file of a backup: its path in it, with /; the CRC-32 of its content in hexadecimal."""

    path: str
    size: int
    crc: str


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """One table: its files, up to which record of the journal they go, and its columns with ids.

    `properties` are those of its newest commit.
    """

    name: str
    position: int
    properties: dict[str, str]
    described: str
    files: tuple[Copied, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup. All that was acknowledged before `begun` (RFC 3339) is in it.

    `folder` holds what is no table: `parts` with paths that begin with it. `position` is the
    newest record of the journal. `collector` names the one whose store it is.
    """

    begun: str
    finished: str
    collector: str
    position: int
    folder: str
    parts: tuple[Copied, ...]
    tables: tuple[CopiedTable, ...]
    version: int = VERSION

    @property
    def files(self) -> tuple[Copied, ...]:
        """Every file."""
        return (*self.parts, *(file for table in self.tables for file in table.files))

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def write(directory: Path, manifest: Manifest) -> None:
    """Make a backup valid: from here on it is this one.

    Raises:
        OSError: the disk is full, or failed; the one before is still valid.
    """
    said = asdict(manifest)
    text = json.dumps({"manifest": said, "sha256": _digest(said)}, indent=1)
    disk.put(directory / NAME, text.encode())
    (directory / NAME).chmod(0o600)


def read(directory: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        StoreError: there is none, or it is not what was written.
    """
    path = directory / NAME
    try:
        data = json.loads(path.read_bytes())
        said = data["manifest"]
        if data["sha256"] != _digest(said):
            raise StoreError(f"{path}: the content is not what was written")
        if said["version"] != VERSION:
            raise StoreError(f"{path}: version {said['version']}, this program reads {VERSION}")
        tables = tuple(
            CopiedTable(**{**table, "files": _files(table["files"])}) for table in said["tables"]
        )
        return Manifest(**{**said, "parts": _files(said["parts"]), "tables": tables})
    except FileNotFoundError as error:
        raise StoreError(f"{directory} is no backup: there is no {NAME} in it") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: no manifest of ours: {error}") from error


def fault(directory: Path, file: Copied) -> str:
    """What is wrong with a file of a backup, or nothing."""
    path = directory / file.path
    try:
        size = path.stat().st_size
        if size != file.size:
            return f"{size} bytes where {file.size} were written"
        return "" if crc(path) == file.crc else "the content is not what was written"
    except OSError as error:
        return str(error.strerror or error)


def crc(path: Path) -> str:
    """The CRC-32 of a file. Raises OSError where it cannot be read."""
    found = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found = zlib.crc32(piece, found)
    return f"{found:08x}"


def _files(rows: list[dict[str, Any]]) -> tuple[Copied, ...]:
    files = tuple(Copied(**row) for row in rows)
    for file in files:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{file.path!r:.80} leads out of the backup")
    return files


def _digest(said: Any) -> str:
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
