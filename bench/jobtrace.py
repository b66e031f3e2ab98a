"""Real jobs through the migrate planner, hour by hour, beside leaving them where they are.

The jobs and nodes are those of alibaba gpu-v2023 (1,213 nodes, 8,152 tasks), read where they lie.
Everything around them is simulated: nodes are gathered into containers by kind of GPU, containers
stand by turns in four countries, a GPU draws what boards of its kind do, and the grid swings over
the day as its yearly mean and a swing tell, with an error that the planner is told as its own. What
that makes of energy and carbon is therefore no measurement, and is only to be held against the same
hours without a move.
"""

import argparse
import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np

from collector.plans.grid import Carbon
from collector.plans.migrate.job import Job
from collector.plans.migrate.plan import migrate
from collector.plans.migrate.room import Room
from vigie.units import JOULES_PER_KWH, SECONDS_PER_DAY, SECONDS_PER_HOUR

DATA: Final = Path(__file__).parents[2] / "shared/data/alibaba-gpu-v2023"
A_CONTAINER: Final = 104
"""GPUs of a container."""
WATTS: Final = {"P100": 250.0, "T4": 70.0, "V100M16": 300.0, "V100M32": 300.0, "A10": 150.0,
                "G2": 150.0, "G3": 300.0}  # fmt: skip
OTHER_WATTS: Final = 250.0
HOST_SHARE: Final = 1.4
"""What a GPU's share of its host draws too."""
ZONES: Final = (("FR", 44.2, 17.6), ("DE", 344.1, 120.0), ("ES", 150.0, 60.0), ("PL", 615.0, 80.0))
"""Country, mean and swing over a day of grams a kilowatt-hour."""
ERROR: Final = 0.10
UNDONE: Final = 900.0
CHECKPOINT_BYTES: Final = 2e10
MOST_A_TURN: Final = 0.05
"""Share of running jobs that a turn may move: the guard's budget."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the trace; seconds since its beginning."""

    name: str
    gpus: int
    model: str
    begins: float
    ends: float


@dataclass(slots=True)
class World:
    """Where jobs run, and what that came to; grams, joules."""

    rooms: dict[str, Room]
    free: dict[str, int]
    at: dict[str, str] = field(default_factory=dict)
    joules: float = 0.0
    grams: float = 0.0
    variance: float = 0.0
    moves: int = 0
    again: float = 0.0
    """Seconds of work done twice."""


