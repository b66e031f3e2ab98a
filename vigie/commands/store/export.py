"""`vigie store export`: tables as files, with a page that says what they are."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from vigie.client import Client
from vigie.commands import asking, printing
from vigie.commands.store.progress import Progress, amount
from vigie.errors import VigieError
from vigie.replies import ExportAbout, StoreStatus

ABOUT: Final = "export.json"
README: Final = "README.txt"
EXAMPLES: Final = """\
examples:
  vigie store export out                              every table, all of it, as Parquet
  vigie store export out power power_1h --from 30d    two tables, the last thirty days
  vigie store export out gpu --scope sables --format csv --from 2026-03-01T00:00Z
  duckdb -c "select * from 'out/power_1h.parquet'"    and read it with what you like

Beside the files: README.txt, and export.json with the unit of every column and the simulated share.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("directory", type=Path, metavar="DIR", help="new or empty folder")
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="default: all")
    parser.add_argument(
        "--from", dest="start", metavar="TIME", help="RFC 3339, or how long ago; default: all"
    )
    parser.add_argument("--to", dest="end", metavar="TIME", help="likewise")
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")
    parser.add_argument("--format", choices=("parquet", "csv", "arrow"), default="parquet",
                        help="[%(default)s]")  # fmt: skip
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Fetch each table, then write what they are."""
    target: Path = arguments.directory
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise VigieError(f"{target} is not an empty folder; name another")
    now = datetime.now(UTC)
    asked = {
        "from": asking.moment(arguments.start, now) if arguments.start else None,
        "to": asking.moment(arguments.end, now) if arguments.end else None,
        "scope": arguments.scope,
    }
    with asking.client(arguments) as client:
        tables = arguments.tables or [t.name for t in client.get(StoreStatus, "store").tables]
        abouts = [client.get(ExportAbout, f"store/export/{t}/about", **asked) for t in tables]
        target.mkdir(parents=True, exist_ok=True)
        sizes = [_fetch(client, about, target, arguments.format, asked) for about in abouts]
    plain = [dataclasses.asdict(about) for about in abouts]
    (target / ABOUT).write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (target / README).write_text(readme(abouts, arguments.format), "utf-8")
    if arguments.json:
        printing.dump(plain)
        return 0
    print(printing.table([
        {"table": a.table, "rows": a.rows, "size": amount(size),
         "simulated": f"{a.simulated_share:.0%}"}
        for a, size in zip(abouts, sizes, strict=True)
    ], empty="no table yet"))  # fmt: skip
    print(f"\nin {target}, with {README} and {ABOUT}")
    return 0


def _fetch(
    client: Client, about: ExportAbout, target: Path, kind: str, asked: dict[str, Any]
) -> int:
    path = target / f"{about.table}.{kind}"
    fresh = path.with_name(path.name + ".part")
    progress, size = Progress(about.table), 0
    with fresh.open("wb") as file:
        for piece in client.download(f"store/export/{about.table}", format=kind, **asked):
            file.write(piece)
            size += len(piece)
            progress.received(size)
    progress.end()
    fresh.rename(path)
    return size


def readme(abouts: Sequence[ExportAbout], kind: str) -> str:
    """What the files are, for whoever finds them."""
    lines = [
        "Rows of a Vigie collector's store.", "",
        "An empty cell is unknown, never 0. Times are UTC. `quality` says how a row came to be",
        "known: 0 measured, 1 derived, 2 estimated, 3 declared (in CSV the word). `suspect`: bit n",
        "says that field number n was outside what is plausible. Units, as UCUM",
        "writes them (By: byte, Cel: °C, 1: a number or share), stand below and in export.json.",
    ]  # fmt: skip
    for about in abouts:
        share = (
            f"{about.simulated_share:.1%} SIMULATED" if about.simulated_share else "simulated: 0"
        )
        span = f"{about.from_time or 'the first row'} to {about.to_time or 'the last row'}"
        of = f"  as of {about.as_of}, {span}, scope {about.scope or 'all'}"
        lines += ["", f"{about.table}.{kind}", f"{of}; about {about.rows} rows; {share}"]
        if about.simulated_containers:
            lines.append(f"  simulated: {', '.join(about.simulated_containers)}")
        width = max(len(column.name) for column in about.columns)
        lines += [
            f"  {column.name:<{width}}  {f'[{column.unit}] ' if column.unit else ''}{column.doc}"
            for column in about.columns
        ]
    return "\n".join(lines) + "\n"
