"""Links to tickets: a template with places in braces, as the ticket system wants to be called."""

import re
import string
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

SHOW: Final = ("ticket",)
"""What a link to a ticket may have in braces."""
NEW: Final = ("id", "rule", "priority", "subject", "title", "since", "value")
"""The same of a link that begins a new one."""
MAX_REFERENCE: Final = 80
MAX_VALUE: Final = 200
REFERENCE: Final = re.compile(r"[A-Za-z0-9#][A-Za-z0-9 ._:/#-]*")


def check(name: str, template: str) -> None:
    """Raise ValueError where a template (`show` or `new`) is no link that can be filled."""
    if not template:
        return
    if urlsplit(template).scheme not in {"http", "https"} or not urlsplit(template).hostname:
        raise ValueError(f"http://… or https://… is wanted, got {template!r:.80}")
    known = SHOW if name == "show" else NEW
    try:
        places = {place for _, place, _, _ in string.Formatter().parse(template) if place}
        string.Formatter().vformat(template, (), dict.fromkeys(known, ""))
    except (ValueError, KeyError, IndexError, AttributeError):
        raise ValueError(f"places in braces may be {_listed(known)}") from None
    if wrong := sorted(places - set(known)):
        raise ValueError(f"{{{wrong[0]}}} is no place; {_listed(known)} may be")
    if name == "show" and not places:
        raise ValueError("{ticket} stands nowhere in it; put it where the number belongs")


def filled(template: str, values: Mapping[str, object]) -> str | None:
    """The link, its values cut and escaped; None without a template."""
    if not template:
        return None
    escaped = {name: quote(str(value)[:MAX_VALUE], safe="") for name, value in values.items()}
    return string.Formatter().vformat(template, (), escaped)


def reference(text: str) -> str:
    """A ticket's reference, checked: it comes from outside, and goes into links and pages.

    Raises:
        ValueError: it is none.
    """
    found = " ".join(text.split())
    if len(found) > MAX_REFERENCE or not REFERENCE.fullmatch(found):
        raise ValueError(f"a reference like INC-1234 is wanted, at most {MAX_REFERENCE} characters")
    return found


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
