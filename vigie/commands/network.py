"""The network: check a file before it is used, and show what is watched now."""

import argparse
import sys
from pathlib import Path
from typing import Final

from vigie.commands import asking, printing
from vigie.errors import SettingsError
from vigie.network.load import load
from vigie.replies import Cell, Container, Containers

EXAMPLES: Final = """\
examples:
  vigie network check network.toml      every fault with its line; exit 1 when there is one
  vigie network show                    the containers that the collector watches
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=("check", "show"))
    parser.add_argument("file", nargs="?", type=Path, help="network file, for check")
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check or show."""
    if arguments.act == "show":
        return _show(arguments)
    if arguments.file is None:
        raise SettingsError("check: which file?")
    return _check(arguments.file, as_json=arguments.json)


def _check(file: Path, *, as_json: bool) -> int:
    try:
        network = load(file)
    except SettingsError as error:
        if as_json:
            printing.dump({"faults": str(error).splitlines()})
        else:
            print(error, file=sys.stderr)
        return 1
    summary = {
        "network": network.name,
        "version": network.version,
        "operators": str(len(network.operators)),
        "sites": str(len(network.sites)),
        "containers": str(len(network.containers)),
    }
    if as_json:
        printing.dump({"faults": [], **summary})
    else:
        print(printing.record(summary))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with asking.client(arguments) as client:
        answer = client.get(Containers, "containers")
    if arguments.json:
        printing.dump(answer)
        return 0
    rows = [_row(container) for container in answer.containers]
    print(printing.table(rows, empty="no container in your scope"))
    print(f"\n{answer.network} · version {answer.network_version[:12]} · as of {answer.as_of}")
    return 0


def _row(container: Container) -> dict[str, Cell]:
    return {
        "path": container.path,
        "name": container.name,
        "operator": container.operator,
        "zone": container.zone,
        "status": container.status,
        "simulated": container.simulated,
        "state": container.state,
        "alerts": container.alerts,
        "last seen": container.last_seen,
    }
