"""A record as tables and ratios that a person reads: in a terminal, and in Markdown. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.peers.asking import QUESTIONS
from bench.peers.cell import Result
from bench.peers.durability import Durability
from bench.peers.record import Record

OURS: Final = "vigie"
PEERS: Final = ("victoria", "prometheus", "influx")
TITLES: Final[Mapping[str, str]] = {
    "vigie": "Vigie", "relay": "Vigie, by relay", "victoria": "VictoriaMetrics",
    "prometheus": "Prometheus", "influx": "InfluxDB",
}  # fmt: skip
FORMS: Final[Mapping[str, str]] = {
    "frames": "Arrow frames", "lines": "line protocol", "remote": "remote write",
}  # fmt: skip
NOISY: Final = 0.3
"""Cores of others from which on a figure is marked."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A titled table; the first column is words, the others figures."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """In columns."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.head))]
        shown = (
            "  ".join(c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(cells))
            for cells in (list(zip(line, widths, strict=True)) for line in lines)
        )
        return f"{self.title}\n" + "\n".join(f"  {line}".rstrip() for line in shown)

    def markdown(self) -> str:
        """As docs have it."""
        rule = "| --- |" + " ---: |" * (len(self.head) - 1)
        lines = (f"| {' | '.join(cells)} |" for cells in (self.head, *self.rows))
        first, *rest = lines
        return "\n".join([f"**{self.title}**", "", first, rule, *rest])


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """How many times ours is theirs; None where one is unknown or theirs is nothing."""
    if ours is None or theirs is None or theirs <= 0:
        return None
    return ours / theirs


def times(number: float | None) -> str:
    """A ratio as it is read."""
    if number is None:
        return "–"
    digits = 0 if number >= 100 else 1 if number >= 1 else 2
    return f"{number:.{digits}f}×"


def figure(number: float | None, digits: int = 2) -> str:
    """A number, or a dash where it is unknown."""
    return "–" if number is None else f"{number:,.{digits}f}"


def name(result: Result) -> str:
    """A row's name: system, format, containers a request."""
    form = FORMS[result.form]
    return f"{TITLES[result.system]}, {form}, {result.each} a request"


def grids(record: Record) -> list[Grid]:
    """All tables of a record."""
    sizes = sorted({(r.containers, r.ticks) for r in record.results}, key=lambda s: (s[0], s[1]))
    made: list[Grid] = []
    for containers, ticks in sizes:
        rows = [r for r in record.results if (r.containers, r.ticks) == (containers, ticks)]
        what = f"{rows[0].values // (ticks * 18):,} GPUs × {ticks} ticks"
        made.append(ingest(f"Ingest, {what}", rows))
        made += _compared(f"Vigie against each, {what}", rows)
        if any(r.questions for r in rows):
            made.append(questions(f"Questions, {what}: ms, median of 7", rows))
    if record.durability:
        made.append(kept("SIGKILL right after the last acknowledgement", record.durability))
    return made


def ingest(title: str, rows: Sequence[Result]) -> Grid:
    """Rates, costs and sizes; a star says that others kept the machine busy meanwhile."""
    head = (
        "", "M values/s", "first ticks", "CPU-s/M all in", "steady", "sender", "relay",
        "ack p99 ms", "peak MB", "B/value", "no index", "B/value sent",
    )  # fmt: skip
    shown = []
    for r in rows:
        if r.steady is None or r.first is None:
            shown.append([f"{name(r)}: {r.fault}"] + ["–"] * (len(head) - 1))
            continue
        noisy = "*" if r.steady.foreign > NOISY else ""
        sender = (r.steady.sender + r.first.sender) / r.values * 1e6
        relay = r.relay / r.values * 1e6 if r.relay else None
        shown.append(
            [
                name(r), figure(r.steady.rate) + noisy, figure(r.first.rate),
                figure(r.cpu_per_million, 3), figure(r.steady_per_million, 3),
                figure(sender, 3), figure(relay, 3),
                figure(r.steady.p99 * 1e3, 0), figure(r.peak_bytes / 1e6, 0),
                figure(r.bytes_per_value), figure(r.without_index), figure(r.wire),
            ]
        )  # fmt: skip
    return Grid(title, head, shown)


