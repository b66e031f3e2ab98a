"""Whether a bundle is as it was signed: read with the standard library, and without unpacking.

See `docs/incidents.md` for what is in one.
"""

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from vigie import ed25519
from vigie.errors import VigieError

SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
KEY: Final = "key.pem"
PIECE: Final = 2**20
MAX_FILES: Final = 10_000
MAX_SMALL: Final = 4 * 2**20
"""Bytes of the files that say what the others should be."""
MAX_BYTES: Final = 64 * 2**30
"""Bytes of all files: more is no bundle, but meant to fill a disk."""
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *]([^\0\n]+)")


@dataclass(frozen=True, slots=True)
class Verified:
    """What is in a bundle, and what is wrong with it; `key` is the fingerprint of who signed."""

    key: str
    files: int
    size: int
    findings: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    sums: dict[str, str]
    small: dict[str, bytes]
    size: int
    findings: list[str]


def verify(path: Path, key: str | None = None) -> Verified:
    """Read a bundle whole, and compare it with what was signed, by the key of that fingerprint.

    Raises:
        VigieError: it cannot be read, or is no bundle: no archive, or without sums, signature or
            key.
    """
    try:
        with path.open("rb") as file:
            found = _read(file)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise VigieError(f"{path}: no bundle, or damaged or cut short: {error}") from error
    except OSError as error:
        raise VigieError(f"{path}: cannot be read: {error.strerror or error}") from error
    missing = [name for name in (SUMS, SIGNATURE, KEY) if name not in found.small]
    if missing:
        raise VigieError(f"{path}: no bundle, or damaged: {missing[0]} cannot be found in it")
    holder, findings = b"", found.findings
    try:
        holder = ed25519.key_of(found.small[KEY].decode("ascii"))
    except ValueError:
        findings.append(f"{KEY}: no public key")
    if not ed25519.verify(holder, found.small[SUMS], found.small[SIGNATURE]):
        findings.append(f"{SIGNATURE}: not the signature of {SUMS} by the key in {KEY}")
    print_ = ed25519.fingerprint(holder)
    if key is not None and key.lower() != print_:
        findings.append(f"{KEY}: another key than {key}")
    findings += _differences(_listed(found.small[SUMS], findings), found.sums)
    return Verified(print_, len(found.sums), found.size, tuple(findings))


def _read(file: IO[bytes]) -> _Found:
    """The sum of every file, and the content of the three small ones."""
    found = _Found({}, {}, 0, [])
    folder: str | None = None
    with tarfile.open(fileobj=file, mode="r|gz") as archive:
        for number, entry in enumerate(archive):
            found.size += entry.size
            if number >= MAX_FILES or found.size > MAX_BYTES:
                raise VigieError(f"no bundle: more than {MAX_FILES} files or {MAX_BYTES} bytes")
            first, _, name = entry.name.partition("/")
            folder = folder or first
            if not entry.isreg() or first != folder or not name or ".." in name.split("/"):
                found.findings.append(f"{entry.name!r:.120}: does not belong in a bundle")
            elif name in found.small or name in found.sums:
                found.findings.append(f"{name}: is there twice")
            elif name in {SUMS, SIGNATURE, KEY}:
                found.small[name] = b"".join(_pieces(archive, entry, MAX_SMALL))
            else:
                digest = hashlib.sha256()
                for piece in _pieces(archive, entry, MAX_BYTES):
                    digest.update(piece)
                found.sums[name] = digest.hexdigest()
    return found


def _pieces(archive: tarfile.TarFile, entry: tarfile.TarInfo, most: int) -> Iterator[bytes]:
    content = archive.extractfile(entry)
    if content is None or entry.size > most:
        raise VigieError(f"no bundle: {entry.name!r:.120} is larger than {most} bytes")
    while piece := content.read(PIECE):
        yield piece


def _listed(text: bytes, findings: list[str]) -> Mapping[str, str]:
    """The sums that were signed, by file."""
    found: dict[str, str] = {}
    for line in text.decode("utf-8", errors="replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match[2] in found:
            findings.append(f"{SUMS}: {line!r:.120} is no line of it")
        else:
            found[match[2]] = match[1]
    return found


def _differences(signed: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    return [
        *(f"{name}: missing" for name in signed if name not in there),
        *(f"{name}: nobody signed for it" for name in there if name not in signed),
        *(
            f"{name}: not what was signed"
            for name, digest in there.items()
            if signed.get(name, digest) != digest
        ),
    ]
