"""`vigie store <act>`: the acts, and who does each."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from vigie.commands.store import export, holds, status, tasks


@dataclass(frozen=True, slots=True)
class Act:
    """One word, what declares its options, and what does it."""

    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


ACTS: Final[Mapping[str, Act]] = {
    "status": Act("how full it is, by table, and until when the disk will do",
                  status.add, status.run),
    "verify": Act("read every file, and say what is damaged", tasks.add_verify, tasks.verify),
    "backup": Act("copy all of it while the collector runs", tasks.add_backup, tasks.back_up),
    "restore": Act("make a data directory of a backup", tasks.add_restore, tasks.restore),
    "export": Act("tables as Parquet, CSV or Arrow files", export.add, export.run),
    "hold": Act("keep data from expiring until somebody says so", holds.add, holds.run),
}  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the acts."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    for name, act in ACTS.items():
        act.add(acts.add_parser(name, help=act.help, description=f"{act.help}.".capitalize(),
                                formatter_class=argparse.RawDescriptionHelpFormatter))  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    return ACTS[arguments.act].run(arguments)
