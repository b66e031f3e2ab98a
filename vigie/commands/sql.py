"""`vigie query sql`: a query of one's own over the views, as a table, JSON, CSV or Arrow."""

import argparse
import sys
from pathlib import Path
from typing import Final

from vigie.commands import asking, printing
from vigie.errors import SettingsError
from vigie.replies import Rows

PATH: Final = "sql"
TIMEOUT_SECONDS: Final = 60.0
"""The collector gives up sooner."""
CSV_TYPE: Final = "text/csv"
ARROW_TYPE: Final = "application/vnd.apache.arrow.stream"


def add(parser: argparse.ArgumentParser) -> None:
    """The options of `sql` alone."""
    form = parser.add_argument_group("sql").add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV, of any length")
    form.add_argument("--arrow", type=Path, metavar="FILE", help="write an Arrow stream")


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print or write what comes."""
    asked = {"query": _query(arguments.measurement), "scope": arguments.scope}
    with asking.client(arguments, timeout=TIMEOUT_SECONDS) as client:
        if arguments.csv:
            for piece in client.pieces(PATH, asked, CSV_TYPE):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return 0
        if arguments.arrow:
            with arguments.arrow.open("wb") as file:
                for piece in client.pieces(PATH, asked, ARROW_TYPE):
                    file.write(piece)
            return 0
        answer = client.post(Rows, PATH, asked)
    if arguments.json:
        printing.dump(answer)
        return 0
    print(printing.table(printing.rows(answer.columns), empty="no rows"))
    parts = [f"as of {answer.as_of}", f"{answer.rows} row{'s' * (answer.rows != 1)}"]
    if answer.simulated:
        parts.append("SIMULATED, in part or all: `containers` says which")
    print(f"\n{' · '.join(parts)}")
    return 0


def _query(given: str | None) -> str:
    if given is None:
        raise SettingsError("sql: which query? for example 'SELECT count(*) FROM gpu', - reads it")
    return sys.stdin.read() if given == "-" else given
