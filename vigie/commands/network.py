"""The network: check files before they are used, show what is watched, declared, and changed."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Final
from urllib.parse import quote

from vigie.commands import asking, checked, printing
from vigie.errors import SettingsError
from vigie.network.load import load
from vigie.replies import (
    Cell,
    Checklist,
    Container,
    ContainerHistory,
    Containers,
    NetworkVersions,
    Site,
    Trait,
)

EXAMPLES: Final = """\
examples:
  vigie network check network.toml      every fault with its line; exit 1 when there is one
  vigie network check network/          the same of a folder of such files
  vigie network show                    the containers that the collector watches
  vigie network show cannes             all that is declared of a site, and what is assumed
  vigie network show cannes/c1          the same of one container
  vigie network checklist cannes/c1     is it ready for service? exit 1 when it is not
  vigie network history cannes/c1       what was declared of it, and since when
  vigie network versions                every version that was in force, and what it changed
"""
HASH: Final = 12
"""So much of a version's hash tells it from others."""
MARKS: Final[Mapping[str, str]] = {"done": "done", "not_done": "NOT DONE", "unknown": "unknown"}


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=tuple(ACTS))
    parser.add_argument(
        "what", nargs="?",
        help="check: a file or folder; show: a site or container; checklist, history: a container",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=int, metavar="N", help="versions, history: of so many versions [100]"
    )
    asking.add(parser, language=True)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked: 0 fine, 1 a fault or a container that is not ready."""
    return ACTS[arguments.act](arguments)


def _wanted(arguments: argparse.Namespace, what: str) -> str:
    if not arguments.what:
        raise SettingsError(f"{arguments.act}: which {what}? see vigie network --help")
    return str(arguments.what)


def _check(arguments: argparse.Namespace) -> int:
    try:
        network = load(Path(_wanted(arguments, "file")))
    except SettingsError as error:
        if arguments.what is None:
            raise
        if arguments.json:
            printing.dump({"faults": str(error).splitlines()})
        else:
            print(error, file=sys.stderr)
        return 1
    if arguments.json:
        printing.dump({"faults": [], **checked.summary(network)})
    else:
        print(checked.report(network))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    if arguments.what:
        return _show_site(arguments, str(arguments.what).strip("/"))
    with asking.client(arguments) as client:
        answer = client.get(Containers, "containers")
    if arguments.json:
        printing.dump(answer)
        return 0
    print(printing.table([_row(c) for c in answer.containers], empty="no container in your scope"))
    since = f" since {answer.network_since}" if answer.network_since else ""
    version = f"version {answer.network_version[:HASH]}{since}"
    print(f"\n{answer.network} · {version} · as of {answer.as_of}")
    if answer.network_fault:
        print(f"\nNOT IN FORCE, its files are wrong:\n{answer.network_fault}")
    return 0


def _row(container: Container) -> dict[str, Cell]:
    return {
        "path": container.path,
        "name": container.name,
        "operator": container.operator,
        "status": container.status,
        "since": _since(container.status_since, assumed=container.since_assumed),
        "lifecycle": container.lifecycle,
        "simulated": container.simulated,
        "scale": container.scale,
        "state": container.state,
        "alerts": container.alerts,
        "last seen": container.last_seen,
        "source": container.status_source,
    }


def _show_site(arguments: argparse.Namespace, path: str) -> int:
    site, _, container = path.partition("/")
    with asking.client(arguments) as client:
        answer = client.get(Site, f"sites/{quote(site)}")
    traits = answer.traits
    if container:
        mine = (f"container {path}", f"meter {path}/")
        traits = [t for t in traits if t.of == mine[0] or t.of.startswith(mine[1])]
        if not traits:
            raise SettingsError(f"show: site {site} has no container {container!r}")
    if arguments.json:
        printing.dump(replace(answer, traits=traits))
        return 0
    print(f"{answer.name} ({site}){' · SIMULATED' if answer.simulated else ''}")
    for of, group in groupby(traits, key=lambda trait: trait.of):
        print(f"\n{_group(of, list(group))}")
    for note in dict.fromkeys(f"{t.of}: {t.note}" for t in traits if t.note):
        print(f"\n{note}")
    print(f"\nversion {answer.network_version[:HASH]} · as of {answer.as_of}")
    return 0


def _group(of: str, traits: Sequence[Trait]) -> str:
    """One thing: its standing in the title, and beside the traits that have another one."""
    standings = Counter(_standing(trait) for trait in traits)
    usual, _ = standings.most_common(1)[0]
    rows: list[dict[str, Cell]] = [
        {
            "trait": trait.name,
            "value": trait.value,
            "assumed": "ASSUMED" if trait.assumed else "",
            **({} if len(standings) == 1 else {"standing": _other(_standing(trait), usual)}),
        }
        for trait in traits
    ]
    return f"{of} · {usual}\n{printing.table(rows)}"


def _standing(trait: Trait) -> str:
    """How real it is, since when, and who says so."""
    since = f" since {_since(trait.since, assumed=trait.since_assumed)}" if trait.since else ""
    return f"{trait.status}{since}" + (f", {trait.source}" if trait.source else "")


def _other(standing: str, usual: str) -> str:
    return "" if standing == usual else standing


def _since(day: str | None, *, assumed: bool) -> str | None:
    return f"{day} (assumed)" if day and assumed else day


def _versions(arguments: argparse.Namespace) -> int:
    with asking.client(arguments) as client:
        answer = client.get(NetworkVersions, "networks", limit=arguments.limit)
    if arguments.json:
        printing.dump(answer)
        return 0
    rows: list[dict[str, Cell]] = [
        {
            "in force from": version.valid_from,
            "version": version.version[:HASH],
            "name": version.name,
            "sites": version.sites,
            "containers": version.containers,
            "changed": _some(version.changed),
        }
        for version in answer.versions
    ]
    print(printing.table(rows))
    if answer.earlier:
        print(f"\n{answer.earlier} earlier: --limit {answer.earlier + len(answer.versions)}")
    return 0


def _some(paths: Iterable[str], most: int = 4) -> str:
    found = list(paths)
    more = f" + {len(found) - most}" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def _checklist(arguments: argparse.Namespace) -> int:
    path = quote(_wanted(arguments, "container"))
    with asking.client(arguments) as client:
        answer = client.get(
            Checklist, f"containers/{path}/checklist", language=arguments.language
        )  # fmt: skip
    if arguments.json:
        printing.dump(answer)
    else:
        rows: list[dict[str, Cell]] = [
            {"item": item.title, "state": MARKS[item.state], "why": item.why}
            for item in answer.items
        ]
        print(printing.table(rows))
        ready = "ready for service" if answer.ready else "NOT READY for service"
        stamp = " · SIMULATED" if answer.simulated else ""
        print(f"\n{answer.container} · {answer.lifecycle} · {ready}{stamp} · as of {answer.as_of}")
    return 0 if answer.ready else 1


def _history(arguments: argparse.Namespace) -> int:
    path = quote(_wanted(arguments, "container"))
    with asking.client(arguments) as client:
        answer = client.get(ContainerHistory, f"containers/{path}/history", limit=arguments.limit)
    if arguments.json:
        printing.dump(answer)
        return 0
    rows: list[dict[str, Cell]] = [
        {
            "time": change.time,
            "version": change.version[:HASH],
            "field": change.field,
            "before": change.before,
            "after": change.after,
        }
        for change in answer.changes
    ]
    print(printing.table(rows, empty="nothing in these versions"))
    return 0


ACTS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "check": _check,
    "show": _show,
    "versions": _versions,
    "checklist": _checklist,
    "history": _history,
}
