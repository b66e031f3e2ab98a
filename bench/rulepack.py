"""The whole pack of rules over a campus: 500,000 GPUs and their hosts, on one core.

    python -m bench rulepack [--looks 10] [--mass]

The twin plays the fifty halls of the reference network's campus whole, some of it ill, and what it
tells goes as frames into the memory of a store. Then all shipped rules look at everything, as often
as readings of all GPUs come. The process has one core, for Arrow too; seconds are of the processor,
so that others on the machine do not count.

With `--mass` every GPU is over a threshold from then on, of rules that fire at once and of one that
waits: how long each look takes, when the first message is there, what is held in memory.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from tests.build.alarm import declared
from tests.build.watched import Watched
from vigie.catalogue import Gpu
from vigie.network.load import reference

CAMPUS = "campus"
STEP_SECONDS = 20.0
"""As often as the twin tells of GPUs."""
ILL = """
title = "Some of everything, everywhere"
[[faults]]
what = "gpu_hot"
value = 35
count = 10
[[faults]]
what = "gpu_ecc"
value = 0.5
count = 10
[[faults]]
what = "gpu_nvlink"
value = 2
count = 10
[[faults]]
what = "gpu_lost"
count = 5
[[faults]]
what = "host_down"
count = 2
"""
MASS_LOOKS = 6
MASS = "".join(
    f"""
[[rule]]
name = "mass_{name}"
measurement = "gpu"
priority = {priority}
when = "temperature_celsius > 0C"
value = "temperature_celsius"
for = "{hold}"
title.fr = "{{gpu}} est chaude"
title.en = "{{gpu}} is hot"
advice.fr = "Regardez."
advice.en = "Look."
why = "A bench."
do = "Nothing."
"""
    for name, priority, hold in (("now", 1, "0s"), ("too", 2, "0s"), ("soon", 2, "1min"))
)


def mass(story: Watched) -> None:
    """Every GPU at once; printed look by look."""
    story.rule_file.write_text(MASS, encoding="utf-8")
    for number in range(MASS_LOOKS):
        story.tells()
        story.played.live.table(Gpu.name)
        began, put = time.process_time(), story.register.put
        story.looks()
        took = time.process_time() - began
        shared = [a for a in story.register.now() if a.rule.startswith("mass_")]
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"mass look {number}: {took:.2f} s, {len(shared)} alerts of "
            f"{sum(a.count for a in shared):,} GPUs, {story.register.put - put} messages, "
            f"at most {megabytes:,.0f} MB", flush=True,
        )  # fmt: skip
        story.now += STEP_SECONDS


def run(folder: Path, looks: int, *, massive: bool) -> tuple[dict[str, int], list[float]]:
    """Rows by measurement, and the seconds that each look took, the first with all rows new."""
    file = folder / "ill.toml"
    file.write_text(ILL, encoding="utf-8")
    story = Watched(
        folder, reference(), scenario=str(file), scopes=[CAMPUS], full=True, lead=STEP_SECONDS,
        step=STEP_SECONDS, receivers=[declared("desk", file, simulated_allowed=True)],
    )  # fmt: skip
    story.resting.clear()  # it is announced, and not in service yet: here it is
    took = []
    for number in range(looks):
        story.tells()
        for name in ("gpu", "source", "host", "filesystem"):
            story.played.live.table(name)  # made for whoever asks first: no part of a look
        began = time.process_time()
        story.looks()
        took.append(time.process_time() - began)
        print(f"look {number}: {took[-1]:.2f} s, {len(story.opened)} alerts so far", flush=True)
        story.now += STEP_SECONDS
    if massive:
        mass(story)
    rows = {name: table.num_rows for name, table in story.played.live.tables()}
    return rows, took


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="bench rulepack", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--looks", type=int, default=10)
    parser.add_argument("--mass", action="store_true")
    given = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as folder:
        rows, took = run(Path(folder), given.looks, massive=given.mass)
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(rows.items()))
    print(f"rows: {told}")
    print(
        f"all rules over {rows[Gpu.name]:,} GPUs, one core: p50 {statistics.median(took):.2f} s, "
        f"max {max(took):.2f} s of {len(took)} looks"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
