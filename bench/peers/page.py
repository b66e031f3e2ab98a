"""The figures of docs/performance.md, between two marks, out of a record; and the drawing.

python -m bench.peers.page bench/results/peers.json
"""

import argparse
from pathlib import Path
from typing import Final

from bench.peers import plot, report
from bench.peers.asking import QUESTIONS
from bench.peers.record import Record

PAGE: Final = Path("docs/performance.md")
DRAWING: Final = Path("docs/images/performance.svg")
BEGIN: Final = "<!-- figures: made by `python -m bench.peers.page`; change nothing here -->"
END: Final = "<!-- end of figures -->"


def figures(record: Record) -> str:
    """Machine, versions and tables."""
    lines = ["| | |", "| --- | --- |", f"| measured | {record.date} |"]
    lines += [f"| {key} | {value} |" for key, value in record.machine.items()]
    lines += [f"| {key} | `{value}` |" for key, value in record.options.items()]
    lines += [f"| {title} | {version} |" for title, version in record.versions.items()]
    lines += [f"| left out: {title} | {why} |" for title, why in record.missing.items()]
    lines += ["", *(f"- ({key}) {words}" for key, words in QUESTIONS.items())]
    for grid in report.grids(record):
        lines += ["", grid.markdown()]
    lines += ["", f"`*`: others used more than {report.NOISY} cores meanwhile.", ""]
    faults = [f"- {report.name(r)}: {r.fault}" for r in record.results if r.fault]
    lines += ["Not measured:", "", *faults, ""] if faults else []
    lines.append(f"![Cost from 104 to 500,000 GPUs](images/{DRAWING.name})")
    return "\n".join(lines)


def with_figures(text: str, made: str) -> str:
    """A page with its figures replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def write(record: Record) -> None:
    """Make page and drawing anew."""
    PAGE.write_text(with_figures(PAGE.read_text(), figures(record)))
    DRAWING.parent.mkdir(parents=True, exist_ok=True)
    DRAWING.write_text(plot.svg(record))


def main() -> int:
    """Make them from a file."""
    parser = argparse.ArgumentParser(prog="bench.peers.page", description=__doc__)
    parser.add_argument("record", type=Path)
    write(Record.read(parser.parse_args().record))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
