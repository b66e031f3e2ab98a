"""Et si … : what is left of objects, containers and tenants once somebody has vanished."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard import stamps
from dashboard.format import SPACE, country, number, quantity
from dashboard.markup import tag
from dashboard.noc import parts
from dashboard.noc.alarms import site_link
from dashboard.noc.shown import Cell, Mark, Number, Rows, Text, tabled, unknown
from dashboard.noc.view import View
from dashboard.text import say
from vigie.replies import CapacityLeft, Container, Margin, Party, StoreLeft, WhatIf
from vigie.units import BYTE, ONE, WATT

WITHOUT: Final = "without"
"""What the address calls those who vanish."""
KINDS: Final = ("country", "operator", "supplier", "owner")
CAPACITIES: Final = {"storage_bytes": BYTE, "gpus": ONE, "power_watts": WATT}
NUMBERS: Final = ("gone", "lost", "tenants", *CAPACITIES)
PARTIES_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 30.0
NAMED: Final = 10
"""Names that are told in a row; the others are counted."""


def layout(language: str) -> Component:
    """Boxes to tick, and below them what is left."""
    return parts.panel(
        "whatif", say("whatif", language),
        [
            tag(html.Div, className="picks", data_picks=WITHOUT),
            html.Div([parts.number(n, say(f"number_{n}", language)) for n in NUMBERS],
                     className="figures"),
            tag(html.P, className="note", data_text="whatif_notes"),
            parts.table("stores", language), parts.table("gone", language),
        ],
    )  # fmt: skip


def picks(view: View) -> list[dict[str, Any]]:
    """Who can be thought away, a group a kind; those who are, ticked."""
    asked = view.chosen.all(WITHOUT)
    found = tabled(lambda: view.long("parties", PARTIES_SECONDS, lambda ask: ask.parties()))
    known: Sequence[Party] = () if isinstance(found, Rows) else found
    # Whoever the address names stays ticked, even while the list cannot be read.
    others = [
        Party(one, one.partition(":")[0], one.partition(":")[2], 0)
        for one in asked
        if one not in {party.id for party in known}
    ]
    return [
        {
            "title": say(f"pick_{kind}", view.language),
            "options": [
                {"value": party.id, "label": label(party, view.language),
                 "checked": party.id in asked}
                for party in members
            ],
        }
        for kind in KINDS
        if (members := [party for party in (*known, *others) if party.kind == kind])
    ]  # fmt: skip


def label(party: Party, language: str) -> str:
    """A party's name, and how many containers it reaches."""
    name = country(party.name, language) if party.kind == "country" else party.name
    return f"{name} ({number(party.containers, language)})"


def content(view: View, containers: Sequence[Container]) -> dict[str, Any]:
    """Numbers, texts and tables of what is left without those who are ticked."""
    asked = view.chosen.all(WITHOUT)
    if not asked:
        hint = Rows(empty=say("whatif_hint", view.language))
        return _told({}, "", hint, Rows())
    found = tabled(
        lambda: view.long(
            f"whatif {' '.join(asked)}", ANSWER_SECONDS, lambda ask: ask.whatif(asked)
        )
    )
    if isinstance(found, Rows):
        return _told(dict.fromkeys(NUMBERS, unknown("")), "", found, Rows())
    return _told(
        numbers(found, view.language), " · ".join(found.notes),
        stores(found.stores, view.language), gone(found, containers, view.language),
    )  # fmt: skip


def _told(shown: Mapping[str, Number], notes: str, left: Rows, away: Rows) -> dict[str, Any]:
    return {
        "numbers": {name: shown.get(name, Number("–")) for name in NUMBERS},
        "texts": {"whatif_notes": notes},
        "tables": {"stores": left, "gone": away},
    }


