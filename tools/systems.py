"""The pages of docs/network/: each announced system, written from the file that declares it.

The comment at the head of a file is the introduction of its page.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from tools.reference import Page, table
from vigie.document import Document, size_text
from vigie.network.load import reference
from vigie.network.places import Container
from vigie.network.policies import Perimeter, Placement, Tenancy

FOLDER: Final = "docs/network"
SHARED: Final = "organisations"
SYSTEMS: Final = ("cannes", "mougins", "grand-est", "nancy", "munich", "campus", "vendee")
NOTE: Final = "<!-- Written by `make docs` from {}; edit that file, not this page. -->"
HEADS: Final = ("Which", "Trait", "Value", "Status", "Since", "Source", "Assumed")
_META: Final = frozenset(
    {"id", "status", "status_since", "status_source", "assumed", "note", "simulated", "scale"}
)
_LISTED: Final = 3  # more rows alike than this are told by their first and last


@dataclass(frozen=True, slots=True)
class Trait:
    """One declared field of one thing, and who says so."""

    which: str
    name: str
    value: str
    status: str
    since: str
    source: str
    assumed: bool


@cache
def document(system: str) -> Document:
    """The file that declares a system."""
    return Document.parse(_text(system), f"reference/{system}.toml")


def system_page(system: str) -> str:
    """The page of one system."""
    title, paragraphs = introduction(system)
    sources = _Sources()
    traits = "\n\n".join(_tables(document(system), sources))
    parts = [_note(system), f"# {title}", *paragraphs, *_played(system), *_policies(system)]
    about = (
        "A source is a number of the list below. *Assumed* says that nobody has stated the value "
        "itself: it is ours, on the ground that the notes give."
    )
    parts += ["## Traits", about, traits, "## Sources", sources.text()]
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """The page that leads to the others."""
    _, paragraphs = introduction(SHARED)
    heads = ("System", "Sites", "Containers", "GPUs", "Storage", "Status of its sites")
    rows = [_row(system) for system in SYSTEMS]
    sources = _Sources()
    shared = "\n\n".join(_tables(document(SHARED), sources))
    parts = [_note(SHARED), "# The reference network", *paragraphs]
    about = (
        "`vigie up --twin` plays all of them; sizes are the announced or assumed ones, in full. "
        "Nothing here is measured at these places: what the twin tells is marked as simulated on "
        "every screen and export, and no legal report takes it."
    )
    parts += [about, table(heads, rows), "## Suppliers of several", shared]
    return "\n\n".join([*parts, "## Sources", sources.text()]) + "\n"


def introduction(system: str) -> tuple[str, list[str]]:
    """Title and paragraphs of the comment at the head of a file."""
    lines = []
    for line in _text(system).splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    paragraphs = [" ".join(p.split("\n")) for p in "\n".join(lines).split("\n\n")]
    return paragraphs[0].partition(":")[0], paragraphs


def _text(system: str) -> str:
    path = files("vigie.network").joinpath("reference", f"{system}.toml")
    return path.read_text(encoding="utf-8")


def _note(system: str) -> str:
    return NOTE.format(f"vigie/network/reference/{system}.toml")


class _Sources:
    """Numbers what rows refer to, in the order of their first use."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, source: str) -> str:
        return str(self.known.setdefault(source, len(self.known) + 1)) if source else ""

    def text(self) -> str:
        links = (f"<{s}>" if s.startswith("http") else s for s in self.known)
        return "\n".join(f"{n}. {link}" for n, link in enumerate(links, 1))


def _tables(read: Document, sources: _Sources) -> Iterator[str]:
    """A section for each table of a file but its meters, with the notes of its rows."""
    for name, rows in read.data.items():
        if name == "meters" or not isinstance(rows, list):
            continue
        traits = [trait for row in rows for trait in _traits(_which(row), row, sources)]
        cells = (
            (which, f"`{t.name}`", t.value, t.status, t.since, t.source, "yes" if t.assumed else "")
            for which, t in _alike(traits)
            if not (name == "containers" and t.name == "name")
        )
        notes = _notes(rows)
        yield "\n\n".join([f"### {name.capitalize()}", table(HEADS, cells), *notes])


def _traits(which: str, row: Mapping[str, Any], sources: _Sources) -> Iterator[Trait]:
    """The fields of a row, and of what stands in it with a standing of its own."""
    status, since = row.get("status", "operating"), row.get("status_since", "")
    source = sources.number(row.get("status_source", ""))
    assumed = row.get("assumed", ())
    if "status_since" in assumed:
        since = f"{since} (assumed)"
    for name, value in _leaves(row):
        ours = any(name == a or name.startswith(f"{a}.") for a in assumed)
        yield Trait(which, name, _value(name, value), str(status), str(since), source, ours)
    for name, value in row.items():
        if _standing(value):
            for inner in value:
                yield from _traits(f"{which}, {name}: {_label(inner)}", inner, sources)