def best(rows: Iterable[Result], system: str, each: int) -> Result | None:
    """A system's fastest of its formats with so many containers a request."""
    found = [r for r in rows if r.system == system and r.each == each and r.steady]
    return max(found, key=lambda r: r.steady.rate if r.steady else 0.0, default=None)


def _compared(title: str, rows: Sequence[Result]) -> Iterable[Grid]:
    """Ratios, larger is better for us, each against the peer's best of the same batch."""
    head = ("against", "rate", "CPU all in", "memory", "disk", "disk, no index", *QUESTIONS)
    lines = []
    for each in sorted({r.each for r in rows}):
        ours = best(rows, OURS, each)
        for system in dict.fromkeys(r.system for r in rows):
            theirs = best(rows, system, each)
            if system in PEERS and ours and theirs:
                lines.append(_ratios(f"{TITLES[system]}, {each} a request", ours, theirs))
    if lines:
        yield Grid(title, head, lines)


def _ratios(title: str, ours: Result, theirs: Result) -> list[str]:
    rate = ratio(_rate(ours), _rate(theirs))
    less = [
        ratio(theirs.cpu_per_million, ours.cpu_per_million),
        ratio(theirs.peak_bytes, ours.peak_bytes),
        ratio(theirs.bytes_per_value, ours.bytes_per_value),
        ratio(theirs.without_index, ours.without_index),
    ]
    asked = []
    for question in QUESTIONS:
        raw = _faster(theirs.questions, ours.questions, question)
        rolled = _faster(theirs.rolled, ours.rolled, question)
        asked.append("–" if raw is None else f"{times(raw)} ({times(rolled)})")
    return [title, times(rate), *map(times, less), *asked]


def _rate(result: Result) -> float | None:
    return None if result.steady is None else result.steady.rate


def _faster(theirs: Mapping[str, object], ours: Mapping[str, object], key: str) -> float | None:
    one, other = (getattr(found.get(key), "milliseconds", None) for found in (theirs, ours))
    return ratio(one, other)


def questions(title: str, rows: Sequence[Result]) -> Grid:
    """Of what was sent, and of rollups or recording rules; what those cost."""
    head = ("", *(f"{key}" for key in QUESTIONS), "rollups: CPU-s")
    lines = []
    for r in rows:
        for found, what in ((r.questions, "as sent"), (r.rolled, "with rollups")):
            if not found:
                continue
            cells = []
            for key in QUESTIONS:
                said = found.get(key)
                tier = f" ({said.tier})" if said and said.tier else ""
                cells.append("–" if said is None else f"{said.milliseconds:,.1f}{tier}")
            ours = r.system == OURS
            cost = "as it goes" if ours else figure(r.roll_seconds, 2)
            lines.append([f"{TITLES[r.system]}, {what}", *cells, cost if found is r.rolled else ""])
    return Grid(title, head, lines)


def kept(title: str, rows: Sequence[Durability]) -> Grid:
    """What survives, and what was synced."""
    head = ("", "found", "start s", "requests", "syncs")
    lines = []
    for d in rows:
        share = None if d.found is None else d.found / d.sent * 100
        found = d.fault[:60] or (f"{share:.1f} %" if share is not None else "–")
        syncs = "no strace" if d.syncs is None else str(d.syncs)
        start = figure(d.restart_seconds, 1)
        lines.append([TITLES[d.system], found, start, str(d.requests), syncs])
    return Grid(title, head, lines)


def text(record: Record) -> str:
    """All of it for a terminal."""
    machine = ", ".join(f"{key} {value}" for key, value in record.machine.items())
    lines = [f"{record.date}: {machine}"]
    lines += [f"{title} {version}" for title, version in record.versions.items()]
    lines += [f"left out: {title}: {why}" for title, why in record.missing.items()]
    lines += [f"fault: {name(r)}: {r.fault}" for r in record.results if r.fault]
    lines += [f"fault: {TITLES[d.system]}, killed: {d.fault}" for d in record.durability if d.fault]
    lines += ["", *(grid.text() + "\n" for grid in grids(record))]
    lines.append(f"questions: {'; '.join(f'{k}: {v}' for k, v in QUESTIONS.items())}")
    lines.append(f"* others used more than {NOISY} cores; {record.seconds:.0f} s in all")
    return "\n".join(lines)