def numbers(found: WhatIf, language: str) -> dict[str, Number]:
    """How many containers, objects and tenants are hit, and what capacity stays."""
    stamp = stamps.of_share(found.simulated_share, language)
    perhaps = len(found.unknown)
    shown = {
        "gone": Number(
            number(len(found.gone), language), stamp=stamp,
            note=say("gone_note", language, count=perhaps) if perhaps
            else say("gone_sure", language),
        ),
        "tenants": Number(
            number(len(found.tenants), language), stamp=stamp,
            note=some(found.tenants, language) or say("tenants_none", language),
            source=", ".join(found.tenants),
        ),
        "lost": unknown(say("whatif_reserved", language)),
    }  # fmt: skip
    if found.stores is not None:
        readable = sum(store.readable for store in found.stores)
        played = sum(store.simulated for store in found.stores) / max(len(found.stores), 1)
        shown["lost"] = Number(
            number(sum(store.lost for store in found.stores), language),
            note=say("readable_note", language, count=readable),
            stamp=stamps.of_share(played, language),
        )
    return shown | {one.name: _capacity(one, stamp, language) for one in found.capacity}


def _capacity(one: CapacityLeft, stamp: str, language: str) -> Number:
    unit = CAPACITIES.get(one.name, ONE)
    left, whole = (quantity(size, unit, language) for size in (one.after, one.before))
    notes = [say("of", language, part=str(left), whole=str(whole))]
    if one.undeclared:
        notes.append(say("undeclared_note", language, count=one.undeclared))
    return Number(left.text, left.unit, note=" · ".join(notes), stamp=stamp,
                  share=one.after / one.before if one.before else None)  # fmt: skip


def stores(found: Sequence[StoreLeft] | None, language: str) -> Rows:
    """Every store and code: objects readable and lost, and by margin, before and after."""
    if found is None:
        return Rows(empty=say("whatif_reserved", language))
    rows: list[list[Cell]] = [
        [
            Text(store.store, sub=store.scheme,
                 stamp=say("simulated", language) if store.simulated else ""),
            Text(number(store.objects, language)),
            Text(number(store.readable, language)),
            Text(number(store.lost, language)),
            Text(say("margins_before", language, margins=margins(store.before, language)),
                 sub=say("margins_after", language, margins=margins(store.after, language))),
        ]
        for store in found
    ]  # fmt: skip
    return Rows(rows, empty=say("whatif_nothing", language))


def margins(found: Sequence[Margin], language: str) -> str:
    """How many objects have which margin; those below 0, which cannot be read, together."""
    below = sum(one.objects for one in found if one.margin < 0)
    word = say("margin_lost", language)
    said = [f"{word}{SPACE}: {number(below, language)}"] if below else []
    said += [
        f"+{one.margin}{SPACE}: {number(one.objects, language)}"
        for one in sorted(found, key=lambda one: one.margin)
        if one.margin >= 0
    ]
    return " · ".join(said)


def some(names: Sequence[str], language: str) -> str:
    """Names as far as there is room, and how many more there are."""
    said = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return f"{said} {say('more_parts', language, count=more)}" if more > 0 else said


def gone(found: WhatIf, containers: Sequence[Container], language: str) -> Rows:
    """Which containers are gone, and which might be, a row a site."""
    rows: list[list[Cell]] = []
    for paths, outcome, mark in ((found.gone, "gone", Mark("nominal", "×")),
                                 (found.unknown, "unknown", Mark("silent", "?"))):  # fmt: skip
        hit = [c for c in containers if c.path in set(paths)]
        for site in dict.fromkeys(c.site for c in hit):
            members = [c for c in hit if c.site == site]
            names = some([c.name for c in members], language)
            rows.append([
                Text(members[0].site_name or site, sub=members[0].operator,
                     href=site_link(members[0].path, language),
                     stamp=stamps.of_containers(members, language)),
                Mark(mark.mark, mark.sign, say(f"outcome_{outcome}", language)),
                Text(number(len(members), language), sub=names),
            ])  # fmt: skip
    if found.tenants:
        rows.append([
            Text(say("number_tenants", language)), Text(""),
            Text(number(len(found.tenants), language), sub=", ".join(found.tenants)),
        ])  # fmt: skip
    return Rows(rows)