def _leaves(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        elif name not in _META and not _standing(value):
            yield f"{prefix}{name}", value


def _standing(value: Any) -> bool:
    """Whether a value is a list of things that each have a status."""
    return isinstance(value, list) and any(isinstance(v, dict) and "status" in v for v in value)


def _alike(traits: Iterable[Trait]) -> Iterator[tuple[str, Trait]]:
    """Traits that differ only in whose they are, once, with all of these."""
    groups: dict[tuple[str, ...], list[Trait]] = {}
    for t in traits:
        key = (t.name, t.value, t.status, t.since, t.source, str(t.assumed))
        groups.setdefault(key, []).append(t)
    for group in groups.values():
        yield _several([t.which for t in group]), group[0]


def _several(names: Sequence[str]) -> str:
    if len(names) > _LISTED:
        return f"{names[0]} … {names[-1]} ({len(names)})"
    return ", ".join(names)


def _notes(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for row in rows:
        for which, note in _told(_which(row), row):
            groups.setdefault(note, []).append(which)
    if groups:
        yield "\n".join(f"- {_several(who)}: {note}" for note, who in groups.items())


def _told(which: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if row.get("note"):
        yield which, row["note"]
    for name, value in row.items():
        if _standing(value):
            for inner in value:
                yield from _told(f"{which}, {name}: {_label(inner)}", inner)


def _label(inner: Mapping[str, Any]) -> str:
    named = (inner[key] for key in ("kind", "name", "id", "to") if key in inner)
    return str(next(named, ""))


def _which(row: Mapping[str, Any]) -> str:
    name = row.get("id") or row.get("subject") or row.get("path") or ""
    return f"`{row['site']}/{name}`" if "site" in row else f"`{name}`"


def _value(name: str, value: Any) -> str:
    if isinstance(value, list):
        plain = [_value(name, item) for item in value]
        return _several(plain) if all(isinstance(v, str) for v in value) else "; ".join(plain)
    if isinstance(value, dict):
        if "reach" in value:
            return f"{value['role']}: {value['reach']}"
        if "item" in value:
            rest = {k: v for k, v in value.items() if k not in {"item", "count"}}
            return f"{value['count']} × {value['item']}" + (f" ({_pairs(rest)})" if rest else "")
        return _pairs(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if name.endswith("offers_bytes"):
        return size_text(value)
    return number(value) if isinstance(value, int | float) else str(value)


def number(value: float) -> str:
    """A number with its thousands apart."""
    whole = int(value) if value == int(value) else value
    return f"{whole:,}".replace(",", " ")


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(name, value)}" for name, value in values.items())


def _row(system: str) -> tuple[str, ...]:
    read = document(system).data
    sites = [site["id"] for site in read["sites"]]
    containers = [c for c in reference().containers if c.site in sites]
    gpus = sum(c.capacity.gpus or 0 for c in containers)
    stored = sum(c.capacity.storage_bytes or 0 for c in containers)
    standing = sorted({site["status"] for site in read["sites"]})
    title, _ = introduction(system)
    return (
        f"[{title}]({system}.md)", str(len(sites)), str(len(containers)),
        number(gpus), size_text(stored) if stored else "unknown",
        ", ".join(standing),
    )  # fmt: skip


def _played(system: str) -> Iterator[str]:
    """What the twin plays of a system."""
    heads = ("Container", "GPUs", "Model", "Storage", "Power", "Life", "Played", "Meters")
    sites = {site["id"] for site in document(system).data["sites"]}
    groups: dict[tuple[str, ...], list[str]] = {}
    for container in reference().containers:
        if container.site in sites:
            groups.setdefault(_cells(container), []).append(f"`{container.path}`")
    yield "## What the twin plays"
    yield "Every meter is assumed: nobody has published a metering plan."
    yield table(heads, [(_several(paths), *cells) for cells, paths in groups.items()])


def _cells(container: Container) -> tuple[str, ...]:
    size = container.capacity
    meters = [m.name for m in reference().meters if m.container == container.path]
    return (
        "unknown" if size.gpus is None else number(size.gpus),
        container.gpu or "none",
        size_text(size.storage_bytes) if size.storage_bytes else "unknown",
        f"{size.power_watts / 1e6:g} MW" if size.power_watts else "unknown",
        container.lifecycle.label("en"),
        "whole" if container.scale == 1 else f"{container.scale:g} of it",
        ", ".join(meters),
    )


def _policies(system: str) -> Iterator[str]:
    """What may lie and run there, and who publishes."""
    read, network = document(system).data, reference()
    told = {
        "placements": [_placement(p) for p in network.placements],
        "tenancies": [_tenancy(t) for t in network.tenancies],
        "perimeters": [_perimeter(p) for p in network.perimeters],
    }
    lines = [
        line
        for name, rows in told.items()
        for id_, line in rows
        if id_ in {row["id"] for row in read.get(name, ())}
    ]
    if lines:
        yield "## Policies"
        yield "\n".join(f"- {line}" for line in lines)


def _placement(placement: Placement) -> tuple[str, str]:
    code = f"any {placement.k} of {placement.n} fragments rebuild an object"
    where = f"at most {placement.most} to one {placement.domain}"
    bounds = f"never outside {', '.join(placement.within)}" if placement.within else "anywhere"
    return placement.id, f"Store `{placement.store}`: {code}, {where}, {bounds}."


def _tenancy(tenancy: Tenancy) -> tuple[str, str]:
    who, where = ", ".join(tenancy.tenants), ", ".join(tenancy.sites)
    bounds = f", inside {', '.join(tenancy.within)}" if tenancy.within else ""
    return tenancy.id, f"Tenancy `{tenancy.id}`: {who} may run at {where}{bounds}."


def _perimeter(perimeter: Perimeter) -> tuple[str, str]:
    what = f"`{perimeter.publisher}` would publish for {', '.join(perimeter.sites)}"
    return perimeter.id, f"Perimeter `{perimeter.id}`: {what}; basis: {perimeter.basis}."


PAGES: Final[tuple[tuple[str, Page], ...]] = (
    (f"{FOLDER}/README.md", index),
    *((f"{FOLDER}/{system}.md", partial(system_page, system)) for system in SYSTEMS),
)
