"""What machines say of themselves: processor, memory, pressure, network, disks, sources, models."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from dashboard.format import duration, number, quantity, rate, seconds_of
from dashboard.noc import filling
from dashboard.noc.alarms import site_link
from dashboard.noc.places import Places
from dashboard.noc.rates import Rates
from dashboard.noc.shown import (
    Cell,
    Mark,
    Number,
    Rows,
    Text,
    bounded,
    isolated,
    quality_word,
    stale_age,
    unknown,
)
from dashboard.noc.view import View
from dashboard.questions import Asker, Row
from dashboard.text import say
from vigie import catalogue
from vigie.catalogue import Device, DiskIo, Filesystem, Host, Source
from vigie.shape import Field, Measurement, Quality
from vigie.units import BYTE, RATIO

SOURCE_MARKS: Final = {"ok": "nominal", "failed": "p3", "stuck": "p3"}
SOURCE_SIGNS: Final = {"ok": "✓", "failed": "!", "stuck": "!", "absent": "–", "off": "○"}
AGENT: Final = "agent"
DEVICES_SECONDS: Final = 30.0
"""How old the inventory may be."""
PRESSURES: Final = (
    Host.pressure_cpu_seconds_total,
    Host.pressure_memory_seconds_total,
    Host.pressure_io_seconds_total,
)


def table(ask: Asker, rates: Rates, places: Places) -> Rows:
    """One row of live numbers for every host of the scope."""
    fullest = {_host(row): row for row in sorted(ask.latest(Filesystem), key=_filled)}
    rows: list[list[Cell]] = [
        [
            _host_name(row, places, ask.language),
            processor(row, ask.language),
            memory(row, ask.language),
            space(fullest.get(_host(row)), ask.language, named=True),
            counted(row, Host.network_receive_bytes_total, rates, ask.language),
            counted(row, Host.network_transmit_bytes_total, rates, ask.language),
        ]
        for row in sorted(ask.latest(Host), key=_place)
    ]
    return Rows(rows, empty=say("no_host", ask.language))


def processor(row: Row, language: str) -> Number:
    """How busy the processors are, and how many they are."""
    count = row.get(Host.cpu_count.name)
    note = say("processors", language, count=number(count, language)) if count else ""
    busy = row.get(Host.cpu_busy_ratio.name)
    return gauge(row, Host.cpu_busy_ratio, language, share=busy, note=note)


def memory(row: Row, language: str) -> Number:
    """Share of memory in use, and bytes in use of how many."""
    total = row.get(Host.memory_total_bytes.name)
    free = row.get(Host.memory_available_bytes.name)
    if not total or free is None:
        return gauge(row, Host.memory_available_bytes, language)
    used = (total - free) / total
    note = say("of", language, part=quantity(total - free, BYTE, language),
               whole=quantity(total, BYTE, language))  # fmt: skip
    said = quantity(used, RATIO, language)
    return Number(said.text, said.unit, share=used, note=note, **_trust(Host, row, language))


def space(row: Row | None, language: str, *, named: bool = False) -> Number:
    """Share of a file system in use, and what is left."""
    size = row.get(Filesystem.size_bytes.name) if row else None
    free = row.get(Filesystem.available_bytes.name) if row else None
    if row is None or not size or free is None:
        return unknown(say("not_reported", language))
    left = say("left", language, free=quantity(free, BYTE, language))
    note = f"{row[Filesystem.mount.name]} · {left}" if named else left
    said = quantity(1 - free / size, RATIO, language)
    return Number(said.text, said.unit, share=1 - free / size, note=note,
                  **_trust(Filesystem, row, language))  # fmt: skip


def filesystems(view: View) -> Rows:
    """Every file system: how full, what is left, and when it would be full at this pace."""
    language = view.language
    # Without the trend the table is still worth showing.
    soon: dict[filling.Mount, float] = isolated(lambda: filling.full_in(view), lambda _: {})

    def drawn(row: Row) -> list[Cell]:
        name = str(row[Filesystem.host.name]), str(row[Filesystem.mount.name])
        used = space(row, language)
        if name in soon:
            hint = say("full_in", language, time=duration(soon[name], language))
            used = replace(used, note=f"{used.note} · {hint}")
        access = "read_only" if row.get(Filesystem.read_only.name) else "writable"
        return [
            Text(name[1], sub=name[0], mono=True), used, inodes(row, language),
            Text(say(access, language)),
        ]  # fmt: skip

    found = sorted(view.ask.latest(Filesystem), key=_filled, reverse=True)
    return bounded(found, drawn, language, say("no_filesystem", language))


def inodes(row: Row, language: str) -> Number:
    """Share of inodes in use; some file systems count none."""
    total, free = row.get(Filesystem.inodes_total.name), row.get(Filesystem.inodes_available.name)
    if not total or free is None:
        return unknown(say("not_counted", language))
    said = quantity(1 - free / total, RATIO, language)
    return Number(said.text, said.unit, **_trust(Filesystem, row, language))


def disks(ask: Asker, rates: Rates) -> Rows:
    """Traffic of every block device now."""
    counters = (DiskIo.read_bytes_total, DiskIo.written_bytes_total)

    def drawn(row: Row) -> list[Cell]:
        return [
            Text(str(row[DiskIo.device.name]), sub=str(row[DiskIo.host.name]), mono=True),
            *(counted(row, field, rates, ask.language) for field in counters),
            busy(row, DiskIo.io_time_seconds_total, rates, ask.language),
        ]

    found = sorted(ask.latest(DiskIo), key=_place)
    return bounded(found, drawn, ask.language, say("no_disk", ask.language))


def pressure(hosts: Iterable[Row], rates: Rates, language: str) -> Rows:
    """Share of time in which some task waited for a processor, memory or a disk."""
    found = [(row, field) for row in hosts for field in PRESSURES]

    def drawn(one: tuple[Row, Field]) -> list[Cell]:
        row, field = one
        return [
            Text(field.label(language), sub=str(row["host"])),
            busy(row, field, rates, language),
        ]

    return bounded(found, drawn, language, say("no_host", language))


def sources(ask: Asker) -> Rows:
    """Every reader of the agents: status, age of its last good reading, failures."""
    found = sorted(ask.latest(Source), key=_place)
    found.sort(key=lambda row: row[Source.source.name] != AGENT)

    def drawn(row: Row) -> list[Cell]:
        return (_agent if row[Source.source.name] == AGENT else _source)(row, ask.language)

    return bounded(found, drawn, ask.language, say("no_source", ask.language))


def _source(row: Row, language: str) -> list[Cell]:
    fields = (
        Source.age_seconds, Source.duration_seconds, Source.failures_total, Source.timeouts_total,
    )  # fmt: skip
    return [
        Text(str(row[Source.source.name]), sub=str(row[Source.host.name]), mono=True),
        source_mark(row, language),
        *(gauge(row, field, language) for field in fields),
    ]


def _agent(row: Row, language: str) -> list[Cell]:
    """The agent itself: how wrong its clock is, and what waits, was lost or was refused."""
    fields = (
        Source.clock_offset_seconds, Source.spool_frames, Source.dropped_frames_total,
        Source.refused_frames_total,
    )  # fmt: skip
    return [
        Text(AGENT, sub=str(row[Source.host.name]), mono=True),
        source_mark(row, language),
        *(replace(gauge(row, f, language), note=f.label(language)) for f in fields),
    ]


def source_mark(row: Row, language: str) -> Mark:
    """The status of a source, as the word of the catalogue."""
    code = row.get(Source.status.name)
    codes = Source.status.codes
    if isinstance(code, str):
        word = code
    else:
        word = codes[int(code)] if code is not None and 0 <= code < len(codes) else "unknown"
    return Mark(
        SOURCE_MARKS.get(word, "silent"), SOURCE_SIGNS.get(word, "?"),
        Source.status.word(Source.status.codes.index(word), language)
        if word in Source.status.codes
        else say("source_unknown", language),
    )  # fmt: skip


def devices(view: View) -> Rows:
    """The inventory of equipment."""
    language = view.language

    def drawn(row: Row) -> list[Cell]:
        return [
            Text(_said(row, Device.kind), sub=_said(row, Device.device)),
            Text(_said(row, Device.model), sub=_said(row, Device.serial)),
            Text(_size(row, language), sub=_said(row, Device.firmware)),
        ]

    latest = view.slow("devices", DEVICES_SECONDS, lambda: view.ask.latest(Device))
    return bounded(sorted(latest, key=_place), drawn, language, say("no_device", language))


def gauge(row: Row, field: Field, language: str, **more: Any) -> Number:
    """One field of a reading; null is unknown, never 0."""
    measurement = _measurement(field)
    value = row.get(field.name)
    trust = _trust(measurement, row, language) | {"source": field.full_name}
    if value is None:
        return unknown(say("not_reported", language), **trust)
    said = quantity(float(value), field.unit, language)
    return Number(said.text, said.unit, **trust, **more)


def counted(row: Row, field: Field, rates: Rates, language: str) -> Number:
    """A counter as its rate of now."""
    value, trust = _rate(row, field, rates, language)
    if value is None:
        return unknown(say("waits_for_second", language), **trust)
    return Number(*rate(value, field.unit, language), **trust)


def busy(row: Row, field: Field, rates: Rates, language: str) -> Number:
    """A counter of seconds as the share of time now."""
    value, trust = _rate(row, field, rates, language)
    if value is None:
        return unknown(say("waits_for_second", language), **trust)
    return Number(*quantity(min(value, 1.0), RATIO, language), share=min(value, 1.0), **trust)


def when(row: Row) -> float:
    """When a row was read, in Unix seconds."""
    return seconds_of(str(row["time"]))


def uptime(row: Row, language: str) -> Number:
    """Time since the last start of the host."""
    booted = row.get(Host.boot_time_seconds.name)
    if booted is None:
        return unknown(say("not_reported", language))
    return Number(duration(when(row) - booted, language), **_trust(Host, row, language))


def _rate(
    row: Row, field: Field, rates: Rates, language: str
) -> tuple[float | None, dict[str, Any]]:
    measurement = _measurement(field)
    series = (field.full_name, row["container"], *(row[k.name] for k in measurement.keys))
    trust = _trust(measurement, row, language) | {"source": field.full_name}
    if row.get(field.name) is None:
        return None, trust
    return rates.of(series, when(row), row[field.name]), trust


def _trust(measurement: type[Measurement], row: Row, language: str) -> dict[str, Any]:
    quality = row.get("quality")
    word = list(Quality)[quality].value if isinstance(quality, int) else quality
    return {
        "at": when(row), "stale": stale_age(measurement), "source": f"vigie_{measurement.name}",
        "quality": quality_word(word, language),
    }  # fmt: skip


def _measurement(field: Field) -> type[Measurement]:
    found = catalogue.measurement(field.measurement)
    assert found is not None  # noqa: S101 - a field stands in the catalogue
    return found


def _place(row: Row) -> tuple[str, ...]:
    names = ("container", "host", "mount", "device", "source")
    return tuple(str(row[name]) for name in names if name in row)


def _filled(row: Row) -> float:
    size, free = row.get(Filesystem.size_bytes.name), row.get(Filesystem.available_bytes.name)
    return 1 - free / size if size and free is not None else 0.0


def _size(row: Row, language: str) -> str:
    """A capacity as people say it, where the device says it in bytes."""
    said = _said(row, Device.size)
    count, _, unit = said.partition(" ")
    return str(quantity(int(count), BYTE, language)) if unit == "B" and count.isdecimal() else said


def _said(row: Row, field: Field) -> str:
    return str(row.get(field.name) or "")


def _host_name(row: Row, places: Places, language: str) -> Text:
    container = str(row["container"])
    name, host = places.name(container), str(row["host"])
    sub = container if name == host else name
    return Text(host, sub=sub, href=site_link(container, language), stamp=places.stamp(container))


def _host(row: Row) -> tuple[str, str]:
    return str(row["container"]), str(row["host"])
