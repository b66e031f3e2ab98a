"""One tick of the whole campus, 500,000 GPUs in full: every field of every GPU, on one core.

Beside it the same ticks of the reference network as it is played by default, and a day of its past.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from twin.turn import Player, Turn
from twin.world import players
from vigie.catalogue import Gpu
from vigie.network.load import reference

START: Final = 1_795_000_000
SECOND: Final = 1_000_000_000
TICK: Final = 60
"""Seconds: at each of these all is told but disks and the grid."""
LIMITS: Final = {"tick s": 5.0, "rss MB": 2_048.0}


def cells(turn: Turn) -> int:
    """Cells that a turn tells, keys left out."""
    return sum(
        len(column)
        for columns in turn.rows.values()
        for column in columns.values()
        if isinstance(column, np.ndarray)
    )


def ticks(played: Sequence[Player], count: int) -> tuple[list[float], int, int]:
    """Seconds of processor time of each tick; GPUs and cells of the last."""
    spent, gpus, told = [], 0, 0
    for number in range(count):
        now, gpus, told = (START + number * TICK) * SECOND, 0, 0
        began = time.process_time()
        for player in played:
            turn = player.step(now, TICK)
            gpus += len(turn.rows[Gpu][Gpu.gpu]) if Gpu in turn.rows else 0
            told += cells(turn)
        spent.append(time.process_time() - began)
    return spent, gpus, told


def report(what: str, make: Callable[[], Sequence[Player]], count: int) -> bool:
    """Print how long ticks take, and whether the limits are kept."""
    began = time.process_time()
    played = make()
    built = time.process_time() - began
    spent, gpus, told = ticks(played, count)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    median, worst = statistics.median(spent[1:]), max(spent[1:])
    print(
        f"{what}: {len(played)} containers, {gpus:,} GPUs, {told:,} cells in the last tick; built "
        f"in {built:.1f} s, first tick {spent[0]:.2f} s, then median {median:.2f} s, worst "
        f"{worst:.2f} s (limit {LIMITS['tick s']:.0f} s); peak memory {rss:.0f} MB (limit "
        f"{LIMITS['rss MB']:.0f} MB)"
    )
    return worst <= LIMITS["tick s"] and rss <= LIMITS["rss MB"]


def past(days: float) -> None:
    """Print how long it takes to play the past of the whole network, in steps of a minute."""
    played = players(reference())
    began, steps = time.process_time(), int(days * 288)
    for player in played:
        for number in range(steps):
            player.step((START + number * 300) * SECOND, 300, history=True)
    spent = time.process_time() - began
    print(f"{days:g} days of the past of {len(played)} containers: {spent:.1f} s")


def main() -> int:
    """All three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=12)
    parser.add_argument("--scope", default="campus")
    parser.add_argument("--days", type=float, default=1.0)
    arguments = parser.parse_args()
    network = reference()
    fine = report("the reference network at its scale", lambda: players(network), arguments.ticks)
    past(arguments.days)
    scopes = (arguments.scope,)
    whole = lambda: players(network, scopes=scopes, full=True)  # noqa: E731
    return 0 if report(f"{scopes[0]} in full", whole, arguments.ticks) and fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
