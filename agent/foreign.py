"""Looks into what another program wrote, which may hold anything anywhere: JSON, numbers as text.

What is missing, or not of the wanted kind, is None: a program may print half of what it should.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

Document = Mapping[str, Any]

LARGEST: Final = 2**63 - 1
"""The largest whole number that a reading can carry."""


def parse(text: bytes) -> Document | None:
    """The object that a text holds; None when it is damaged, cut short, or no object."""
    try:
        found = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def at(document: Any, *path: str | int) -> Any:
    """What lies at the end of a path of names and positions, or None."""
    for step in path:
        if isinstance(step, str) and isinstance(document, dict):
            document = document.get(step)
        elif isinstance(step, int) and isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def whole(document: Any, *path: str | int) -> int | None:
    """A number of things: whole, and not negative."""
    found = at(document, *path)
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= LARGEST:
        return found
    return None


def number(document: Any, *path: str | int) -> float | None:
    """A measured number, which may be negative."""
    found = at(document, *path)
    if isinstance(found, int | float) and not isinstance(found, bool) and abs(found) <= LARGEST:
        return float(found)
    return None


def flag(document: Any, *path: str | int) -> bool | None:
    """True or false."""
    found = at(document, *path)
    return found if isinstance(found, bool) else None


def words(document: Any, *path: str | int) -> str | None:
    """A text, without what cannot be printed; None when nothing is left."""
    found = at(document, *path)
    if not isinstance(found, str):
        return None
    return "".join(c for c in found if c.isprintable()).strip() or None


def each(document: Any, *path: str | int) -> Iterator[Any]:
    """The elements of a list; none where there is no list."""
    found = at(document, *path)
    if isinstance(found, list):
        yield from found


def decimal(text: str) -> int | None:
    """The whole number that a text holds, not negative; None when it is none, or too large."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else None
