"""Plans at size: a million fragments on 1,000 containers, 10,000 jobs, and what one loss means.

Processor seconds of one core, after the state is loaded. Moved bytes stand beside the least that a
plan could move, where that is known: all that a container holds that goes, all that is missing, all
that lies above the edge where levelling ends.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from collector.plans.grid import Carbon
from collector.plans.limits import Limits
from collector.plans.migrate.job import Job
from collector.plans.migrate.plan import migrate
from collector.plans.migrate.room import Room
from collector.plans.place import Place, Places
from collector.plans.rebalance.level import LEAVE
from collector.plans.rebalance.plan import Rebalance, rebalance
from collector.plans.risk import dark, histogram, margins
from collector.plans.stripes import Stripes
from vigie.fragments import Scheme
from vigie.network.policies import Placement
from vigie.units import JOULES_PER_KWH

COUNTRIES: Final = ("FR", "DE", "IT", "ES")
SCHEME: Final = Scheme(14, 20)
CAPACITY: Final = 2e15
NOW: Final = 1_000_000.0
Found = TypeVar("Found")


def timed(what: Callable[[], Found], times: int = 3) -> tuple[Found, float]:
    """What it gives, and the least processor seconds of some runs."""
    began = time.process_time()
    found = what()
    least = time.process_time() - began
    for _ in range(times - 1):
        began = time.process_time()
        what()
        least = min(least, time.process_time() - began)
    return found, least


def network(containers: int, objects: int, *, skew: float) -> tuple[Places, Stripes]:
    """Containers filled unevenly: half full on the whole; one in ten reached by a foreign law."""
    chance = np.random.default_rng(7)
    weight = chance.random(containers) ** skew + 0.05
    # The largest of weighted exponentials: a draw without repetition, for all objects at once.
    cells = np.empty((objects, SCHEME.n), np.uint16)
    for begin in range(0, objects, 1_000):
        rows = cells[begin : begin + 1_000]
        keys = chance.standard_exponential((len(rows), containers)) / weight
        rows[:] = np.argpartition(keys, SCHEME.n, axis=1)[:, : SCHEME.n] + 1
    size = CAPACITY * containers * 0.5 / cells.size
    held = np.bincount(cells.ravel(), minlength=containers + 1) * size
    places = Places([
        Place(
            f"s{n % 60:02d}/c{n:04d}", f"s{n % 60:02d}", f"o{n % 20}", COUNTRIES[n % 4],
            frozenset({COUNTRIES[n % 4]}) | (frozenset() if n % 10 else {"US"}), CAPACITY,
            told=NOW,
        )
        for n in range(containers)
    ])  # fmt: skip
    places = Places([replace(p, used_bytes=float(held[places.number(p.path)])) for p in places])
    policy = Placement(id="p", store="s", k=SCHEME.k, n=SCHEME.n, within=("EU",), home="EU")
    names = chance.integers(0, 256, (objects, 10), np.uint8)
    return places, Stripes("s", SCHEME, policy, cells, names, size)


def work(containers: int, jobs: int) -> tuple[list[Room], list[Job]]:
    """Containers on four grids, some hot or failing, and jobs on all of them."""
    chance = np.random.default_rng(3)
    grams = dict(zip(COUNTRIES, (44.0, 344.0, 300.0, 150.0), strict=True))
    rooms = []
    for n in range(containers):
        country = COUNTRIES[n % 4]
        carbon = Carbon(country, grams[country] / JOULES_PER_KWH, 2.0 / JOULES_PER_KWH, NOW)
        rooms.append(
            Room(f"s{n % 60:02d}/c{n:04d}", f"s{n % 60:02d}", country, "H100", 104,
                 int(chance.integers(0, 80)), -5e3 if n % 50 == 0 else 5e4, 1.1 + 0.1 * (n % 3),
                 carbon, 8e3, failing=n % 97 == 0, hot=n % 50 == 0, told=NOW)
        )  # fmt: skip
    listed = [
        Job(f"j{n:05d}", "t", rooms[n % containers].path, int(chance.choice([1, 2, 4, 8])), "H100",
            5e3, ("EU",) if n % 3 else ("DE",), checkpoints=n % 5 > 0,
            undone=float(chance.integers(0, 1_800)), checkpoint_bytes=2e11)
        for n in range(jobs)
    ]  # fmt: skip
    return rooms, listed


def told(name: str, seconds: float, found: str) -> None:
    """One line."""
    print(f"{name:34} {seconds:7.3f} s   {found}", flush=True)


def moved(found: Rebalance, least: float) -> str:
    """Moves by kind, and bytes beside the least."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(m.phase for m in found.moves).items())
    share = sum(m.size for m in found.moves) / least - 1 if least else 0.0
    return f"{kinds}; bytes {share:+.2%} of the least"


