"""The pages of docs/reference/, written from the declarations themselves."""

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from alerts.page import pages as rule_pages
from alerts.rulebook import Rulebook
from vigie import catalogue, indicators, replies, settings
from vigie.__main__ import VERBS, opened, parser
from vigie.shape import Field, Inventory, Kind, Measurement

Page = Callable[[], str]
FOLDER: Final = "docs/reference"
NOTE: Final = "<!-- Written by `make docs` from the code; edit the declaration, not this page. -->"


def measurements() -> str:
    """Every measurement with every field."""
    about = (
        "Every reading has a time, the container that sent it, these keys and fields, and a "
        "quality. Everywhere outside the code a field is called `vigie_<measurement>_<field>`. "
        "An empty cell is *unknown*, never 0."
    )
    own = (
        "## What the collector knows of itself\n\nIt is kept and asked for as any other "
        "measurement is, without rollups. Nobody may send it."
    )
    sent = [_declared(m) for m in catalogue.MEASUREMENTS]
    return page("Measurements", about, *sent, own, *(_declared(m) for m in catalogue.OWN))


def inventories() -> str:
    """Every inventory."""
    about = "Keyed rows that change slowly; sent as a snapshot, then as what changed."
    return page("Inventories", about, *(_declared(i) for i in catalogue.INVENTORIES))


def events() -> str:
    """Every event."""
    rows = [
        (f"`{e.code}`", e.severity, ", ".join(e.keys), e.doc, e.fr, e.en, e.origin)
        for e in catalogue.EVENTS
    ]
    heads = ("Code", "Severity", "Keys", "What", "French", "English", "Told by")
    return page("Events", "Things that happen once.", table(heads, rows))


def every_indicator() -> str:
    """Every KPI."""
    rows = [
        (f"`{i.name}`", i.unit.symbol, f"`{i.method}`", i.boundary, i.doc, i.fr, i.en)
        for i in indicators.INDICATORS
    ]
    heads = ("Name", "Unit", "Method", "Boundary", "What", "French", "English")
    about = (
        "Each value says its method and version, boundary, period, coverage and quality. "
        "What cannot be known is null with a reason."
    )
    return page("Indicators", about, table(heads, rows))


def every_setting() -> str:
    """Every setting of every program."""
    about = (
        "Order: flag, then environment, then file (`--config FILE`, else `vigie.toml` in the "
        "current folder), then default. A secret is never a setting: a setting names its file. "
        "`vigie <program> run --print-config` shows every value and where it comes from. In the "
        "environment, lists are comma-separated, tables are `key=value,key=value`."
    )
    heads = ("Setting", "Flag", "Environment", "Default", "What")
    parts = []
    for kind in settings.PROGRAMS:
        rows = [
            (
                f"`{'.'.join(leaf.path)}`",
                f"`{leaf.flag}`",
                f"`{settings.variable(kind.PROGRAM, leaf.path)}`",
                f"`{leaf.spelled(leaf.default)}`" if leaf.default else "none",
                leaf.doc,
            )
            for leaf in settings.leaves(kind)
        ]
        parts += [f"## [{kind.PROGRAM}]", table(heads, rows)]
    return page("Settings", about, *parts)


def commands() -> str:
    """The help of every verb."""
    parts = []
    for name, verb in VERBS.items():
        made = parser(name, opened(name, verb))
        parts += [f"## vigie {name}", *(f"```text\n{text}```" for text in helps(made))]
    about = "Exit 0: fine; 1: a finding, or an error; 2: wrong usage or settings."
    return page("Commands", about, *parts)


