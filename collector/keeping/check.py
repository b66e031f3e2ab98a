"""Whether all is as it was written: every file whole, of a running store, one at rest, a copy."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from collector import process
from collector.keeping import manifest
from collector.keeping.backup import JOURNAL, LIVE, STATE
from collector.keeping.tasks import Finding, Outcome, Tell
from collector.store import disk, files, parquet
from collector.store.journal import Damage, Segment
from collector.store.parquet import TableFile
from collector.store.parts import Parts
from collector.store.tables import CATALOG, Tables
from vigie import database
from vigie.errors import StoreError, VigieError

LOCK: Final = "lock"
FRAGMENTS: Final = "fragments.db"
DATABASES: Final = (STATE, FRAGMENTS)


class _Progress:
    """Bytes looked at, of all there are, and what was found."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._total, self._tell, self._done = total, tell, 0
        self.looked = 0
        self.findings: list[Finding] = []

    def did(self, place: Path | str, size: int, problem: str) -> None:
        """One more file was looked at."""
        self.looked += 1
        self._done += size
        if problem:
            self.findings.append(Finding(str(place), problem))
        self._tell(min(self._done, self._total), self._total)

    def outcome(self) -> Outcome:
        """What there is to say at the end."""
        many = len(self.findings)
        said = f"{self.looked} files read, {many or 'nothing'} damaged"
        return Outcome(said, tuple(self.findings), files=self.looked)


def running(parts: Parts, tell: Tell) -> Outcome:
    """Read the store of a running collector whole; nothing is changed."""
    directory, tables = parts.directory, parts.tables
    return _store(directory, tables, parts.journal.segments(), tell, open_segments=True)


def at_rest(directory: Path, tell: Tell) -> Outcome:
    """Read a store that no collector uses whole; `directory` is the collector's part.

    Raises:
        StoreError: there is none.
        VigieError: a collector uses it.
    """
    if not (directory / STATE).is_file() and not (directory / "tables").is_dir():
        raise StoreError(f"{directory} holds no store")
    with closing(process.locked(directory / LOCK)):
        tables = Tables(directory / "tables", "verify", threading.Lock())
        found = [Segment.of(path) for path in sorted((directory / JOURNAL).glob("*"))]
        segments = [segment for segment in found if segment is not None]
        lost = []
        try:
            if (directory / "tables" / CATALOG).is_file():
                lost = _opened(tables)
            elif any((directory / "tables").rglob("*.parquet")):
                lost = [Finding(CATALOG, "is missing; the next start makes the tables anew")]
            outcome = _store(directory, tables, segments, tell, open_segments=False)
        finally:
            tables.close()
    every = (*lost, *outcome.findings)
    return Outcome(outcome.detail, every, files=outcome.files)


def of_backup(directory: Path, tell: Tell) -> Outcome:
    """Read a backup whole: all that its manifest names.

    Raises:
        StoreError: it is none.
    """
    said = manifest.read(directory)
    progress = _Progress(said.size, tell)
    for file in said.files:
        progress.did(directory / file.path, file.size, manifest.fault(directory, file))
    return progress.outcome()


def _opened(tables: Tables) -> list[Finding]:
    """Load every table; those whose metadata is damaged are named."""
    findings = []
    try:
        tables.open()
    except StoreError as error:
        return [Finding(CATALOG, str(error))]
    for table in tables.names():
        try:
            tables.load(table)
        except StoreError as error:
            findings.append(Finding(f"table {table}", str(error)))
    return findings


def _store(
    directory: Path, tables: Tables, segments: Sequence[Segment], tell: Tell, *,
    open_segments: bool,
) -> Outcome:  # fmt: skip
    listed = [(table, tables.files(table)) for table in tables.names()]
    sizes = [file.size for _, rows in listed for file in rows]
    databases = [directory / name for name in DATABASES if (directory / name).is_file()]
    live = sorted((directory / LIVE).glob("*.arrow"))
    rest = [*databases, *live, *(segment.path for segment in segments)]
    progress = _Progress(sum(sizes) + sum(_size(path) for path in rest), tell)
    for table, rows in listed:
        for file in rows:
            problem = file_problem(file)
            current = any(file.path == known.path for known in tables.files(table))
            progress.did(f"table {table}: {file.path.name}", file.size, problem if current else "")
        for path, problem in _metadata((tables.home(table) / "metadata").glob("*")):
            progress.did(f"table {table}: {path.name}", 0, problem)
    for path in databases:
        progress.did(path.name, _size(path), database.problem(path))
    for path in live:
        progress.did(f"{LIVE}/{path.name}", _size(path), _unlike(path))
    newest = segments[-1] if open_segments and segments else None
    for segment in segments:
        problem = segment_problem(segment, still_written=segment == newest)
        progress.did(f"{JOURNAL}/{segment.path.name}", _size(segment.path), problem)
    return progress.outcome()


def file_problem(file: TableFile) -> str:
    """What is wrong with a table file, its content against its name and its list, or nothing."""
    try:
        _, said = parquet.footer(file.path)
    except (StoreError, OSError) as error:
        return str(error)
    unlike = [
        f"{name} {getattr(said, name)}, the table says {getattr(file, name)}"
        for name in ("rows", "size", "start", "end")
        if getattr(said, name) != getattr(file, name)
    ]
    return "; ".join(unlike)


def segment_problem(segment: Segment, *, still_written: bool) -> str:
    """What is wrong with a segment of the journal, or nothing.

    The end of one that is being written may be a record of which only a part is there.
    """
    try:
        found = list(segment.read())
    except FileNotFoundError:
        return ""  # the tables have it all: it went meanwhile
    except OSError as error:
        return str(error)
    torn = still_written and found and isinstance(found[-1], Damage)
    damages = [one for one in (found[:-1] if torn else found) if isinstance(one, Damage)]
    return "; ".join(f"{len(one.data)} bytes from {one.offset} are no record" for one in damages)


def _metadata(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for path in sorted(paths):
        if path.suffix in files.CHECKED:
            try:
                files.checked(path)
            except FileNotFoundError:
                continue  # it expired meanwhile
            except (VigieError, OSError) as error:
                yield path, str(error)
            else:
                yield path, ""


def _unlike(path: Path) -> str:
    try:
        disk.unsummed(path)
    except FileNotFoundError:
        return ""
    except (VigieError, OSError) as error:
        return str(error)
    return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
