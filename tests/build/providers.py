"""Providers of grid data as they are documented, on this machine: right, wrong and missing answers.

Shapes: ODRE's Explore API 2.1, api.energy-charts.info and Electricity Maps' API v4, by their pages.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, bytes]
Query = dict[str, str]


@dataclass
class Site:
    """A server: `answer` is given path and query; `asked` are the questions, with their headers."""

    answer: Callable[[str, Query], Answer]
    root: str = ""
    asked: list[tuple[str, Query, dict[str, str]]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[str, Query], Answer]) -> Iterator[Site]:
    """A server that answers so, while the block lasts."""
    site = Site(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            site.asked.append((parts.path, query, dict(self.headers)))
            status, body = site.answer(parts.path, query)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.root = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page(document: Any) -> Answer:
    """A document as JSON, with status 200."""
    return 200, json.dumps(document).encode()


def eco2mix(moment: str, **more: Any) -> dict[str, Any]:
    """One row of eCO2mix as the documentation shows it, in MW; fields may be other."""
    row = {
        "date_heure": moment, "nature": "Données temps réel", "consommation": 51324,
        "nucleaire": 36420, "gaz": 4120, "charbon": 0, "fioul": 60, "eolien": 5980,
        "solaire": 6840, "hydraulique": 7420, "pompage": -210, "bioenergies": 920,
        "ech_physiques": -1850, "taux_co2": 35,
    }  # fmt: skip
    return row | more
