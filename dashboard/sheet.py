"""A board's content as it travels: JSON by parts, written once for all pages that show it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

TABLES: Final = "tables"
"""The member of a content whose own members are parts."""

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Sheet:
    """Parts that change one without the other: the version of each, and its JSON."""

    versions: Mapping[str, str]
    parts: Mapping[str, bytes]

    def after(self, known: Mapping[str, str]) -> dict[str, bytes]:
        """The parts that a page which has these versions lacks."""
        return {n: part for n, part in self.parts.items() if known.get(n) != self.versions[n]}


def written(content: Mapping[str, Any]) -> Sheet:
    """The sheet of a content, which is JSON already."""
    parts = {name: _encode(part).encode() for name, part in apart(content).items()}
    return Sheet({name: _version(part) for name, part in parts.items()}, parts)


def apart(content: Mapping[str, Any]) -> dict[str, Any]:
    """A content in parts: its members, and each table."""
    parts = {name: part for name, part in content.items() if name != TABLES}
    tables = content.get(TABLES, {})
    return parts | {f"{TABLES}.{name}": table for name, table in tables.items()}


def answer(head: Mapping[str, Any], parts: Mapping[str, bytes]) -> bytes:
    """One JSON object: the members of `head`, and `parts`."""
    inside = b",".join(b"%b:%b" % (_encode(name).encode(), part) for name, part in parts.items())
    return b'%b,"parts":{%b}}' % (_encode(head)[:-1].encode(), inside)


def _version(part: bytes) -> str:
    return hashlib.blake2b(part, digest_size=6).hexdigest()
