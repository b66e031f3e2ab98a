"""The same on every screen: network, screens, person, freshness, clocks, language, theme, help."""

import json
from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from dashboard.markup import tag
from dashboard.noc.address import Address
from dashboard.noc.screens import SCREENS
from dashboard.text import BROWSER, say
from vigie.replies import Session

KEYS: Final = (("J K", "move"), ("P", "take"), ("Enter", "open"), ("G F", "fleet"),
               ("?", "help"), ("Esc", "close"))  # fmt: skip


def layout(at: Address, person: Session, zone: ZoneInfo) -> list[Component]:
    """The header, the banner of a frozen screen, and the words that the browser needs."""
    language = at.language
    other = "en" if language == "fr" else "fr"
    city = zone.key.rpartition("/")[2].replace("_", " ")
    spoken = {key: say(f"js_{key}", language) for key in BROWSER}
    return [
        html.A(say("skip", language), href="#main", className="skip"),
        tag(html.Header,
            [
                html.Strong("Vigie", className="brand"),
                html.Span(id="network"),
                html.Span(id="version", className="version"),
                tag(html.Nav, _screens(at), aria_label=say("screens", language)),
                html.Span(className="push"),
                html.Span(person.name, className="person", title=", ".join(person.roles)),
                html.Span(id="badge", className="badge"),
                html.Span(
                    [html.B(id="clock-local"), f" {city} · ", html.Span(id="clock-utc"), " UTC"],
                    className="clock",
                ),
                # Another language is another page: a plain link, which can be kept and pasted.
                html.A(
                    other.upper(), href=at.in_language(other), id="language", className="tool",
                    lang=other, title=say("other_language", language),
                ),
                _tool("theme", "◐", say("theme", language)),
                _tool("to-help", "?", say("help", language)),
                html.Form(
                    _tool("leave", "⏻", say("leave", language), type="submit"),
                    action="/logout", method="POST",
                ),
            ],
            id="top", className="top", data_zone=zone.key,
            data_screens=" ".join(screen.path for screen in SCREENS),
        ),
        html.Div(id="banner", className="banner", hidden=True, role="alert"),
        html.Div(id="fault", className="banner fault", hidden=True, role="status"),
        tag(html.Div, id="words", hidden=True, data_words=json.dumps(spoken, ensure_ascii=False)),
    ]  # fmt: skip


def dialogs(language: str) -> list[Component]:
    """What opens over a screen: taking an alarm, help; and where an outcome is told."""
    return [
        tag(html.Dialog,
            [
                html.H2(say("take_title", language), id="take-title"),
                html.P(id="take-about"),
                html.Label(say("take_note", language), htmlFor="take-note"),
                html.Textarea(id="take-note", rows=3, maxLength=500),
                html.Div(
                    [
                        html.Button(say("cancel", language), className="close", type="button"),
                        html.Button(say("take", language), id="take-yes", className="main",
                                    type="button"),
                    ],
                    className="choices",
                ),
            ],
            id="take", aria_labelledby="take-title",
        ),
        tag(html.Dialog,
            [
                html.H2(say("help", language), id="help-title"),
                html.P(say("help_text", language)),
                html.Dl([
                    part
                    for keys, does in KEYS
                    for part in (html.Dt(html.Kbd(keys)), html.Dd(say(f"key_{does}", language)))
                ]),
                html.P(html.Button(say("keys_on", language), id="keys", type="button")),
                html.Div(
                    html.Button(say("close", language), className="close", type="button"),
                    className="choices",
                ),
            ],
            id="help", aria_labelledby="help-title",
        ),
        html.Div(id="toast", className="toast", role="status", hidden=True),
    ]  # fmt: skip


def _screens(at: Address) -> list[Component]:
    links: list[Component] = [
        tag(
            html.A,
            screen.title.label(at.language),
            href=f"{screen.path}?lang={at.language}",
            id=f"to-{screen.name}",
            **({"aria_current": "page"} if screen is at.screen else {}),
        )
        for screen in SCREENS
        if not screen.of_site
    ]
    if at.site:
        links.append(tag(html.Span, at.site, className="here", aria_current="page"))
    return links


def _tool(name: str, sign: str, label: str, **more: Any) -> Component:
    return tag(html.Button, sign, id=name, className="tool", title=label, aria_label=label, **more)
