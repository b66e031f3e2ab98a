"""`vigie collector verify | restore`: what is done to a store while no collector uses it."""

import argparse
from pathlib import Path
from typing import Any

from collector.keeping import check, manifest
from collector.keeping.keeper import reply
from collector.keeping.restore import PART, restore
from collector.keeping.tasks import DONE, Outcome, Task
from vigie.commands.store.progress import Progress
from vigie.commands.store.tasks import shown

VERBS = ("verify", "restore")


def add(verbs: Any) -> None:
    """Declare both verbs."""
    verify = verbs.add_parser("verify", help="read every file of a store that no collector uses")
    verify.add_argument("directory", type=Path, help="data directory, or a backup")
    again = verbs.add_parser("restore", help="make a data directory of a backup")
    again.add_argument("source", type=Path, metavar="FROM", help="the backup")
    again.add_argument("directory", type=Path, metavar="DIR", help="data directory to make")
    for verb in (verify, again):
        verb.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do one: 0 fine, 1 with a finding."""
    progress = Progress(arguments.verb)
    if arguments.verb == "verify":
        outcome = _verified(arguments.directory, progress)
    else:
        made = restore(arguments.source, arguments.directory, progress.tell)
        detail = f"{arguments.directory}: everything acknowledged before {made.begun}"
        outcome = Outcome(detail, files=len(made.files))
    progress.end()
    return shown(reply(Task("", arguments.verb, DONE, 0, 0, outcome=outcome)), json=arguments.json)


def _verified(directory: Path, progress: Progress) -> Outcome:
    if (directory / manifest.NAME).is_file():
        return check.of_backup(directory, progress.tell)
    own = directory / PART
    return check.at_rest(own if own.is_dir() else directory, progress.tell)
