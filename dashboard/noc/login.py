"""Signing in with a one-time code, and out. Plain HTML: no script is served to a stranger."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import flask
from markupsafe import Markup

from dashboard.noc import address
from dashboard.noc.watch import COOKIE, Watch
from dashboard.text import say
from vigie.errors import Refused, VigieError

COOKIE_SECONDS: Final = 12 * 3600
"""One shift; the API decides when the token itself ends."""
STYLE: Final = Path(__file__).resolve().parent.parent / "assets" / "noc.css"
ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='2' fill='%2333566e'/%3E"
    "%3Cpath d='M3 4l5 9 5-9' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E"
)
"""Our sign, in the page itself."""
PAGE: Final = Markup(
    '<!DOCTYPE html>\n<html lang="{language}" data-theme="light"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<title>{title} · Vigie</title><link rel="icon" href="{icon}"><style>{style}</style></head>'
    '<body class="login"><main><h1>Vigie</h1>{fault}'
    '<form method="post" action="/login"><input type="hidden" name="next" value="{to}">'
    '<label for="code">{label}</label>'
    '<input id="code" name="code" required autofocus autocomplete="one-time-code" '
    'spellcheck="false" aria-describedby="hint">'
    '<p id="hint">{hint}</p><button type="submit" class="main">{button}</button></form>'
    '<p><a lang="{other}" href="/login?lang={other}">{other_label}</a></p></main></body></html>'
)


def stand(server: flask.Flask, watch: Watch) -> None:
    """Routes `/login` and `/logout`."""

    @server.get("/login")
    def show() -> flask.typing.ResponseReturnValue:
        code = flask.request.args.get("code", "")
        return enter(watch, code, "/") if code else form(watch, "/")

    @server.post("/login")
    def given() -> flask.typing.ResponseReturnValue:
        sent = flask.request.form
        return enter(watch, sent.get("code", "").strip(), sent.get("next", "/"))

    @server.post("/logout")
    def leave() -> flask.typing.ResponseReturnValue:
        watch.sessions.close(flask.request.cookies.get(COOKIE, ""))
        response = flask.redirect("/login", 303)
        response.delete_cookie(COOKIE)
        return response


def enter(watch: Watch, code: str, to: str) -> flask.typing.ResponseReturnValue:
    """Exchange the code, once; then go on without it in the address."""
    try:
        cookie = watch.sessions.open(code, watch.now())
    except Refused:
        return form(watch, to, status=403, fault="login_refused")
    except VigieError:
        return form(watch, to, status=503, fault="login_away")
    response = flask.redirect(local(to), 303)
    # Lax, not Strict: the link is opened from a terminal or a mail.
    response.set_cookie(
        COOKIE, cookie, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax",
        secure=flask.request.is_secure,
    )  # fmt: skip
    return response


def form(
    watch: Watch, to: str, *, status: int = 200, fault: str = ""
) -> flask.typing.ResponseReturnValue:
    """The page that asks for a code."""
    parts = urlsplit(to if status == 401 else flask.request.full_path)
    language = address.read(parts.path, parts.query, watch.language).language
    other = "en" if language == "fr" else "fr"
    said = Markup('<p class="fault" role="alert">{}</p>').format(
        say(fault, language) if fault else ""
    )
    page = PAGE.format(
        language=language, title=say("login_title", language), to=local(to), icon=ICON,
        style=Markup(STYLE.read_text(encoding="utf-8")),  # noqa: S704, our own file
        fault=said if fault else "", label=say("login_code", language),
        hint=say("login_hint", language), button=say("login_button", language),
        other=other, other_label=say("other_language", language),
    )  # fmt: skip
    return flask.Response(page, status, content_type="text/html; charset=utf-8")


def local(to: str) -> str:
    """Where to go after signing in: a screen of ours, or the first one."""
    parts = urlsplit(to)
    if parts.scheme or parts.netloc or "\\" in to or not address.exists(parts.path):
        return "/"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
