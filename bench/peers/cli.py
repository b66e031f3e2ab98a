"""`make bench ARGS="peers"`: the same telemetry through Vigie and its peers, in one run."""

import argparse
import sys
from pathlib import Path

from bench.peers import page, report
from bench.peers.run import ALWAYS, SYSTEMS, full, quick, run


def parser() -> argparse.ArgumentParser:
    """What can be asked."""
    made = argparse.ArgumentParser(prog="bench peers", description=__doc__)
    made.add_argument("--quick", action="store_true", help="a trial of everything: two minutes")
    made.add_argument("--containers", type=int, default=20, help="of 104 GPUs, with --quick")
    made.add_argument("--only", nargs="+", choices=list(SYSTEMS), help="these systems")
    made.add_argument("--out", type=Path, help="write all figures as JSON")
    made.add_argument(
        "--page", action="store_true",
        help=f"with --out, make {page.PAGE} and {page.DRAWING} anew from them",
    )  # fmt: skip
    return made


def main() -> int:
    """Measure and print; 1 when something could not be measured or was wrong."""
    options = parser().parse_args()
    wanted = options.only or ALWAYS
    missing = {SYSTEMS[n].title: why for n in wanted if (why := SYSTEMS[n].missing())}
    systems = [n for n in wanted if SYSTEMS[n].title not in missing]
    for title, why in missing.items():
        print(f"left out: {title}: {why}", file=sys.stderr)
    cells = quick(options.containers, systems) if options.quick else full(systems)
    record = run(cells, missing, {"arguments": " ".join(sys.argv[1:])})
    print(report.text(record))
    if options.out:
        record.write(options.out)
        if options.page:
            page.write(record)
    faults = [r.fault for r in record.results] + [d.fault for d in record.durability]
    return 1 if any(faults) else 0
