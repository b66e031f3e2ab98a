"""`vigie twin run | once | scenarios`."""

import argparse
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from twin import faults, world
from twin.service import Twin
from twin.turn import Column, Player, Turn
from vigie import logs, settings
from vigie.fragments import KEY_BYTES
from vigie.network.load import load, reference
from vigie.network.network import Network
from vigie.settings import TwinSettings
from vigie.shape import Field, Kind, Value

EXAMPLES: Final = """\
examples:
  vigie twin run                                     the reference network, beside its collector
  vigie twin run --scenario demo --history 2d        with faults, and a past
  vigie twin run --network my.toml --scopes north    what is simulated there
  vigie twin once --scopes munich                    one turn, printed
  vigie twin scenarios                               what can go wrong
"""
ROWS: Final = 4
"""Of each measurement, as people are shown them."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs of the twin."""
    parser.epilog = EXAMPLES
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    run_ = verbs.add_parser("run", help="play the agents of simulated places, until told to end")
    once = verbs.add_parser("once", help="play one turn and print it; nothing is sent")
    listed = verbs.add_parser("scenarios", help="list the packaged faults, and what they do")
    for verb in (once, listed):
        verb.add_argument("--json", action="store_true", help="for machines")
    for verb in (run_, once):
        settings.add_flags(verb, TwinSettings)


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks for: 0 fine, 1 an error, 2 usage or settings."""
    if arguments.verb == "scenarios":
        return _scenarios(as_json=arguments.json)
    if arguments.print_config:
        print(settings.describe(TwinSettings, arguments, os.environ))
        return 0
    told = settings.from_arguments(TwinSettings, arguments, os.environ)
    return _run(told) if arguments.verb == "run" else _once(told, as_json=arguments.json)


def _run(told: TwinSettings) -> int:
    logs.to_stderr()
    network = _network(told)
    twin = Twin(told, network, _cast(told, network))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: twin.stop())
    twin.run()
    return 0


def _once(told: TwinSettings, *, as_json: bool) -> int:
    network, now = _network(told), time.time_ns()
    turns = [(p, p.step(now, told.period)) for p in _cast(told, network)(bytes(KEY_BYTES))]
    if as_json:
        print(json.dumps([_plain(player, turn) for player, turn in turns]))
        return 0
    for player, turn in turns:
        print(f"{player.path}{'' if player.connected else '  (its line is down)'}")
        for line in _lines(turn):
            print(f"  {line}")
    return 0


def _scenarios(*, as_json: bool) -> int:
    told = [(name, faults.scenario(name)) for name in faults.packaged()]
    if as_json:
        print(json.dumps([
            {"name": name, "title": s.title, "faults": sorted({f.what for f in s.faults})}
            for name, s in told
        ]))  # fmt: skip
        return 0
    width = max((len(name) for name, _ in told), default=0)
    for name, scenario in told:
        print(f"{name:<{width}}  {scenario.title}")
        if scenario.faults:
            print(f"{'':<{width}}  {', '.join(sorted({f.what for f in scenario.faults}))}")
    print("play one with: vigie twin run --scenario NAME, or a file of your own, NAME.toml")
    return 0


def _network(told: TwinSettings) -> Network:
    return load(told.network) if told.network else reference()


def _cast(told: TwinSettings, network: Network) -> Callable[[bytes], Sequence[Player]]:
    """Makes the players, once the key that hides the names of objects is known."""
    faults.scenario(told.scenario)  # what is wrong with it is said before anything starts
    return lambda key: world.players(
        network, scopes=told.scopes, seed=told.seed, scenario=told.scenario, full=told.full,
        key=key,
    )  # fmt: skip


def _plain(player: Player, turn: Turn) -> Mapping[str, object]:
    return {
        "container": player.path,
        "connected": player.connected,
        "time_ns": turn.time,
        "rows": {
            measurement.name: {f.name: _cells(cells) for f, cells in columns.items()}
            for measurement, columns in turn.rows.items()
        },
        "events": [{"code": h.code, "keys": dict(h.keys)} for h in turn.happenings],
        "devices": len(turn.devices or ()),
    }


def _lines(turn: Turn) -> Iterator[str]:
    """A turn as people read it: some rows of each measurement, unknown shown as such."""
    for measurement, columns in turn.rows.items():
        told = {f: _cells(cells, ROWS) for f, cells in columns.items()}
        count = len(next(iter(columns.values()), ()))
        yield f"{measurement.name}: {count} rows"
        for row in range(min(ROWS, count)):
            keys = ",".join(_shown(f, c[row]) for f, c in told.items() if f.kind is Kind.KEY)
            values = (_shown(f, c[row]) for f, c in told.items() if f.kind is not Kind.KEY)
            yield f"  {{{keys}}} {' '.join(values)}"
        if count > ROWS:
            yield f"  and {count - ROWS:,} more"
    for happening in turn.happenings:
        yield f"event {happening.code} {dict(happening.keys)} {happening.detail}".rstrip()


def _shown(declared: Field, cell: Value) -> str:
    if cell is None:
        return f"{declared.name}=unknown"
    return f"{declared.name}={cell:.6g}" if isinstance(cell, float) else f"{declared.name}={cell}"


def _cells(cells: Column, most: int | None = None) -> list[Any]:
    """The cells as Python has them, as many as are wanted; unknown is None."""
    some = cells[:most]
    listed = some.tolist() if isinstance(some, np.ndarray) else list(some)
    return [None if cell != cell else cell for cell in listed]  # noqa: PLR0124  NaN is not itself
