"""The cost of watching a site, from one container to 500,000 GPUs, as a drawing.

    python -m bench.peers.plot bench/results/peers.json docs/images/performance.svg

Above, processor seconds per million values as measured at each size; below, the cores that a
reading every ten seconds takes: that cost times the values, and what the system uses at rest.
"""

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.peers.record import Record
from bench.peers.report import TITLES
from bench.peers.telemetry import FIELDS, GPUS, STEP

COLOURS: Final[Mapping[str, str]] = {
    "vigie": "#0b6e4f", "relay": "#63b18f", "victoria": "#7a3ea1", "prometheus": "#d1495b",
    "influx": "#2e6fbb",
}  # fmt: skip
WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 300, 80, 50, 70
Point = tuple[float, float]


def points(record: Record) -> Mapping[str, tuple[list[Point], list[Point]]]:
    """By system: (GPUs, CPU-s per million values) and (GPUs, cores at a reading every 10 s).

    Of several measurements of one size the cheapest counts, for every system.
    """
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for r in record.results:
        if r.steady is None or r.fault:
            continue
        gpus = r.containers * GPUS
        cost = r.steady_per_million
        cores = cost * gpus * len(FIELDS) / STEP / 1e6 + r.idle_cores
        known = found.setdefault(r.system, {})
        if gpus not in known or cost < known[gpus][0]:
            known[gpus] = (cost, cores)
    return {
        system: (
            [(gpus, cost) for gpus, (cost, _) in sorted(sizes.items())],
            [(gpus, cores) for gpus, (_, cores) in sorted(sizes.items())],
        )
        for system, sizes in found.items()
    }


def svg(record: Record) -> str:
    """The drawing."""
    lines = points(record)
    height = TOP + 2 * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + LEFT + 40} {height}"',
        ' font-family="sans-serif" font-size="13" role="img">',
        f"<title>Cost per value and cores by number of GPUs, {record.date}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, title in enumerate(
        ("CPU-seconds per million values, merges and rollups included",
         "Cores at one reading of 18 fields every 10 s")
    ):  # fmt: skip
        top = TOP + number * (HEIGHT + GAP)
        parts += _panel(top, title, {name: both[number] for name, both in lines.items()})
    for number, name in enumerate(lines):
        at = LEFT + number * 160
        parts.append(f'<rect x="{at}" y="8" width="14" height="14" fill="{COLOURS[name]}"/>')
        parts.append(f'<text x="{at + 20}" y="20">{TITLES[name]}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that hold all values; one decade at least."""
    known = [v for v in values if v > 0] or [1.0]
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    return low, max(high, low + 1)


def _panel(top: int, title: str, lines: Mapping[str, Sequence[Point]]) -> Iterator[str]:
    x0, x1 = 2, 6
    low, high = decades([y for line in lines.values() for _, y in line])

    def place(point: Point) -> tuple[float, float]:
        x = (math.log10(point[0]) - x0) / (x1 - x0)
        y = (math.log10(max(point[1], 10.0**low)) - low) / (high - low)
        return LEFT + x * WIDTH, top + HEIGHT - y * HEIGHT

    yield f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{title}</text>'
    for power in range(x0, x1 + 1):
        x, _ = place((10**power, 1))
        yield f'<path d="M{x:.1f} {top}V{top + HEIGHT}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{top + HEIGHT + 18}" text-anchor="middle">{10**power:,}</text>'
    for power in range(low, high + 1):
        _, y = place((1000, 10.0**power))
        yield f'<path d="M{LEFT} {y:.1f}H{LEFT + WIDTH}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    yield f'<text x="{LEFT + WIDTH}" y="{top + HEIGHT + 34}" text-anchor="end">GPUs</text>'
    for name, line in lines.items():
        placed = [place(point) for point in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        yield f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>'
        for (x, y), (gpus, value) in zip(placed, line, strict=True):
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[name]}">'
                f"<title>{TITLES[name]}, {gpus:,.0f} GPUs: {value:.3g}</title></circle>"
            )


def main() -> int:
    """Draw what a file says."""
    parser = argparse.ArgumentParser(prog="bench.peers.plot", description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("drawing", type=Path)
    options = parser.parse_args()
    options.drawing.parent.mkdir(parents=True, exist_ok=True)
    options.drawing.write_text(svg(Record.read(options.record)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
