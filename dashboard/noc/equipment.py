"""What a container is equipped with beside its hosts: a table for each kind, there where it is.

Heads, words and units come from the catalogue, so that a new field is one name in `SHOWN`.
"""

from typing import Final

from dash.development.base_component import Component

from dashboard.format import number
from dashboard.noc import parts
from dashboard.noc.machines import gauge
from dashboard.noc.shown import Cell, Rows, Text, bounded, unknown
from dashboard.noc.view import View
from dashboard.questions import Row
from dashboard.text import Said, say
from vigie.catalogue import Cooling, Disk, Environment, Fragments, Gpu, Pool, Power
from vigie.shape import Field, Kind, Measurement
from vigie.units import ONE

READ_SECONDS: Final = 4.0
"""How old the readings may be: a hall has thousands of each."""
SHOWN: Final[dict[type[Measurement], tuple[Field, ...]]] = {
    Gpu: (
        Gpu.up, Gpu.utilization_ratio, Gpu.memory_used_bytes, Gpu.power_watts,
        Gpu.temperature_celsius, Gpu.temperature_margin_celsius, Gpu.throttle_reasons,
        Gpu.recovery_action,
    ),
    Disk: (
        Disk.health_ratio, Disk.health_reason, Disk.temperature_celsius, Disk.endurance_used_ratio,
        Disk.power_on_seconds_total, Disk.power_mode, Disk.smart_age_seconds,
    ),
    Pool: (Pool.status, Pool.devices_failed_count, Pool.activity, Pool.progress_ratio),
    Fragments: (
        Fragments.fragments_count, Fragments.size_bytes, Fragments.corrupt_count,
        Fragments.missing_count, Fragments.unreadable_count, Fragments.verified_age_max_seconds,
        Fragments.scrub_progress_ratio,
    ),
    Power: (
        Power.power_watts, Power.energy_joules_total, Power.on_battery,
        Power.battery_charge_ratio, Power.energy_error_ratio,
    ),
    Cooling: (Cooling.fan_speed_rpm, Cooling.speed_ratio, Cooling.running, Cooling.alarms),
    Environment: (
        Environment.temperature_celsius, Environment.limit_celsius, Environment.humidity_ratio,
    ),
}  # fmt: skip
"""The fields that each kind's table shows, in order."""


def layout(language: str) -> list[Component]:
    """A panel for each kind; the browser hides those that have nothing to show."""
    return [
        parts.panel(
            name(kind), kind.fr if language == "fr" else kind.en,
            [parts.table(name(kind), language, _heads(kind))], optional=True,
        )
        for kind in SHOWN
    ]  # fmt: skip


def name(kind: type[Measurement]) -> str:
    """What the table of a kind is called on the page."""
    return f"equipment_{kind.name}"


def table(view: View, kind: type[Measurement]) -> Rows:
    """One row for everything of a kind in the scope, by its keys."""
    language = view.language
    latest = view.slow(kind.name, READ_SECONDS, lambda: view.ask.latest(kind))
    found = sorted(latest, key=lambda row: _keys(kind, row))

    def drawn(row: Row) -> list[Cell]:
        return [_named(kind, row), *(cell(row, field, language) for field in SHOWN[kind])]

    return bounded(found, drawn, language)


def cell(row: Row, field: Field, language: str) -> Cell:
    """One value as its kind is read: a word, a set of words, yes or no, or a number."""
    value = row.get(field.name)
    if value is None:
        return unknown(say("not_reported", language))
    if field.kind is Kind.FLAG:
        return Text(say("yes" if value else "no", language))
    if field.kind is Kind.STATE:
        return Text(field.word(int(value), language))
    if field.kind is Kind.BITS:
        set_bits = [bit for bit in range(len(field.codes)) if int(value) >> bit & 1]
        return Text(", ".join(field.word(bit, language) for bit in set_bits) or "–")
    if field.unit is ONE and field.integer:
        return Text(number(float(value), language, 0))
    return gauge(row, field, language)


def _heads(kind: type[Measurement]) -> dict[str, Said]:
    heads = {"named": Said(kind.fr, kind.en)}
    return heads | {field.name: Said(field.fr, field.en) for field in SHOWN[kind]}


def _named(kind: type[Measurement], row: Row) -> Text:
    own = [word for word in _keys(kind, row)[2:] if word not in {"all", "none"}]
    return Text(own[0] if own else "", sub=" · ".join((*own[1:], str(row["host"]))), mono=True)


def _keys(kind: type[Measurement], row: Row) -> tuple[str, ...]:
    return (str(row["container"]), *(str(row[key.name]) for key in kind.keys))
