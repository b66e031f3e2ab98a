"""One field of a report: its value, or why there is none. Pure."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from collector.kpis.made import Made

Cell = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the regulation asks for it (Annexes I to III of Regulation (EU) 2024/1364)."""

    code: str
    name: str
    unit: str
    annex: str
    kind: str
    rule: str
    standard: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a field says; `reason` in French and English where it says nothing."""

    value: Cell
    reason: tuple[str, str] | None = None
    source: str = ""
    coverage: float | None = None
    quality: str | None = None
    note: str = ""

    @property
    def told(self) -> bool:
        """Whether it says anything."""
        return self.value is not None


@cache
def fields() -> tuple[Field, ...]:
    """All of them, in their order."""
    text = files("collector.reports").joinpath("eed_fields.csv").read_text("utf-8")
    return tuple(
        Field(
            row["code"], row["name"], row["unit"], row["annex"], row["kind"],
            row["how_measured_or_formula"], row["standard"],
        )
        for row in csv.DictReader(text.splitlines())
    )  # fmt: skip


def stated(value: Cell, source: str, *, missing: tuple[str, str]) -> Entry:
    """Something declared in the network, or that it is not."""
    empty = value is None or value == ""
    return Entry(None, missing) if empty else Entry(value, source=source, quality="declared")


def computed(made: Made, divisor: float, source: str, note: str = "") -> Entry:
    """A KPI, in the unit of the field; `divisor` is that unit in base units."""
    if made.value is None:
        about = made.about
        reason = made.reason
        if reason is None:
            return Entry(None, ("inconnu", "unknown"))
        return Entry(None, (reason.text("fr", about), reason.text("en", about)))
    return Entry(
        made.value / divisor, None, source, made.coverage,
        made.quality.value if made.quality else None, note,
    )  # fmt: skip
