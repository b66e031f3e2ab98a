"""What each chart of the screens asks for and draws."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dashboard.figures.line import MAX_LINES, Band, Drawing, Line
from dashboard.format import DAY, HOUR, MINUTE, seconds_of
from dashboard.questions import Asker, Course, Row
from dashboard.text import say
from vigie.catalogue import DiskIo, Host, Power
from vigie.network.places import inside
from vigie.shape import Field, Measurement
from vigie.units import BYTE, RATIO, WATT


@dataclass(frozen=True, slots=True)
class Period:
    """A span that can be chosen, and the seconds between the points drawn of it."""

    name: str
    span: float
    step: float


PERIODS: Final = (
    Period("15min", 15 * MINUTE, 5),
    Period("1h", HOUR, 15),
    Period("12h", 12 * HOUR, 2 * MINUTE),
    Period("24h", DAY, 5 * MINUTE),
)
DEFAULT_PERIOD: Final = "15min"
ROLES: Final = ("it", "ups", "site")
"""Places of a meter in the PUE, from what is wanted to what holds it."""


def period(name: str | None) -> Period:
    """The period of that name, else the default."""
    return next((p for p in PERIODS if p.name == name), PERIODS[0])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a chart is asked to show: by whom and of which scope, over which span up to now."""

    ask: Asker
    span: Period
    now: float

    def series(
        self, measurement: type[Measurement], fields: Sequence[Field], agg: str,
        by: tuple[str, ...] = (), where: tuple[str, ...] = (),
    ) -> Course:  # fmt: skip
        """Rows of these fields, a step apart."""
        return self.ask.series(
            measurement, [f.name for f in fields], agg=agg, start=self.now - self.span.span,
            end=self.now, step=self.span.step, by=by, where=where,
        )  # fmt: skip

    def line(self, name: str, course: Course, column: str) -> Line:
        """One column of rows as a line."""
        points = ((seconds_of(str(row["time"])), row[column]) for row in course.rows)
        in_order = tuple(sorted(points, key=lambda point: point[0]))
        return Line(name, in_order, self.span.step, course.simulated_share)

    def drawing(self, name: str, title: str, band: Band, empty: str = "") -> Drawing:
        """A band over the whole span."""
        return Drawing(name, title, (band,), self.now - self.span.span, self.now, empty)


def load(wanted: Wanted) -> Drawing:
    """Processor and memory, as shares, over all hosts of the scope."""
    field, language = Host.cpu_busy_ratio, wanted.ask.language
    course = wanted.series(Host, [field], "mean")
    lines = (wanted.line(field.label(language), course, field.name), _memory(wanted))
    return wanted.drawing("load", say("load_title", language), Band("", RATIO, lines, high=1))


def processor(wanted: Wanted) -> Drawing:
    """Processor load of each host; of many, their mean and what lies around it."""
    field = Host.cpu_busy_ratio
    if _hosts(wanted.ask) > MAX_LINES:
        return _spread(wanted, field)
    hosts: dict[str, list[Row]] = defaultdict(list)
    course = wanted.series(Host, [field], "mean", by=("host",))
    for row in course.rows:
        hosts[str(row["host"])].append(row)
    lines = tuple(
        wanted.line(host, replace(course, rows=rows), field.name)
        for host, rows in sorted(hosts.items())
    )
    title = field.label(wanted.ask.language)
    return wanted.drawing("processor", title, Band("", RATIO, lines, high=1))


def memory(wanted: Wanted) -> Drawing:
    """Share of memory in use."""
    line = _memory(wanted)
    return wanted.drawing("memory", line.name, Band("", RATIO, (line,), high=1))


def network(wanted: Wanted) -> Drawing:
    """Bytes per second in and out."""
    fields = (Host.network_receive_bytes_total, Host.network_transmit_bytes_total)
    title = say("network", wanted.ask.language)
    return wanted.drawing("network", title, _rates(wanted, Host, fields))


def disk(wanted: Wanted) -> Drawing:
    """Bytes per second read and written, all devices."""
    fields = (DiskIo.read_bytes_total, DiskIo.written_bytes_total)
    title = say("disks", wanted.ask.language)
    return wanted.drawing("disk", title, _rates(wanted, DiskIo, fields))


def power(wanted: Wanted) -> Drawing:
    """Power of the scope, where something measures it."""
    field, language = Power.power_watts, wanted.ask.language
    course = wanted.series(Power, [field], "sum", by=(Power.role.name,), where=("phase:all",))
    # As the indicator does: what computes, else the widest meter above it; never both added up.
    roles = {str(row[Power.role.name]) for row in course.rows if row[field.name] is not None}
    role = next((r for r in ROLES if r in roles), None)
    of_role = replace(course, rows=[r for r in course.rows if r[Power.role.name] == role])
    band = Band("", WATT, (wanted.line(field.label(language), of_role, field.name),))
    return wanted.drawing("power", say("power", language), band, say("no_meter", language))


CURVES: Final[Mapping[str, Callable[[Wanted], Drawing]]] = {
    "load": load, "processor": processor, "memory": memory, "network": network, "disk": disk,
    "power": power,
}  # fmt: skip


def _hosts(ask: Asker) -> int:
    """How many hosts report in the scope."""
    return sum(len(c.hosts) for c in ask.containers().containers if inside(c.path, ask.scope))


def _spread(wanted: Wanted, field: Field) -> Drawing:
    lines = tuple(
        wanted.line(say(f"line_{agg}", wanted.ask.language),
                    wanted.series(Host, [field], agg), field.name)
        for agg in ("mean", "max", "min")
    )  # fmt: skip
    title = field.label(wanted.ask.language)
    return wanted.drawing("processor", title, Band("", RATIO, lines, high=1))


def _memory(wanted: Wanted) -> Line:
    total, free = Host.memory_total_bytes, Host.memory_available_bytes
    course = wanted.series(Host, [total, free], "mean")
    shares = [
        {"time": row["time"], "share": _used(row[total.name], row[free.name])}
        for row in course.rows
    ]
    name = say("memory_used", wanted.ask.language)
    return wanted.line(name, replace(course, rows=shares), "share")


def _used(total: float | None, free: float | None) -> float | None:
    return (total - free) / total if total and free is not None else None


def _rates(wanted: Wanted, measurement: type[Measurement], fields: tuple[Field, ...]) -> Band:
    course = wanted.series(measurement, fields, "rate")
    lines = tuple(wanted.line(f.label(wanted.ask.language), course, f.name) for f in fields)
    return Band("", BYTE, lines, per_second=True)
