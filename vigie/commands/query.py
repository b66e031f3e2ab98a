"""Readings: the newest of each series, a series over time, and what happened."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from vigie import catalogue
from vigie.commands import asking, printing
from vigie.document import suggestion
from vigie.errors import SettingsError
from vigie.replies import Cell, Table
from vigie.shape import Field, Kind, Measurement, Quality

EXAMPLES: Final = """\
examples:
  vigie query latest filesystem --fields available_bytes
  vigie query series host --fields cpu_busy_ratio,load1 --from 1h --step 5m
  vigie query series gpu --fields power_watts --by gpu --agg max --from 2026-01-31T08:00Z
  vigie query events --from 24h
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=("latest", "series", "events"))
    parser.add_argument("measurement", nargs="?", help="as `vigie catalogue` has it")
    parser.add_argument("--fields", metavar="A,B", help="fields wanted; default: all")
    parser.add_argument(
        "--where", action="append", metavar="KEY:VALUE", help="only rows with that key; repeatable"
    )
    parser.add_argument("--by", metavar="KEYS", help="one series for each value of these keys")
    parser.add_argument("--agg", help="how several values become one: mean, min, max, sum, …")
    parser.add_argument(
        "--from", dest="start", metavar="TIME", help="RFC 3339, or how long ago; as 2h"
    )
    parser.add_argument("--to", dest="end", metavar="TIME", help="likewise; default: now")
    parser.add_argument("--step", metavar="DURATION", help="one row each; as 5m")
    parser.add_argument("--limit", type=int, metavar="ROWS", help="at most so many rows")
    parser.add_argument("--cursor", help="the next page, as the last answer named it")
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the table."""
    path, now = _path(arguments), datetime.now(UTC)
    query = {
        "fields": arguments.fields,
        "where": arguments.where,
        "by": arguments.by,
        "agg": arguments.agg,
        "from": asking.moment(arguments.start, now) if arguments.start else None,
        "to": asking.moment(arguments.end, now) if arguments.end else None,
        "step": arguments.step,
        "limit": arguments.limit,
        "cursor": arguments.cursor,
        "scope": arguments.scope,
    }
    with asking.client(arguments) as client:
        answer = client.get(Table, path, **query)
    if arguments.json:
        printing.dump(answer)
        return 0
    measurement = catalogue.measurement(arguments.measurement or "")
    columns = worded(measurement, answer.columns) if measurement else answer.columns
    print(printing.table(printing.rows(columns), empty="no rows"))
    print(f"\n{printing.footer(answer)}")
    return 0


def worded(
    measurement: type[Measurement], columns: Mapping[str, Sequence[Cell]]
) -> dict[str, Sequence[Cell]]:
    """Columns with words where the catalogue has words for numbers: states, bits, quality."""
    shown = dict(columns)
    for field in measurement.values:
        if field.codes and field.name in shown:
            shown[field.name] = [_word(field, cell) for cell in shown[field.name]]
    if "quality" in shown:
        words = list(Quality)
        shown["quality"] = [words[c].value if isinstance(c, int) else c for c in shown["quality"]]
    if "suspect" in shown:
        names = [field.name for field in measurement.fields]
        shown["suspect"] = [_set(names, cell) for cell in shown["suspect"]]
    return shown


def _word(field: Field, cell: Cell) -> Cell:
    if not isinstance(cell, int):
        return cell
    if field.kind is Kind.BITS:
        return _set(field.codes, cell)
    return field.codes[cell] if 0 <= cell < len(field.codes) else cell


def _set(names: Sequence[str], cell: Cell) -> Cell:
    """The names of the bits that are set."""
    if not isinstance(cell, int):
        return cell
    return " ".join(name for n, name in enumerate(names) if cell >> n & 1)


def _path(arguments: argparse.Namespace) -> str:
    if arguments.act == "events":
        if arguments.measurement:
            raise SettingsError("events: all of them are in one table; use --where code:gap")
        return "events"
    known = [declared.name for declared in catalogue.MEASUREMENTS]
    if arguments.act == "latest":
        known += [declared.name for declared in catalogue.INVENTORIES]
    if arguments.measurement is None:
        raise SettingsError(f"{arguments.act}: of which measurement? {', '.join(known)}")
    if arguments.measurement not in known:
        wrong = f"no measurement is called {arguments.measurement!r}"
        raise SettingsError(f"{wrong}; {suggestion(arguments.measurement, known)}")
    return f"{arguments.act}/{arguments.measurement}"
