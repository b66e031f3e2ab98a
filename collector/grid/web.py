"""One question to a provider: over HTTP, bounded in time and size, answered in JSON."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from collector.grid.point import ProviderFailed

TIMEOUT_SECONDS: Final = 20.0
MOST_BYTES: Final = 8 * 2**20
AGENT: Final = "vigie"


def ask(
    root: str, path: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Any:
    """The JSON document at `root` + `path`.

    Raises:
        ProviderFailed: no answer in time, another status than 200, too much, or no JSON.
    """
    parts = urlsplit(root)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    where = f"{root}{path}"
    connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        target = f"{parts.path}{path}?{urlencode(query)}"
        sent = {"Accept": "application/json", "User-Agent": AGENT, **(headers or {})}
        connection.request("GET", target, headers=sent)
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ProviderFailed(f"{where}: no answer: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise ProviderFailed(f"{where}: {answer.status} {answer.reason}{_hint(answer.status)}")
    if len(body) > MOST_BYTES:
        raise ProviderFailed(f"{where}: answers more than {MOST_BYTES} bytes")
    try:
        return json.loads(body)
    except ValueError as error:
        raise ProviderFailed(f"{where}: is no JSON: {error}") from error


def _hint(status: int) -> str:
    return {
        401: "; check the token, and that its plan has this signal and zone",
        403: "; check the token, and that its plan has this signal and zone",
        404: "; check the address in the settings",
        429: "; it is asked too often",
    }.get(status, "")
