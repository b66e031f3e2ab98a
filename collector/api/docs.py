"""The API's description as a page: plain HTML, no script, nothing from elsewhere."""

import base64
import hashlib
import html
from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}h2{margin-top:2.5rem;font-size:1.1rem}"
    "code,h2{font-family:ui-monospace,monospace}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ccc;"
    "vertical-align:top}"
    "@media (prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}a{color:#8ab4f8}}"
)
POLICY: Final = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
PATH: Final = "/docs"


def routes(description: Callable[[], dict[str, Any]]) -> APIRouter:
    """`description` is the OpenAPI document."""
    router = APIRouter()

    @router.get(PATH, include_in_schema=False)
    def docs() -> HTMLResponse:
        """The page."""
        return HTMLResponse(page(description()), headers={"Content-Security-Policy": POLICY})

    return router


def page(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document."""
    title = html.escape(document["info"]["title"])
    body = "".join(_operations(document))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<h1>{title}</h1><p>{html.escape(document['info'].get('description', ''))}</p>"
        f'<p>Machines read <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>'
        f"{body}</body></html>"
    )


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"<h2>{method.upper()} {html.escape(path)}</h2>"
            yield f"<p>{html.escape(operation.get('description', ''))}</p>"
            yield _table(("parameter", "in", "default", "what"), _parameters(operation))
            yield _table(("body", "type", "default", "what"), _body(document, operation))


def _parameters(operation: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (p["name"], p["in"], _text(p["schema"].get("default")), p.get("description", ""))
        for p in operation.get("parameters", ())
    ]


def _body(document: dict[str, Any], operation: dict[str, Any]) -> list[tuple[str, ...]]:
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schemas = document.get("components", {}).get("schemas", {})
    declared = schemas.get(reference.rpartition("/")[2], {})
    return [
        (name, member.get("type", ""), _text(member.get("default")), member.get("description", ""))
        for name, member in declared.get("properties", {}).items()
    ] or [(kind, "", "", part.get("description", "")) for kind, part in content.items()]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{h}</th>" for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
