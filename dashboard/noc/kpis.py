"""Indicators as a dense table: each with its trend, category, coverage, quality and method."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from dashboard import stamps
from dashboard.format import SPACE, Quantity, country, moment, number, quantity, seconds_of
from dashboard.noc import choices
from dashboard.noc.shown import Cell, Number, Rows, Text, quality_word, unknown
from dashboard.noc.view import View
from dashboard.text import TEXTS, Said, say, say_or
from vigie.indicators import Indicator, indicator
from vigie.network.reach import Layer
from vigie.replies import Kpi
from vigie.units import ONE, RATIO, SECONDS_PER_HOUR

COLUMNS: Final = ("indicator", "value", "trend", "category", "coverage", "quality", "method")
STEADY: Final = 0.005
"""A change of less than this share is none that an arrow should tell."""
GPU_HOURS: Final = "gpu_hours_"
"""Indicators of time that people count in hours of a GPU, however many they are."""
PARTS_SHOWN: Final = 3
MANY_PARTS: Final = 6
"""Where parts have a column of their own."""

Link = Callable[[str], str]
"""The address under which an indicator, by name, is explained."""


def columns(names: Sequence[str] = COLUMNS) -> dict[str, Said]:
    """The words of a table's heads."""
    return {name: TEXTS[f"column_{name}"] for name in names}


def read(view: View) -> dict[str, Kpi]:
    """The indicators of the scope and period that are chosen, by name.

    Raises:
        Refused, Unavailable, Pending: they cannot be read, or have not come yet.
    """
    scope, period = choices.scope(view), choices.period(view)
    return view.long(
        f"kpis {scope} {period}", choices.age(period), lambda ask: ask.of(scope).kpis(period)
    )


def span(found: Mapping[str, Kpi], view: View) -> str:
    """From when to when these are."""
    longest = max(
        found.values(), key=lambda k: seconds_of(k.to_time) - seconds_of(k.from_time), default=None
    )
    return written_span(longest, view) if longest else ""


def written_span(kpi: Kpi, view: View) -> str:
    """From when to when a value is, in the watch's time."""
    start, end = (
        moment(seconds_of(at), view.now, view.zone, view.language)
        for at in (kpi.from_time, kpi.to_time)
    )
    return say("of_period", view.language, start=start, end=end)


def rows(
    indicators: Sequence[Indicator], kpis: Mapping[str, Kpi], link: Link, view: View,
    shown: Sequence[str] = COLUMNS,
) -> Rows:  # fmt: skip
    """One row an indicator; of those that only some may see, where the answer has them."""
    known = [one for one in indicators if not one.finance or one.name in kpis]
    return Rows(
        [
            [cells[column] for column in shown]
            for one in known
            for cells in [_cells(one, kpis, link, view, few="parts" not in shown)]
        ],
        keys=[one.name for one in known],
    )


def _cells(
    one: Indicator, kpis: Mapping[str, Kpi], link: Link, view: View, *, few: bool
) -> dict[str, Cell]:
    """Every cell that a row of an indicator may have, by its column."""
    kpi, language = kpis.get(one.name), view.language
    return {
        "indicator": name(one, kpi, link, view),
        "value": value(one, kpi, language, few=few),
        "parts": Text(parts(one, kpi, language, MANY_PARTS) if kpi else ""),
        "trend": trend(one, kpis, language),
        "category": Text(category(kpi.category, language) if kpi else ""),
        "coverage": Text(covered(kpi, language) if kpi else ""),
        "quality": Text(quality_word(kpi.quality, language) if kpi else ""),
        "method": Text(kpi.method if kpi else one.method, mono=True),
    }


def name(one: Indicator, kpi: Kpi | None, link: Link, view: View) -> Text:
    """What an indicator is called, and the sentence without which it must not be read."""
    return Text(
        one.label(view.language), sub=(kpi.sentence or "") if kpi else "", href=link(one.name),
        current=one.name == view.chosen.one("explain"),
    )  # fmt: skip


def value(one: Indicator, kpi: Kpi | None, language: str, *, few: bool = False) -> Number:
    """The value with its unit, or why there is none; the twin's share beside it.

    With `few`, its parts too, where they are.
    """
    if kpi is None:
        return unknown(say("not_computed", language))
    stamp = stamps.of_share(kpi.simulated_share, language)
    if kpi.value is None:
        return unknown(kpi.reason or say("no_reason", language), stamp=stamp)
    said = written(one, kpi.value, language)
    told = parts(one, kpi, language) if few and len(kpi.parts) <= PARTS_SHOWN else ""
    return Number(said.text, said.unit, note=told, stamp=stamp, source=exact(one, kpi.value))


