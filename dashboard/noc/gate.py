"""What may come in and what goes out: one gate before every request, one set of headers after.

Nothing is served to a stranger but the way to sign in and the word that the program is alive.
The only module, with its neighbours `login`, `pulse`, `stream` and `values`, that knows the web
framework.
"""

import secrets
from typing import Any, Final
from urllib.parse import urlsplit

import dash
import flask

from dashboard.noc import address, login
from dashboard.noc.watch import COOKIE, Watch

OPEN: Final = frozenset({"/healthz", "/login"})
OURS: Final = ("/_dash-", "/assets/", "/values/")
OUR_PAGES: Final = frozenset({"/board", "/stream", "/session", "/logout", "/_favicon.ico"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_COOKIE: Final = "_csrf_token"
CSRF_HEADER: Final = "X-CSRFToken"
MAX_BODY_BYTES: Final = 2**20
LONG: Final = "private, max-age=31536000, immutable"


def stand(app: dash.Dash, watch: Watch) -> None:
    """Put the gate in front of the application; call it when every callback is registered."""
    server: flask.Flask = app.server
    server.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    policy = content_policy(app.csp_hashes())

    @server.before_request
    def enter() -> flask.typing.ResponseReturnValue | None:
        return refusal(watch, flask.request)

    @server.after_request
    def leave(response: flask.Response) -> flask.Response:
        return dressed(response, flask.request, policy)

    @server.get("/healthz")
    def healthz() -> str:
        return "ok\n"

    @server.get("/session")
    def session() -> flask.typing.ResponseReturnValue:
        return "", 204


def refusal(watch: Watch, request: flask.Request) -> flask.typing.ResponseReturnValue | None:
    """Why this request goes no further, or None; who is let in stands in `flask.g.visit`."""
    if not same_origin(request):
        return refuse(403, "this request comes from another site")
    if request.path in OPEN:
        return None
    visit = watch.sessions.find(request.cookies.get(COOKIE, ""), watch.now())
    if visit is None and wants_page(request):
        return login.form(watch, request.full_path, status=401)
    if visit is None:
        return refuse(401, "sign in first")
    if not known(request.path):
        return refuse(404, "no such page")
    if request.path.startswith("/_dash-") and request.method not in SAFE:
        sent = request.headers.get(CSRF_HEADER, "")
        if not secrets.compare_digest(sent.encode(), visit.csrf.encode()):
            return refuse(403, "the page is out of date; load it again")
    flask.g.visit = visit
    return None


def dressed(response: flask.Response, request: flask.Request, policy: str) -> flask.Response:
    """The answer with the headers that every answer has."""
    headers = response.headers
    headers["Content-Security-Policy"] = policy
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Cache-Control"] = (
        LONG if response.status_code == 200 and fingerprinted(request) else "no-store"
    )
    headers.pop("Server-Timing", None)
    visit = flask.g.get("visit")
    if visit and request.cookies.get(CSRF_COOKIE) != visit.csrf:
        response.set_cookie(CSRF_COOKIE, visit.csrf, samesite="Strict", path="/")
    return response


def content_policy(hashes: Any) -> str:
    """The Content-Security-Policy: our own files, Dash's two inline scripts, nothing else.

    Styles need 'unsafe-inline': Dash and plotly write style elements.
    """
    return "; ".join([
        "default-src 'none'", " ".join(["script-src 'self'", *hashes]),
        "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:", "font-src 'self'",
        "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    ])  # fmt: skip


def same_origin(request: flask.Request) -> bool:
    """Whether a request that changes something was made by a page of ours.

    Browsers send Sec-Fetch-Site, or at least Origin; programs send neither, and have no cookie
    that a stranger could make them send.
    """
    if request.method in SAFE:
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def known(path: str) -> bool:
    """Whether anything stands at this path; Dash alone would answer any with its page."""
    return address.exists(path) or path in OUR_PAGES or path.startswith(OURS)


def wants_page(request: flask.Request) -> bool:
    """Whether a person asked, who can be shown where to sign in."""
    return request.method == "GET" and address.exists(request.path)


def fingerprinted(request: flask.Request) -> bool:
    """Whether the address changes with the content, so that it may be kept."""
    path = request.path
    return path.startswith("/_dash-component-suites/") or (
        path.startswith("/assets/") and "m" in request.args
    )


def refuse(status: int, why: str) -> flask.typing.ResponseReturnValue:
    """A short refusal in words."""
    return flask.Response(f"{status}: {why}\n", status, content_type="text/plain; charset=utf-8")
