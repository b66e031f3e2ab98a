"""What the columns of a table are, in words: for whoever gets them as a file."""

from collections.abc import Mapping, Sequence
from typing import Final

from collector.store import flush
from vigie import catalogue
from vigie.errors import QueryError, StoreError
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.replies import ExportColumn


def described(table: str) -> list[ExportColumn]:
    """Every column of a table in words: its unit, what it is, and the words of its codes.

    Raises:
        QueryError: there is no such table.
    """
    try:
        columns = flush.columns(table)
    except StoreError as error:
        raise QueryError(f"no table {table!r:.80}; see vigie store status") from error
    declared = catalogue.measurement(flush.base(table))
    fields = {field.name: field for field in declared.fields} if declared else {}
    found = []
    for column in columns:
        name, part = _owner(column.name, list(fields))
        known = fields.get(name)
        if known is None:
            found.append(ExportColumn(column.name, "mark", "", _MARKS.get(column.name, "")))
            continue
        doc = f"{known.doc} ({part.replace('_', ' ')} of the window)" if part else known.doc
        unit = _PARTS.get(part, "{}").format(known.unit.ucum)
        found.append(ExportColumn(column.name, known.kind.value, unit, doc, list(known.codes)))
    return found


def _owner(column: str, fields: Sequence[str]) -> tuple[str, str]:
    """The field that a column is of, and which part of its rollup."""
    if column in fields:
        return column, ""
    of = [name for name in fields if column.startswith(f"{name}_")]
    name = max(of, key=len, default="")
    return name, column.removeprefix(f"{name}_") if name else ""


_PARTS: Final[Mapping[str, str]] = {
    "count": "1", "devices": "1", "resets": "1", "sketch": "", "integral": "{}.s",
    "covered": "s", "gap": "s", "seconds": "s", "true_seconds": "s", "first_time": "",
    "last_time": "",
}  # fmt: skip
"""Suffix of a rollup's column to its unit; all others are in the unit of the field. UCUM."""
_MARKS: Final[Mapping[str, str]] = {
    TIME_COLUMN: "When it was so, UTC; of rollups the start of the window.",
    "container": "Path of the container that sent it.",
    QUALITY_COLUMN: "How the row came to be known: 0 measured, 1 derived, 2 estimated, 3 declared.",
    "suspect": "Bit n: field number n was outside what is plausible.",
    "devices": "How many devices the row sums up.",
    "learned": "When the collector learned of it, UTC.",
    "agent": "Who told it.",
    "code": "What happened; see the events in docs/reference/.",
    "severity": "info, warning or critical.",
    "keys": "What it is about, as JSON.",
    "detail": "One sentence.",
}
