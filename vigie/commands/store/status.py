"""`vigie store status`."""

import argparse
from typing import Final

from vigie.commands import asking, printing
from vigie.commands.store.progress import amount
from vigie.document import duration_text
from vigie.replies import Cell, DaysLeft, StoreStatus, StoreTable

EXAMPLES: Final = """\
examples:
  vigie store status           every table, the journal, and until when the disk will do
  vigie store status --json    the same for a program
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print."""
    with asking.client(arguments) as client:
        status = client.get(StoreStatus, "store")
    if arguments.json:
        printing.dump(status)
        return 0
    print(printing.table([row(table) for table in status.tables], empty="no table yet"))
    print()
    print(printing.record(summary(status)))
    return 0


def row(table: StoreTable) -> dict[str, Cell]:
    """One table as a line."""
    kept = duration_text(table.kept_seconds)
    return {
        "table": table.name,
        "rows": table.rows,
        "files": table.files,
        "size": amount(table.bytes),
        "B/value": None if table.bytes_per_value is None else round(table.bytes_per_value, 2),
        "oldest": table.oldest,
        "newest": table.newest,
        "kept": f"{kept}, 10 years for the record" if table.recorded else kept,
        "held": table.held_rows,
        "in memory": table.tail_rows,
    }


def summary(status: StoreStatus) -> dict[str, str]:
    """What holds of all tables."""
    last = (f"{duty} {printing.cell(time)}" for duty, time in status.last.items())
    return {
        "store": f"{status.directory}, as of {status.as_of}",
        "tables": amount(sum(table.bytes for table in status.tables)),
        "journal": amount(status.journal_bytes),
        "memory": f"{amount(status.tail_bytes)} not in tables yet",
        "state": amount(status.state_bytes),
        "disk": f"{amount(status.disk_free_bytes)} free of {amount(status.disk_bytes)}; nothing is "
        f"taken below {amount(status.reserve_bytes)}",
        "days left": left(status.days_left),
        "legal holds": str(status.holds),
        "last": " · ".join(last),
    }


def left(told: DaysLeft) -> str:
    """When the disk will be full, in words."""
    if told.state == "unknown":
        return f"unknown: {told.reason}"
    words = "not within ten years" if told.days is None else f"{told.days:.0f}"
    if told.earliest == told.latest:
        return words
    low = "ten years and more" if told.earliest is None else f"{told.earliest:.0f}"
    high = "ten years and more" if told.latest is None else f"{told.latest:.0f}"
    return f"{words} (between {low} and {high}, by the last days)"