def tasks(folder: Path) -> list[Task]:
    """Tasks that had GPUs, in order of their beginning.

    One that takes any kind of GPU is given one by its name, so that it draws the same wherever it
    runs.
    """
    kinds = [row["model"] for row in nodes(folder) for _ in range(int(row["gpu"]))]
    with (folder / "openb_pod_list_default.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["scheduled_time"]]
    found = [
        Task(
            row["name"], max(1, int(row["num_gpu"])),
            row["gpu_spec"].split("|")[0] or kinds[crc32(row["name"].encode()) % len(kinds)],
            float(row["scheduled_time"]), float(row["deletion_time"]),
        )
        for row in rows
        if int(row["num_gpu"]) > 0
    ]  # fmt: skip
    return sorted((t for t in found if t.ends > t.begins), key=lambda t: (t.begins, t.name))


def nodes(folder: Path) -> list[dict[str, str]]:
    """The nodes that have GPUs."""
    with (folder / "openb_node_list_gpu_node.csv").open() as file:
        return list(csv.DictReader(file))


def rooms(folder: Path) -> list[Room]:
    """The nodes gathered into containers of one kind of GPU."""
    counts: dict[str, int] = defaultdict(int)
    for row in nodes(folder):
        counts[row["model"]] += int(row["gpu"])
    found: list[Room] = []
    for model, gpus in sorted(counts.items()):
        for number in range(math.ceil(gpus / A_CONTAINER)):
            size = min(A_CONTAINER, gpus - number * A_CONTAINER)
            country, mean, _ = ZONES[len(found) % len(ZONES)]
            path = f"{country.lower()}{len(found):03d}/c1"
            carbon = Carbon(country, mean / JOULES_PER_KWH)
            pue = 1.1 + 0.05 * (len(found) % 5)
            found.append(Room(path, path.partition("/")[0], country, model, size, size,
                              1e9, pue, carbon, simulated=True))  # fmt: skip
    return found


def grid(chance: np.random.Generator, zone: str, now: float) -> tuple[float, Carbon]:
    """What a joule is worth, and what the planner is told of it."""
    _, mean, swing = next(one for one in ZONES if one[0] == zone)
    day = math.sin(2 * math.pi * now / SECONDS_PER_DAY)
    truth = max(1.0, mean + swing / 2 * day)
    told = max(0.1, truth * (1 + ERROR * float(chance.standard_normal())))
    return truth, Carbon(zone, told / JOULES_PER_KWH, ERROR * truth / JOULES_PER_KWH, now)


def draws(task: Task, model: str) -> float:
    """Watts of a task on boards of a kind."""
    return task.gpus * WATTS.get(model, OTHER_WATTS) * HOST_SHARE


def place(world: World, task: Task) -> None:
    """Put a task where there is room, the fullest container first; it waits for ever else."""
    fits = [
        room for room in world.rooms.values()
        if world.free[room.path] >= task.gpus and task.model == room.model
    ]  # fmt: skip
    if fits:
        best = min(fits, key=lambda room: (world.free[room.path], room.path))
        world.at[task.name] = best.path
        world.free[best.path] -= task.gpus


def turn(world: World, running: Sequence[Task], now: float) -> None:
    """Plan, and do the first moves of the plan."""
    jobs = []
    for task in running:
        path = world.at.get(task.name)
        if path is not None:
            model = world.rooms[path].model
            jobs.append(
                Job(task.name, "trace", path, task.gpus, model, draws(task, model), (),
                    checkpoints=True, undone=UNDONE, checkpoint_bytes=CHECKPOINT_BYTES,
                    left_seconds=task.ends - now, simulated=True)
            )  # fmt: skip
    listed = [replace(r, free=world.free[p], told=now) for p, r in world.rooms.items()]
    most = max(1, round(MOST_A_TURN * len(jobs)))
    for move in migrate(listed, jobs, now).moves[:most]:
        world.at[move.job] = move.target
        world.free[move.source] += move.gpus
        world.free[move.target] -= move.gpus
        world.moves += 1
        world.again += move.gain.lost_seconds
        job = next(j for j in jobs if j.id == move.job)
        used = move.gain.lost_seconds * (job.watts or 0.0)
        world.joules += used
        world.grams += used * (world.rooms[move.source].carbon.grams_per_joule or 0.0)


Turn = tuple[float, list[Task], list[Task], list[Task]]


def turns_of(all_tasks: Sequence[Task], step: float, days: float) -> Iterator[Turn]:
    """Each turn, with the tasks that begin, run and have ended."""
    begin = all_tasks[0].begins
    last = min(max(t.ends for t in all_tasks), begin + days * SECONDS_PER_DAY)
    waiting, running = list(reversed(all_tasks)), list[Task]()
    now = begin
    while now < last:
        ended = [t for t in running if t.ends <= now]
        running = [t for t in running if t.ends > now]
        fresh = []
        while waiting and waiting[-1].begins <= now:
            fresh.append(waiting.pop())
        running += fresh
        yield now, fresh, running, ended
        now += step


def run(folder: Path, step: float, days: float) -> dict[str, str]:
    """All of it; figures by name."""
    chance = np.random.default_rng(20261122)
    known = rooms(folder)
    left, moved = (
        World({r.path: r for r in known}, {r.path: r.free for r in known}) for _ in range(2)
    )
    turns = 0
    for now, fresh, running, ended in turns_of(tasks(folder), step, days):
        turns += 1
        told = {zone: grid(chance, zone, now) for zone, _, _ in ZONES}
        for world in (left, moved):
            world.rooms = {p: replace(r, carbon=told[r.country][1]) for p, r in world.rooms.items()}
            for task in ended:
                path = world.at.pop(task.name, None)
                if path is not None:
                    world.free[path] += task.gpus
            for task in fresh:
                place(world, task)
        turn(moved, running, now)
        for world in (left, moved):
            for task in running:
                path = world.at.get(task.name)
                if path is None:
                    continue
                room = world.rooms[path]
                joules = (
                    draws(task, room.model)
                    * (room.pue or 1.0)
                    * max(0.0, min(step, task.ends - now))
                )
                truth = told[room.country][0] / JOULES_PER_KWH
                world.joules += joules
                world.grams += joules * truth
                world.variance += (joules * truth * ERROR) ** 2
    saved, doubt = left.grams - moved.grams, 2 * math.sqrt(left.variance + moved.variance)
    return {
        "containers, tasks, turns": f"{len(known)}, {len(tasks(folder))}, {turns}",
        "energy as it is": f"{left.joules / JOULES_PER_KWH:,.0f} kWh",
        "energy with moves": f"{moved.joules / JOULES_PER_KWH:,.0f} kWh",
        "carbon as it is": f"{left.grams / 1e3:,.0f} kg",
        "carbon with moves": f"{moved.grams / 1e3:,.0f} kg, {saved / left.grams:.1%} less",
        "saved": f"{saved / 1e3:,.0f} +- {doubt / 1e3:,.0f} kg (two standard deviations)",
        "moves, each a restart": f"{moved.moves}, {moved.again / SECONDS_PER_HOUR:,.0f} h twice",
        "all of it": "simulated, but for the jobs and nodes",
    }


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench jobtrace", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--step", type=float, default=6 * SECONDS_PER_HOUR, help="seconds a turn")
    parser.add_argument("--days", type=float, default=30.0)
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"no trace at {options.data}: skipped (alibaba/clusterdata, gpu-v2023)")
        return 0
    for name, figure in run(options.data, options.step, options.days).items():
        print(f"{name:28} {figure}")
    return 0
