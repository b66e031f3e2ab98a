"""What people read of an alert, in French and English."""

import math
import unicodedata
from datetime import UTC, datetime
from typing import Final

from alerts.language.check import Expression
from alerts.language.evaluate import Read
from alerts.lifecycle import Subject
from alerts.load import PLACE
from alerts.mass import shared
from alerts.rule import Rule, Words

WITHDRAWN: Final = Words("La règle a été retirée.", "The rule was withdrawn.")
MANY: Final = Words("{} dans {}\u00a0: ", "{} in {}: ")
"""Before the title of an alert that many share: how many, and where; their names stand as `…`."""
SEVERAL: Final = Words("Plusieurs", "Several")
_NARROW: Final = "\u202f"
"""The space that French puts before a unit."""
_THOUSANDS: Final = ("", "k", "M", "G", "T", "P")


def plain(value: str, most: int) -> str:
    """What others wrote, on one line: nothing that moves a cursor or turns a text around.

    Longer than `most` characters it ends with an ellipsis.
    """
    if not value.isprintable():
        # A control, format or surrogate character, and the separators of lines and paragraphs.
        strange = {"Cc", "Cf", "Cs", "Zl", "Zp"}
        value = "".join(" " if unicodedata.category(c) in strange else c for c in value)
    line = " ".join(value.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def moment(seconds: float) -> str:
    """A Unix time as RFC 3339, UTC, to the millisecond."""
    written = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def filled(words: Words, rule: Rule, subject: Subject, language: str) -> str:
    """Words of a rule about one subject, or about the many that share an alert."""
    keys = ["…"] * len(subject.keys) if shared(subject) else subject.keys
    named = dict(zip(rule.keys, keys, strict=False)) | {"container": subject.container}
    return PLACE.sub(lambda match: named.get(match[1], match[0]), words.said(language))


def titled(rule: Rule, subject: Subject, count: int | None, language: str) -> str:
    """The title of an alert; of one that many share it says how many they are, if that is known."""
    said = filled(rule.title, rule, subject, language)
    if not shared(subject):
        return said
    return MANY.said(language).format(count or SEVERAL.said(language), subject.container) + said


def subject_path(subject: Subject) -> str:
    """The container and the keys as one path."""
    return "/".join(part.strip("/") for part in (subject.container, *subject.keys) if part)


def runbook(rule: str) -> str:
    """The page that says what to do."""
    return f"docs/rules/{rule}.md"


def value(rule: Rule, found: float | None, language: str) -> str:
    """The rule's value with its unit; nothing where it is unknown or the rule has none."""
    if found is None or rule.value is None or math.isnan(found):
        return ""
    word = _word(rule, rule.value, found)
    return word if word is not None else number(found, rule.value.symbol, language)


def number(found: float, symbol: str, language: str) -> str:
    """A number in its base unit, as people write it."""
    match symbol:
        case "%":
            text = f"{found * 100:.1f}"
        case "s":
            text, symbol = _span(found)
        case "":
            text = f"{found:g}"
        case _:
            text, symbol = _scaled(found, symbol)
    if symbol.endswith("o") and language != "fr":
        symbol = symbol[:-1] + "B"
    if language == "fr":
        return text.replace(".", ",") + (_NARROW + symbol if symbol else "")
    return text + ("%" if symbol == "%" else f" {symbol}" if symbol else "")


def _word(rule: Rule, expression: Expression, found: float) -> str | None:
    """The word of a state's code."""
    if rule.measurement is None or not isinstance(expression.plan, Read):
        return None
    field = rule.measurement.field(expression.plan.name)
    if field is None or not field.codes or not 0 <= found < len(field.codes):
        return None
    return field.codes[int(found)]


def _span(seconds: float) -> tuple[str, str]:
    size = abs(seconds)
    for factor, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if size >= 2 * factor:
            return f"{seconds / factor:.1f}", unit
    return f"{seconds:.1f}", "s"


def _scaled(found: float, symbol: str) -> tuple[str, str]:
    power = 0
    while abs(found) >= 1000 and power < len(_THOUSANDS) - 1:
        found, power = found / 1000, power + 1
    return f"{found:.3g}", _THOUSANDS[power] + symbol
