"""What commands print: aligned columns on a terminal, or JSON."""

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vigie.replies import Cell, Table

UNKNOWN: Final = "–"
"""Stands for null: unknown, and never 0."""
_FRACTION: Final = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$")


def dump(answer: Any) -> None:
    """Print a dataclass, or plain data, as JSON."""
    plain = dataclasses.asdict(answer) if dataclasses.is_dataclass(answer) else answer  # type: ignore[arg-type]
    print(json.dumps(plain, ensure_ascii=False, indent=2))


def table(rows: Sequence[Mapping[str, Cell]], *, empty: str = "nothing") -> str:
    """Rows of equal members under one heading; one by one where the terminal is too narrow."""
    if not rows:
        return empty
    names = list(rows[0])
    texts = [[cell(row[name]) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *texts, strict=True)]
    wide = sum(widths) + 2 * (len(widths) - 1) > shutil.get_terminal_size().columns
    if wide and sys.stdout.isatty():
        return "\n\n".join(record(dict(zip(names, row, strict=True))) for row in texts)
    right = [all(_is_number(row[name]) for row in rows) for name in names]
    rules = ["-" * width for width in widths]
    return "\n".join(_line(cells, widths, right) for cells in (names, rules, *texts))


def _is_number(value: Cell) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def rows(columns: Mapping[str, Sequence[Cell]]) -> list[dict[str, Cell]]:
    """The rows of a table that came as columns."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def record(members: Mapping[str, str]) -> str:
    """One `name  value` line a member."""
    width = max(map(len, members))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in members.items())


def cell(value: Cell) -> str:
    """One value: numbers to six digits, times to the second, unknown as a dash."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1e6 else f"{value:.6g}"
    return _FRACTION.sub(r"\1Z", str(value))


def footer(answer: Table) -> str:
    """What one must know to trust a table."""
    parts = [f"as of {answer.as_of}", f"tier {answer.tier}"]
    if answer.coverage is not None:
        parts.append(f"coverage {answer.coverage:.0%}")
    if answer.quality:
        parts.append(answer.quality)
    if answer.simulated_share:
        parts.append(f"SIMULATED {answer.simulated_share:.0%}")
    if answer.cursor:
        parts.append(f"more: --cursor {answer.cursor}")
    return " · ".join(parts)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        text.rjust(width) if number else text.ljust(width)
        for text, width, number in zip(cells, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()
