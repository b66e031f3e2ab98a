"""`make bench ARGS="peers"`: the same telemetry through Vigie and its peers, in one run."""

import argparse
import sys
from pathlib import Path

from bench.peers import long, page, report
from bench.peers.paced import Pace
from bench.peers.run import ALWAYS, SYSTEMS, full, quick, relayed, run
from bench.peers.telemetry import FIELDS, GPUS, STEP


def parser() -> argparse.ArgumentParser:
    """What can be asked."""
    made = argparse.ArgumentParser(prog="bench peers", description=__doc__)
    made.add_argument("--quick", action="store_true", help="a trial of everything: two minutes")
    made.add_argument("--containers", type=int, default=20, help="of 104 GPUs, with --quick")
    made.add_argument("--only", nargs="+", choices=ALWAYS, help="these systems")
    made.add_argument("--relay", action="store_true", help="and Vigie behind a relay")
    made.add_argument("--out", type=Path, help="write all figures as JSON")
    made.add_argument(
        "--page", action="store_true",
        help=f"with --out, make {page.PAGE} and {page.DRAWING} anew from them",
    )  # fmt: skip
    made.add_argument(
        "--campus", action="store_true",
        help="Vigie alone: a campus every ten seconds, paced evenly, with the questions",
    )  # fmt: skip
    made.add_argument("--minutes", type=float, default=30.0, help="of --campus")
    made.add_argument(
        "--sustained", type=float, metavar="MINUTES", help="Vigie alone, at --rate for so long"
    )
    made.add_argument(
        "--rate", type=float, default=0.0, help="million values/s offered; 0: all it takes"
    )
    made.add_argument("--gpus", type=int, default=500_000, help="of a long run")
    made.add_argument("--each", type=int, help="containers a request of a long run")
    return made


def pace(options: argparse.Namespace) -> Pace:
    """How a long run is sent: by agents on a campus, by relays where it is to be fast."""
    containers = max(1, round(options.gpus / GPUS))
    if options.campus:
        return Pace(containers, options.each or 1, float(STEP), options.minutes * 60, 64)
    values = containers * GPUS * len(FIELDS)
    period = values / (options.rate * 1e6) if options.rate else 0.0
    return Pace(containers, options.each or 10, period, options.sustained * 60, 16)


def main() -> int:
    """Measure and print; 1 when something could not be measured or was wrong."""
    options = parser().parse_args()
    if options.campus or options.sustained:
        found = long.run(pace(options), ask=options.campus, out=options.out)
        return 1 if found.faults else 0
    return _compared(options)


def _compared(options: argparse.Namespace) -> int:
    wanted = options.only or ALWAYS
    missing = {SYSTEMS[n].title: why for n in wanted if (why := SYSTEMS[n].missing())}
    systems = [n for n in wanted if SYSTEMS[n].title not in missing]
    for title, why in missing.items():
        print(f"left out: {title}: {why}", file=sys.stderr)
    cells = quick(options.containers, systems) if options.quick else full(systems)
    if options.relay:
        cells = relayed(cells)
    record = run(cells, missing, {"arguments": " ".join(sys.argv[1:])})
    print(report.text(record))
    if options.out:
        record.write(options.out)
        if options.page:
            page.write(record)
    faults = [r.fault for r in record.results] + [d.fault for d in record.durability]
    return 1 if any(faults) else 0
