"""What questions cost while the newest readings are in no rollup yet: the collector's normal state.

    python -m bench unrolled [--containers 1000] [--seconds 100] [--flushed 0] [--rounds 4]

Eight minutes are rolled up, and what came since is in memory, or up to --flushed seconds of it in a
table file. Asked are the mean power of every container, and by the minute the power of the fleet
and the 95th percentile of temperature; up to now, and up to the last whole minute. Printed are
processor seconds of the first answer and the least of the others.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from bench.pace import BOARDS, START, Site
from bench.questions import FIELDS
from collector.rollups import over
from collector.rollups.roll import roll
from collector.store import schema
from collector.store.encodings import Encodings
from collector.store.flush import GROUP_ROWS
from collector.store.order import Order
from collector.store.parquet import Commit, TableFile, Writer, write
from collector.store.questions.answer import Questions
from collector.store.questions.question import Question
from collector.store.scan import View
from collector.store.upkeep import ROLLED_UNTIL
from vigie.catalogue import Gpu

ROLLED: Final = 8
PERIOD: Final = 10
MINUTE: Final = 60
MICROSECONDS: Final = 1_000_000


@dataclass
class Shelf:
    """A site of which so many seconds are in no rollup, `flushed` of them in a file."""

    directory: Path
    containers: int
    seconds: int
    flushed: int

    def __post_init__(self) -> None:
        """Make files and chunks."""
        site = Site(self.containers)
        self._views = {over.table(Gpu, "1m"): self._rolled(site), Gpu.name: self._tail(site)}

    def _rolled(self, site: Site) -> View:
        """The same minute again and again."""
        names = ["time", *schema.series_columns(Gpu), *(f.name for f in FIELDS)]
        rows = [
            chunk.table(schema.raw(Gpu)).select([*names, "quality", "suspect"])
            for second in range(0, MINUTE, PERIOD)
            for chunk in site.tick(START + second, PERIOD)
        ]
        windows = roll(Gpu, pa.concat_tables(rows), MINUTE, FIELDS)
        made = over.over(Gpu, windows, MINUTE, None, FIELDS).rows
        files = []
        for minute in range(ROLLED):
            times = np.full(len(made), (START + minute * MINUTE) * MICROSECONDS)
            table = made.set_column(0, made.schema.field(0), pa.array(times).view(schema.TIME_TYPE))
            commit = Commit(f"over{minute}", 1, {})
            files.append(write(self.directory, table, table.schema, commit, number=0, files=1))
        return View(made.schema, files, [])

    def _tail(self, site: Site) -> View:
        begin = START + ROLLED * MINUTE
        chunks = [
            chunk
            for second in range(0, self.seconds, PERIOD)
            for chunk in site.tick(begin + second, PERIOD)
        ]
        chunks = [replace(chunk, first=n, last=n) for n, chunk in enumerate(chunks, 1)]
        cut = (begin + self.flushed) * MICROSECONDS
        flushed = [chunk for chunk in chunks if chunk.times[0] < cut]
        files = [self._file(site, flushed)] if flushed else []
        return View(schema.raw(Gpu), files, [c for c in chunks if c.times[0] >= cut])

    def _file(self, site: Site, chunks: list[Any]) -> TableFile:
        rows, writer = Order(site.series).of(chunks), None
        columns = pa.schema([f for f in schema.raw(Gpu) if not f.nullable or f.name in rows.names])
        for part in rows.parts:
            writer = writer or Writer(
                self.directory, columns, Commit("raw", 1, {}), 0, group_rows=GROUP_ROWS,
                encodings=Encodings().of(Gpu.name, part),
            )  # fmt: skip
            writer.add(part)
        assert writer is not None  # noqa: S101  there are rows
        return writer.close(1)

    def view(self, table: str) -> View:
        """Files and chunks of a table."""
        return self._views.get(table) or View(schema.rollup(Gpu), [], [])

    def check(self, table: str, view: View) -> None:
        """Nothing is ever damaged."""
        raise SystemExit(f"{table}: a file cannot be read")

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        """The minutes over devices are there from the start."""
        if table != over.table(Gpu, "1m"):
            return None
        return at(ROLLED * MINUTE if said == ROLLED_UNTIL else 0)


def at(second: float) -> datetime:
    """So long after the first reading."""
    return datetime.fromtimestamp(START + second, UTC)


def main() -> None:
    """Ask, and print."""
    parser = argparse.ArgumentParser(prog="bench unrolled", description=__doc__)
    parser.add_argument("--containers", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=100)
    parser.add_argument("--flushed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    end = ROLLED * MINUTE + options.seconds
    power, both = ("power_watts",), ("power_watts", "temperature_celsius")
    b = Question("gpu", power, at(0), at(end), "mean", by=("container",))
    c = Question("gpu", both, at(0), at(end), "sum,p95", step=MINUTE, by=())
    with tempfile.TemporaryDirectory() as directory:
        shelf = Shelf(Path(directory), options.containers, options.seconds, options.flushed)
        asked = Questions(shelf)
        print(f"{options.containers * BOARDS} GPUs, {options.seconds} s in no rollup")
        print(f"{'':44}{'first, CPU s':>14}{'then':>10}")
        for when, until in (("up to now", end), ("of whole minutes", end // MINUTE * MINUTE)):
            for name, question in (("b mean power by container", b), ("c power and p95", c)):
                took = []
                for _ in range(options.rounds):
                    before = time.process_time()
                    asked.ask(replace(question, end=at(until)))
                    took.append(time.process_time() - before)
                print(f"{f'{name}, {when}':44}{took[0]:14.3f}{min(took[1:]):10.3f}")


if __name__ == "__main__":
    main()