def routes() -> str:
    """Every route of the API, out of its own description."""
    document = description()
    parts = [
        _operation(document, f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return page("Routes", document["info"]["description"], *parts)


def description() -> dict[str, Any]:
    """The OpenAPI document of a collector that never runs."""
    from collector import service  # heavy, and for this one page
    from collector.declared import declared

    with tempfile.TemporaryDirectory() as folder:
        told = settings.load(settings.CollectorSettings, flags={"data": folder})
        made = service.Service(told, declared(told))
        document: dict[str, Any] = made._server.config.app.api.openapi()  # type: ignore[union-attr]  # noqa: SLF001
        made._end()  # noqa: SLF001 - it was never begun, so nothing else ends it
    return document


def _operation(document: dict[str, Any], title: str, operation: dict[str, Any]) -> str:
    parts = [f"## {title}", operation.get("description", operation["summary"])]
    rows = [
        (f"`{p['name']}`", p["in"], _kind(p["schema"]), p.get("description", ""))
        for p in operation.get("parameters", ())
    ]
    if rows:
        parts.append(table(("Parameter", "In", "Type", "What"), rows))
    if body := _reference(operation.get("requestBody", {}).get("content", {})):
        members = document["components"]["schemas"][body]["properties"]
        lines = [(f"`{name}`", _kind(schema)) for name, schema in members.items()]
        parts.append(table(("Member of the body", "Type"), lines))
    if answer := _reference(operation["responses"].get("200", {}).get("content", {})):
        where = " (`vigie/replies/`)" if hasattr(replies, answer) else ""
        parts.append(f"Answers `{answer}`{where}.")
    return "\n\n".join(parts)


def _reference(content: dict[str, Any]) -> str:
    schema = content.get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _kind(schema: dict[str, Any]) -> str:
    either = [_kind(one) for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if either:
        text = " or ".join(either)
    elif schema.get("type") == "array":
        text = f"list of {_kind(schema['items'])}"
    else:
        text = str(schema.get("type", "any"))
    default = schema.get("default")
    return f"{text}, default {default}" if default not in (None, "") else text


def helps(made: argparse.ArgumentParser) -> Iterator[str]:
    """The help of a parser and of all below it, at a width of its own."""
    made.formatter_class = _Wide
    yield made.format_help()
    for action in made._actions:  # noqa: SLF001 - argparse has no other way to list subparsers
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for below in action.choices.values():
                yield from helps(below)


class _Wide(argparse.RawDescriptionHelpFormatter):
    """The same text whatever the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)


def _declared(declared: type[Measurement] | type[Inventory]) -> str:
    heads = ("No", "Field", "Kind", "Unit", "Plausible", "What", "French", "English")
    rows = [
        (
            str(f.number), f"`{f.name}`", f.kind, f.unit.suffix, plausible(f),
            f.doc + ("" if f.origin == "agent" else " *(Derived by the collector.)*"), f.fr, f.en,
        )
        for f in declared.fields
    ]  # fmt: skip
    period = f" Every {declared.period_seconds:g} s." if issubclass(declared, Measurement) else ""
    labels = f"*{declared.fr}* / *{declared.en}*. {declared.doc}{period}"
    codes = [
        f"`{f.name}`: " + ", ".join(f"{n} {code}" for n, code in enumerate(f.codes)) + "."
        for f in declared.fields
        if f.codes
    ]
    return "\n\n".join([f"## {declared.name}", labels, table(heads, rows), *codes])


def plausible(field: Field) -> str:
    """The bounds of a field as words; a value outside is kept and marked suspect."""
    if field.kind is Kind.COUNTER:
        return f"≤ {number(field.high)} per s" if field.high is not None else ""
    if field.kind is not Kind.GAUGE or (field.low is None and field.high is None):
        return ""
    return f"{number(field.low)} … {number(field.high)}"


def number(value: float | None) -> str:
    """A bound, short."""
    return "any" if value is None else f"{value:.6g}"


def page(title: str, about: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join([NOTE, f"# {title}", about, *parts]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES: Final[tuple[tuple[str, Page], ...]] = (
    (f"{FOLDER}/measurements.md", measurements),
    (f"{FOLDER}/inventories.md", inventories),
    (f"{FOLDER}/events.md", events),
    (f"{FOLDER}/indicators.md", every_indicator),
    (f"{FOLDER}/settings.md", every_setting),
    (f"{FOLDER}/commands.md", commands),
    (f"{FOLDER}/routes.md", routes),
    *rule_pages(Rulebook().rules.values()),
)
