"""`vigie store verify | backup | restore`: long work, begun and waited for."""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vigie.client import Client
from vigie.commands import asking, printing
from vigie.commands.store.progress import Progress, amount
from vigie.errors import Unavailable
from vigie.replies import StoreTask

LOOK_SECONDS: Final = 0.5
PATIENCE: Final = 60
"""Looks at a task that the collector does not answer, before we give up."""

VERIFY: Final = """\
examples:
  vigie store verify                  read every file of the running collector's store
  vigie store verify /srv/vigie       of a data directory that no collector uses
  vigie store verify /mnt/copy        of a backup
  vigie store verify --json           findings for a program; exit 1 where there are any
"""
BACKUP: Final = """\
examples:
  vigie store backup /mnt/copy        a first copy; the collector goes on taking
  vigie store backup /mnt/copy        again: only what is new is copied
  vigie store verify /mnt/copy        is the copy sound?

The directory is one of the collector's machine. On the same disk files are linked: that costs no
room, and saves from mistakes, not from a broken disk. A backup holds digests of every credential:
it is readable for its owner alone, and asking for one needs the role registrar.
"""
RESTORE: Final = """\
examples:
  vigie store restore /mnt/copy /srv/new      make a data directory of a backup
  vigie up --data /srv/new                    and begin with it

The directory must hold no store yet. Every file is checked on its way.
"""


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Declare the options of verify."""
    parser.epilog = VERIFY
    parser.add_argument(
        "directory", nargs="?", type=Path,
        help="data directory without a collector, or backup; default: the running collector",
    )  # fmt: skip
    asking.add(parser)


def add_backup(parser: argparse.ArgumentParser) -> None:
    """Declare the options of backup."""
    parser.epilog = BACKUP
    parser.add_argument(
        "directory", type=Path, help="folder of its own, on the collector's machine"
    )
    asking.add(parser)


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Declare the options of restore."""
    parser.epilog = RESTORE
    parser.add_argument("source", type=Path, metavar="FROM", help="the backup")
    parser.add_argument("directory", type=Path, metavar="DIR", help="data directory to make")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def verify(arguments: argparse.Namespace) -> int:
    """Read everything; 1 where something is not as it was written."""
    if arguments.directory is not None:
        return _apart(arguments, ["verify", str(arguments.directory)])
    with asking.client(arguments, asking.REGISTRAR) as client:
        done = waited(client, client.post(StoreTask, "store/tasks", {"kind": "verify"}))
    return shown(done, json=arguments.json)


def back_up(arguments: argparse.Namespace) -> int:
    """Copy the store; 1 where that failed."""
    order = {"kind": "backup", "directory": str(arguments.directory.absolute())}
    with asking.client(arguments, asking.REGISTRAR) as client:
        done = waited(client, client.post(StoreTask, "store/tasks", order))
    return shown(done, json=arguments.json)


def restore(arguments: argparse.Namespace) -> int:
    """Make a data directory of a backup; 1 where that failed."""
    return _apart(arguments, ["restore", str(arguments.source), str(arguments.directory)])


def _apart(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    """What needs no collector but its libraries: its program does it, and speaks for itself."""
    more = ["--json"] if arguments.json else []
    command = [sys.executable, "-m", "vigie", "collector", *words, *more]
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode


def waited(client: Client, task: StoreTask) -> StoreTask:
    """A task when it is over; how far it is goes to stderr meanwhile."""
    progress, missed = Progress(task.kind), 0
    while task.state == "running":
        progress.tell(task.done_bytes, task.total_bytes)
        time.sleep(LOOK_SECONDS)
        try:
            task = client.get(StoreTask, f"store/tasks/{task.id}")
            missed = 0
        except Unavailable:
            missed += 1
            if missed >= PATIENCE:
                raise
    progress.end()
    return task


def shown(task: StoreTask, *, json: bool) -> int:
    """Print what came of a task; the exit status."""
    if json:
        printing.dump(task)
    else:
        for found in task.findings:
            print(f"{found.place}: {found.problem}")
        copied = f"; {task.copied_files} files, {amount(task.copied_bytes)} copied now"
        print(f"{task.kind} {task.state}: {task.detail}{copied if task.kind == 'backup' else ''}")
    return int(task.state != "done" or bool(task.findings))
