"""What a person does from a screen. The API decides whether they may, and writes who did it."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

from vigie import replies
from vigie.client import Client
from vigie.errors import Refused


def do(client: Client, deed: Mapping[str, Any]) -> None:
    """Do what a button of the screen asked for: `acknowledge` an alert, with an optional note.

    Raises:
        Refused: there is no such deed, or the person may not do it.
        Unavailable: the API does not answer; nothing is known to have happened.
    """
    if deed.get("verb") != "acknowledge":
        raise Refused(400, f"no such deed: {deed.get('verb')!r:.40}")
    note = str(deed.get("note") or "")
    path = f"alerts/{quote(str(deed.get('id')), safe='')}/acknowledge"
    with closing(client):
        client.post(replies.Alert, path, {"note": note} if note else {})