def above(sizes: Sequence[float]) -> float:
    """Bytes above the edge at which levelling ends."""
    mean = float(np.mean(sizes)) / CAPACITY
    return sum(max(0.0, size - (mean + LEAVE) * CAPACITY) for size in sizes if size)


def fragments(containers: int, objects: int) -> None:
    """Rebalancing, and the risk of the whole network."""
    places, stripes = network(containers, objects, skew=2.0)
    found, seconds = timed(lambda: rebalance(places, [stripes], NOW))
    told(f"{stripes.cells.size:,} fragments, skewed", seconds,
         f"{len(found.moves):,} moves, {len(found.left)} reasons to leave")  # fmt: skip
    limits = Limits(stripes.policy, SCHEME, places, NOW)
    spread, seconds = timed(lambda: histogram(margins(stripes, limits)))
    told("risk of the whole network", seconds, str(spread))
    gone, seconds = timed(lambda: dark([(stripes, limits)], [5]))
    told("a container goes dark", seconds, f"{gone.after}, {gone.lost} lost")

    places, stripes = network(containers, objects, skew=0.0)
    first = next(iter(places))
    leaving = Places([replace(p, leaves=NOW + 60) if p is first else p for p in places])
    held = np.count_nonzero(stripes.cells == 1) * stripes.fragment_bytes
    found, seconds = timed(lambda: rebalance(leaving, [stripes], NOW))
    told("a container leaves", seconds, moved(found, held))

    chance = np.random.default_rng(11)
    cells = stripes.cells.copy()
    cells[chance.random(cells.shape) < 0.01] = 0
    holed = replace(stripes, cells=cells)
    missing = np.count_nonzero(cells == 0) * stripes.fragment_bytes
    found, seconds = timed(lambda: rebalance(places, [holed], NOW))
    told("one fragment in a hundred is lost", seconds, moved(found, missing))

    full = [
        replace(p, used_bytes=0.7 * CAPACITY) if n % 100 == 0 else p for n, p in enumerate(places)
    ]
    uneven = Places(full)
    least = above([p.used_bytes or 0.0 for p in uneven])
    found, seconds = timed(lambda: rebalance(uneven, [stripes], NOW))
    told("one container in a hundred is full", seconds, moved(found, least))


def jobs(containers: int, count: int) -> None:
    """Migration."""
    rooms, listed = work(containers, count)
    found, seconds = timed(lambda: migrate(rooms, listed, NOW))
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(m.motive for m in found.moves).items())
    told(f"{count:,} jobs on {containers:,}", seconds, f"{kinds}; {len(found.stays)} stay")


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench plans", description=__doc__)
    parser.add_argument("--containers", type=int, default=1_000)
    parser.add_argument("--objects", type=int, default=50_000, help="of 20 fragments each")
    parser.add_argument("--jobs", type=int, default=10_000)
    options = parser.parse_args()
    fragments(options.containers, options.objects)
    jobs(options.containers, options.jobs)
    return 0