def covered(kpi: Kpi, language: str) -> str:
    """The share of what was to be known that is."""
    return f"{number(kpi.coverage * 100, language)}{SPACE}%"


def trend(one: Indicator, kpis: Mapping[str, Kpi], language: str) -> Text:
    """How a value changed since the period before; beside a ratio, how its absolute did."""
    kpi, absolute = kpis.get(one.name), indicator(one.absolute)
    said = change(one, kpi, language)
    below = [before(one, kpi, language)] if said else []
    if absolute is not None:
        other = kpis.get(absolute.name)
        if other is not None and other.value is not None:
            now = str(written(absolute, other.value, language))
            went = change(absolute, other, language).replace(" ", SPACE)
            words = say("named", language, name=absolute.label(language), value=now)
            below.append(f"{words} ({went})" if went else words)
    return Text(said or "–", sub=" · ".join(below) or say("no_previous", language))


def change(one: Indicator, kpi: Kpi | None, language: str) -> str:
    """An arrow and by how much: points of a ratio, else per cent; "" where either is unknown."""
    if kpi is None or kpi.value is None or kpi.previous is None:
        return ""
    by = kpi.value - kpi.previous
    if one.unit is RATIO:
        unit, size = say("points", language), by * 100
        steady = abs(by) < STEADY / 10
    elif kpi.previous:
        unit, size = "%", by / abs(kpi.previous) * 100
        steady = abs(size) < STEADY * 100
    else:
        unit, size, steady = "", by, not by
        return f"{_arrow(by, steady=steady)} {_signed(written(one, by, language), by)}"
    said = Quantity(number(size, language, 1 if abs(size) < 100 else 0), unit)
    return f"{_arrow(by, steady=steady)} {_signed(said, size)}"


def before(one: Indicator, kpi: Kpi | None, language: str) -> str:
    """The value of the period before, in words."""
    if kpi is None or kpi.previous is None:
        return ""
    return say("previous", language, value=str(written(one, kpi.previous, language)))


def parts(one: Indicator, kpi: Kpi, language: str, most: int = PARTS_SHOWN) -> str:
    """What a value is broken down into, the largest first, as far as there is room."""
    known = sorted(
        kpi.parts.items(), key=lambda part: (part[1] is None, -(part[1] or 0), part[0])
    )  # fmt: skip
    said = [
        say(
            "named",
            language,
            name=part_name(one, part, language),
            value=part_value(one, size, language),
        )
        for part, size in known[:most]
    ]
    if len(known) > most:
        said.append(say("more_parts", language, count=len(known) - most))
    return " · ".join(said)


def part_name(one: Indicator, part: str, language: str) -> str:
    """What people call a part: a country by its name, a layer of reach by its word."""
    if one.parts == "country":
        return country(part, language)
    if one.parts == "layer" and part in list(Layer):
        return Layer(part).label(language)
    return say_or(f"part_{part}", part, language)


def part_value(one: Indicator, size: float | None, language: str) -> str:
    """One part of a value as people say it; unknown stays unknown."""
    return say("unknown", language) if size is None else str(written(one, size, language))


def written(one: Indicator, size: float, language: str) -> Quantity:
    """A value of an indicator as people say it."""
    if one.name.startswith(GPU_HOURS):
        hours = size / SECONDS_PER_HOUR
        return Quantity(number(hours, language, 0 if abs(hours) >= 100 else 1), "h·GPU")
    return quantity(size, one.unit, language)


def exact(one: Indicator, size: float) -> str:
    """A value to its last digit, in the base unit."""
    return f"{size!r} {one.unit.symbol if one.unit not in {ONE, RATIO} else ''}".strip()


def category(said: str | None, language: str) -> str:
    """`interim, category 1` in the language of the screen."""
    words = (said or "").replace("interim", say("interim", language))
    return words.replace("category", say("category", language))


def _arrow(by: float, *, steady: bool) -> str:
    return "→" if steady else "↗" if by > 0 else "↘"


def _signed(said: Quantity, size: float) -> str:
    sign = "+" if size > 0 else ""
    return sign + str(said).replace("-", "−")
