"""What is declared of a site: how real it is, since when, by whose word, and what is assumed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_date

from dashboard import stamps
from dashboard.format import moment, number, quantity, seconds_of
from dashboard.noc.alarms import site_link
from dashboard.noc.shown import Cell, Mark, Rows, Text
from dashboard.text import TEXTS, say, say_or
from vigie import units
from vigie.network.operators import Status
from vigie.network.places import Lifecycle
from vigie.replies import Cell as Value
from vigie.replies import Checklist, Container, ContainerChange, Trait
from vigie.units import Unit

FACILITY: Final = re.compile(r"(cooling|permits|heat|phases)\[(.+)\]\.(\w+)")
"""The name of a trait of a nested thing: what it is, which, and which field of it."""
NAMED: Final = frozenset({"kind", "id", "to", "name"})
"""Fields that say which thing it is: its row is named by them already."""
CHANGES_SHOWN: Final = 20
MARKS: Final = {"done": ("nominal", "✓"), "not_done": ("p3", "!"), "unknown": ("stale", "?")}
_SUFFIXES: Final[Mapping[str, Unit]] = {
    unit.suffix: unit for unit in vars(units).values() if isinstance(unit, Unit) and unit.suffix
}
_PER_YEAR: Final = "_per_year"


def life(containers: Iterable[Container], here: Container, language: str) -> Rows:
    """Every container of the site of one: how real it is and where in its life."""
    rows: list[list[Cell]] = [
        [
            Text(c.name, sub=c.path, href=site_link(c.path, language), current=c.path == here.path,
                 stamp=stamps.of_container(c, language)),
            Text(lifecycle(c.lifecycle, language), sub=day(c.lifecycle_since, language)),
            _status(c.status, c.status_since, language, assumed=c.since_assumed),
            source(c.status_source),
        ]
        for c in containers
        if c.site == here.site
    ]  # fmt: skip
    return Rows(rows)


def note(here: Container, language: str) -> str:
    """How real a container is and since when, in a few words."""
    told = since(here.status_since, assumed=here.since_assumed, language=language)
    told = told or say("since_unknown", language)
    return say("life_note", language, status=status(here.status, language), since=told)


def facility(traits: Sequence[Trait], language: str) -> Rows:
    """What cools the site, who takes its heat, what it is permitted, in which phases it is built.

    One row a thing; what nobody stated is marked as assumed, value by value.
    """
    things: dict[tuple[str, str], list[tuple[str, Trait]]] = {}
    for trait in traits:
        if found := FACILITY.fullmatch(trait.name):
            things.setdefault((found[1], found[2]), []).append((found[3], trait))
    rows: list[list[Cell]] = []
    for (kind, name), fields in things.items():
        first = fields[0][1]
        about = [_field(field, trait, language) for field, trait in fields if field not in NAMED]
        named = [
            say_or(f"cooling_{trait.value}", trait.value, language)
            for field, trait in fields
            if (kind, field) == ("cooling", "kind")
        ]
        rows.append([
            Text(say(f"kind_{kind}", language), sub=" ".join(named) or name),
            Text(" · ".join(about), sub=first.note),
            _status(first.status, first.since, language, assumed=first.since_assumed),
            source(first.source),
        ])  # fmt: skip
    return Rows(rows, empty=say("nothing_declared", language))


def everything(traits: Iterable[Trait], here: Container, language: str) -> Rows:
    """Every value declared of the site, of those who run it, its contracts, and the container."""
    rows: list[list[Cell]] = [
        [
            Text(trait.name, sub=trait.of, mono=True),
            Text(
                _plain(trait.value, language), sub=say("assumed", language) if trait.assumed else ""
            ),
            Text(
                status(trait.status, language),
                sub=since(trait.since, assumed=trait.since_assumed, language=language),
            ),
            source(trait.source),
        ]
        for trait in concerning(traits, here)
    ]
    return Rows(rows, empty=say("nothing_declared", language))


def everything_note(traits: Iterable[Trait], here: Container, language: str) -> str:
    """How many values are declared, and how many of them nobody stated."""
    shown = concerning(traits, here)
    assumed = sum(trait.assumed for trait in shown)
    return say("declared_note", language, count=len(shown), assumed=assumed)


def concerning(traits: Iterable[Trait], here: Container) -> list[Trait]:
    """Without those of other containers of the site, and of their meters."""
    meter = f"meter {here.path}/"
    return [
        trait
        for trait in traits
        if not trait.of.startswith(("container ", "meter "))
        or trait.of == f"container {here.path}"
        or trait.of.startswith(meter)
    ]


def checks(checklist: Checklist, language: str) -> Rows:
    """What must be so before a container goes into service, item by item."""
    rows: list[list[Cell]] = [
        [
            Mark(
                *MARKS.get(item.state, MARKS["unknown"]),
                say_or(f"check_{item.state}", item.state, language),
            ),
            Text(item.title, sub=item.why),
        ]
        for item in checklist.items
    ]
    return Rows(rows)


def checks_note(checklist: Checklist, language: str) -> str:
    """How much of it is done."""
    if checklist.ready:
        return say("checklist_ready", language)
    done = sum(item.state == "done" for item in checklist.items)
    return say("checklist_left", language, done=done, total=len(checklist.items))


def changes(found: Sequence[ContainerChange], now: float, language: str, zone: ZoneInfo) -> Rows:
    """What versions of the network changed, newest first."""
    rows: list[list[Cell]] = []
    for change in reversed(found[-CHANGES_SHOWN:]):
        time = Text(moment(seconds_of(change.time), now, zone, language), sub=change.version[:8])
        if change.field == "declared":
            rows.append([time, Text(say("came" if change.after else "went", language)),
                         Text(""), Text("")])  # fmt: skip
            continue
        rows.append([
            time, Text(change.field, mono=True),
            Text(_plain(change.before, language)), Text(_plain(change.after, language)),
        ])  # fmt: skip
    return Rows(rows)


def status(word: str, language: str) -> str:
    """How real something is, as people say it."""
    return Status(word).label(language) if word in list(Status) else word


def lifecycle(word: str, language: str) -> str:
    """Where a container is in its life, as people say it."""
    return Lifecycle(word).label(language) if word in list(Lifecycle) else word


def day(written: str | None, language: str) -> str:
    """A day as people write it; "" where none is known."""
    if not written:
        return ""
    try:
        return str(format_date(date.fromisoformat(written), "d MMM y", locale=language))
    except ValueError:
        return written


def since(written: str | None, *, assumed: bool, language: str) -> str:
    """The day since when something stands, marked where nobody has stated it."""
    told = day(written, language)
    return f"{told} ({say('assumed', language)})" if told and assumed else told


def source(address: str) -> Text:
    """Who says so: a link where the address is one of the web, else the words as they stand."""
    href = web(address)
    return Text(urlsplit(href).hostname or "" if href else address, href=href)


def web(address: str) -> str:
    """An address that may be opened from a page; "" for any other, as `javascript:` is."""
    try:
        parts = urlsplit(address.strip())
        whole = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:
        return ""
    return parts.geturl() if whole else ""


def _status(word: str, written: str | None, language: str, *, assumed: bool) -> Text:
    """How real something is, and since when."""
    return Text(status(word, language), sub=since(written, assumed=assumed, language=language))


def _field(name: str, trait: Trait, language: str) -> str:
    key = f"trait_{name}"
    value = _valued(name, trait.value, language)
    # The pattern is ours; what fills it is not.
    said = TEXTS[key].label(language).replace("{}", value) if key in TEXTS else f"{name} {value}"
    return f"{said} ({say('assumed', language)})" if trait.assumed else said


def _valued(name: str, value: Value, language: str) -> str:
    """A value with the unit that the name of its field ends in."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _plain(value, language)
    if name == "share":
        return str(quantity(value, units.RATIO, language))
    stem = name.removesuffix(_PER_YEAR)
    ends = [unit for suffix, unit in _SUFFIXES.items() if stem.endswith(suffix)]
    if not ends:
        return _plain(value, language)
    return str(quantity(value, max(ends, key=lambda unit: len(unit.suffix)), language))


def _plain(value: Value, language: str) -> str:
    if value is None:
        return say("unknown", language)
    if isinstance(value, bool):
        return say("yes" if value else "no", language)
    if isinstance(value, int):
        return number(value, language)
    if isinstance(value, float):
        return number(value, language, 0 if value == round(value) else 3)
    return value
